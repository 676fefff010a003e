"""The spike runtime: integer spiking networks on MicroPython, CircuitPython and CPython."""

import gc
import sys

VERSION = "0.1.0"

if hasattr(gc, "threshold"):  # until heap.py takes over: modules lie side by side, and leave holes
    gc.threshold(4096)


def unload(*names):
    """Free the memory of the runtime's modules with such names in their paths, unless they are in use.

    They are imported again where they are needed. Where memory is plenty nothing happens.
    """
    if not hasattr(gc, "mem_free"):
        return
    for path in list(sys.modules):
        for name in names:
            if path.startswith("spikert.") and name in path:
                _unload(path)
                break


def _unload(path):
    del sys.modules[path]
    folder, module = path.rsplit(".", 1)
    if folder in sys.modules and hasattr(sys.modules[folder], module):
        delattr(sys.modules[folder], module)
