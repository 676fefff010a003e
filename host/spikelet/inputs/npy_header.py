"""Read the header of an array in numpy's format, and check it before anything is allocated.

Source: numpy, NEP 1, A simple file format for NumPy arrays.
"""

import math
import warnings
from typing import IO, NamedTuple

import numpy as np

_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class HeaderError(ValueError):
    """The reason why an array cannot be read, as the words after "because" in a sentence."""


class Header(NamedTuple):
    """The header of an array.

    Attributes
    ----------
    shape : tuple of int
    by_columns : bool
        Whether the values of a column are side by side.
    dtype : dtype
        It may be a type of Python objects, which the caller refuses.
    """

    shape: tuple[int, ...]
    by_columns: bool
    dtype: "np.dtype[np.generic]"

    @property
    def size(self) -> int:
        """Bytes of all values; a value without bytes counts as one."""
        return math.prod(self.shape) * max(self.dtype.itemsize, 1)


def read_header(file: IO[bytes]) -> Header:
    """Return the header at the beginning of a file, which is then at the first value.

    Raises
    ------
    HeaderError
        If it is no header, or its shape is none.
    """
    try:
        version = np.lib.format.read_magic(file)
    except ValueError:
        raise HeaderError("it is not a .npy file, or its beginning is damaged") from None
    if version not in _READERS:
        raise HeaderError(f"its format {version[0]}.{version[1]} is not one of plain arrays")
    try:
        # numpy warns about headers of Python 2, which it reads as well.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, by_columns, dtype = _READERS[version](file)
    # numpy parses a header as Python, and documents no exceptions for it.
    except Exception:
        # Leave out the text of the error, because it may fill a page.
        raise HeaderError("it is not a .npy file, or its beginning is damaged") from None
    # A truth value is a whole number to Python.
    if not all(type(length) is int and length >= 0 for length in shape):
        raise HeaderError(f"its shape is {str(shape)[:80]}; lengths are whole numbers from 0")
    return Header(shape, bool(by_columns), dtype)
