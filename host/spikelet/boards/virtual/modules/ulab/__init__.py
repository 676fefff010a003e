"""Replace ulab strictly, so that the firmware runs on CPython as on a board.

The model is ulab 6.5.3 as CircuitPython builds it for boards: two dimensions, 32-bit floats, no complex
numbers. Every result equals ulab's, with the same overflow. Other operations raise an error:

    absent from ulab             the error that ulab raises
    present in ulab, not here    AttributeError, TypeError or NotImplementedError
    wrong in ulab, or a danger to its memory or process
                                 NotImplementedError, IndexError, OverflowError or ValueError

Firmware that runs here therefore runs on a board with the same results.
`tests/interpreters/ulab_semantics.py` lists operations and their results, and runs on real ulab too.
If boards differ, this module follows the strictest one. It does not store scalars that do not fit, and
refuses a sum that a 32-bit float would get wrong.

Before Python 3.12 a class written in Python has no buffer interface, so `memoryview(array)` raises
TypeError; `memoryview(array.tobytes())` works with every version.
"""

from . import numpy

__version__ = "6.5.3-2D"

__all__ = ["__version__", "dtype", "numpy"]


def dtype(array: numpy.ndarray) -> int:
    """Return the dtype of `array`."""
    return array.dtype
