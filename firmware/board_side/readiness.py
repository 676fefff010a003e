"""Report the version, the write access and the files for `spikelet doctor`."""

import os
import sys

read_only = second_port = None
if sys.implementation.name == "circuitpython":
    try:
        import storage

        read_only = storage.getmount("/").readonly
    except (ImportError, AttributeError, OSError):
        pass
    try:
        import usb_cdc

        second_port = usb_cdc.data is not None
    except ImportError:
        pass


def answer():
    """Return (platform, version, whether files are read-only, whether the data port is enabled)."""
    return sys.platform, list(sys.implementation.version), read_only, second_port


def held(paths, network):
    """Return the sizes in bytes of the session's bytecode, its source, and the network; 0 if missing.

    Parameters
    ----------
    paths : {name: path} of the files in use; earlier versions stored files elsewhere
    network : str
        Name of the network.
    """
    package = paths["runtime"] + "/spikert" if "runtime" in paths else "spikert"
    session = package + "/session/__init__"
    sizes = []
    for path in (session + ".mpy", session + ".py", paths.get(network, network)):
        try:
            sizes.append(os.stat(path)[6])
        except OSError:
            sizes.append(0)
    return sizes
