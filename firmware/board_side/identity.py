"""The interpreter, and the UID of a CircuitPython board's chip, which boot_out.txt has as well."""

import sys

uid = ""
try:
    import microcontroller

    uid = "".join(["%02X" % byte for byte in microcontroller.cpu.uid])
except (ImportError, AttributeError):
    pass
identity = sys.implementation.name, uid
