"""Run integer spiking networks on MicroPython, CircuitPython and CPython."""

import gc
import sys

VERSION = "0.1.0"

# Until heap.py takes over, frequent collections keep modules together in the heap.
if hasattr(gc, "threshold"):
    gc.threshold(4096)


def unload(*names):
    """Free the memory of the runtime's modules whose paths contain one of these names.

    Modules in use stay. An unloaded module is imported again at the next use. An interpreter that
    cannot report its free memory unloads no module.
    """
    if not hasattr(gc, "mem_free"):
        return
    for path in list(sys.modules):
        for name in names:
            if path.startswith("spikert.") and name in path:
                _unload(path)
                break


def _unload(path):
    """Remove a module from sys.modules and from its package."""
    del sys.modules[path]
    folder, module = path.rsplit(".", 1)
    if folder in sys.modules and hasattr(sys.modules[folder], module):
        delattr(sys.modules[folder], module)
