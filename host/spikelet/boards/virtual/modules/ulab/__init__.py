"""A strict stand-in for ulab, for firmware that runs on CPython.

It is ulab 6.5.3 as CircuitPython's boards build it: two dimensions, 32-bit floats, no complex
numbers. Whatever it computes, it computes as ulab does, wrapping and all. It refuses the rest:

    what ulab lacks              raises what ulab raises
    what ulab has and this not   AttributeError, TypeError or NotImplementedError
    what ulab gets wrong, or what corrupts memory or kills the process there
                                 NotImplementedError, IndexError, OverflowError or ValueError

so that firmware that runs here runs on a board and means the same.
`tests/interpreters/ulab_semantics.py` lists the questions and their answers, and runs on real
ulab too. What depends on the board is answered as the strictest board would: scalars that do not
fit are not stored, and a sum that a 32-bit float gets wrong is refused.

Before Python 3.12 a class written in Python cannot lend out its memory, so `memoryview(array)` is a
TypeError there; `memoryview(array.tobytes())` works everywhere.
"""

from . import numpy

__version__ = "6.5.3-2D"

__all__ = ["__version__", "dtype", "numpy"]


def dtype(array: numpy.ndarray) -> int:
    """Return the dtype of `array`."""
    return array.dtype
