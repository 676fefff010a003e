"""Provide the part of ulab.numpy that the firmware needs; see `ulab` for the errors."""

from ._array import ndarray
from ._create import arange, array, asarray, concatenate, frombuffer, full, ones, zeros
from ._elementwise import (
    bitwise_and,
    bitwise_or,
    bitwise_xor,
    clip,
    compress,
    equal,
    left_shift,
    maximum,
    minimum,
    nonzero,
    not_equal,
    right_shift,
    sort,
    where,
)
from ._reduce import all_ as all
from ._reduce import any_ as any
from ._reduce import argmax, argmin, dot, mean, median, size
from ._reduce import max_ as max
from ._reduce import min_ as min
from ._reduce import sum_ as sum
from ._types import bool_ as bool
from ._types import float_ as float
from ._types import int8, int16, uint8, uint16

empty = zeros

__all__ = [
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "array",
    "asarray",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bool",
    "clip",
    "compress",
    "concatenate",
    "dot",
    "empty",
    "equal",
    "float",
    "frombuffer",
    "full",
    "int8",
    "int16",
    "left_shift",
    "max",
    "maximum",
    "mean",
    "median",
    "min",
    "minimum",
    "ndarray",
    "nonzero",
    "not_equal",
    "ones",
    "right_shift",
    "size",
    "sort",
    "sum",
    "uint8",
    "uint16",
    "where",
    "zeros",
]
