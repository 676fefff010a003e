"""The spike runtime: integer spiking networks on MicroPython, CircuitPython and CPython."""

import gc

VERSION = "0.1.0"

if hasattr(gc, "threshold"):
    gc.threshold(
        4096
    )  # until garbage.py takes over: modules lie side by side, and leave large holes
