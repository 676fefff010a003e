"""What doctor asks beyond the survey: the version, who may write files, and which files are held."""

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
    """Return the bytes of the runtime's session, as bytecode and as source, and of the network.

    paths      {name: path} of what is in use; earlier versions put files elsewhere
    network    the network's name
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
