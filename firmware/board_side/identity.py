"""Report the interpreter and the UID of a CircuitPython board's chip.

The file boot_out.txt contains the same UID.
"""

import sys

uid = ""
try:
    import microcontroller

    uid = "".join(["%02X" % byte for byte in microcontroller.cpu.uid])
except (ImportError, AttributeError):
    pass
identity = sys.implementation.name, uid
