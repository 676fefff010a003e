"""Implement the array's operators: in place, division, logic and comparisons."""

import dis
import sys
from types import CodeType

import numpy

from ._types import LIMITS, LOGIC, NAMES, Raw, Rule, Ufunc, check_filled, combine, describe

_COMPARISONS: dict[tuple[int, int], tuple[CodeType, str]] = {}


def in_place(ufunc: Ufunc, left: Raw, right: Raw) -> None:
    """Do left = ufunc(left, right) in the memory and the dtype of `left`; integers wrap."""
    char = left.dtype.char
    if char == "?":
        raise NotImplementedError("ulab stores other numbers than 0 and 1 in a boolean array")
    if char != "f" and (right.dtype.char == "f" or ufunc is numpy.true_divide):
        raise TypeError("cannot cast output with casting rule")
    if left is not right and numpy.may_share_memory(left, right) and _cascades(left, right):
        raise NotImplementedError("ulab makes no copy: it would read elements that it has changed")
    ufunc(left, right, left, casting="unsafe")


def _cascades(left: Raw, right: Raw) -> bool:
    """Return whether an element of `right` shares memory with another element of `left`."""
    same_place = left.ctypes.data == right.ctypes.data
    if same_place and (left.shape, left.strides) == (right.shape, right.strides):
        return False
    return numpy.shares_memory(left, right)


def true_divide(left: Raw, right: Raw) -> Raw:
    """Return left / right; at least one of them must be float."""
    if "f" not in (left.dtype.char, right.dtype.char):
        raise NotImplementedError("ulab divides integers as C does, dropping the fraction; use //")
    with numpy.errstate(all="ignore"):
        return numpy.true_divide(left, right)


def logical(ufunc: Ufunc) -> Ufunc:
    """Return the operator &, | or ^ for `ufunc`; the result of two boolean arrays is boolean."""

    def operate(left: Raw, right: Raw) -> Raw:
        check_filled(left, right)
        pair = left.dtype.char + right.dtype.char
        if pair in ("hH", "Hh") or "f" in pair:
            raise TypeError("operation not supported for the input types")
        return combine(ufunc, left, right, LOGIC)

    return operate


_FLOOR_DIVIDE: Rule = {"??": "B", "?B": "B", "B?": "B", "?b": "h", "b?": "h"}
# Pairs of dtypes that ulab confuses.
_FLOOR_DIVIDE_WRONG = ("hf", "bH", "Hb", "Hh", "hH")


def floor_divide(left: Raw, right: Raw) -> Raw:
    """Return left // right, floored.

    For signed integers, ulab reads only the first divisor of each row and computes in int16. Therefore
    the divisor must be one number, and the dividend far enough from the limits of int16.
    """
    check_filled(left, right)
    pair = left.dtype.char + right.dtype.char
    if pair in _FLOOR_DIVIDE_WRONG:
        raise NotImplementedError(f"ulab gets {describe(pair)} wrong in //")
    if "f" in pair:
        with numpy.errstate(all="ignore"):
            return numpy.floor_divide(left, right)
    if not right.all():
        raise ZeroDivisionError("an integer divided by 0 kills the process on a board")
    if "b" in pair or "h" in pair:
        _check_signed_division(left, right)
    return combine(numpy.floor_divide, left, right, _FLOOR_DIVIDE)


def _check_signed_division(left: Raw, right: Raw) -> None:
    if right.size > 1 and right.shape[-1] > 1:
        raise NotImplementedError("ulab divides the whole row by the row's first divisor")
    dividend, divisor = numpy.broadcast_arrays(left.astype("i"), right.astype("i"))
    adjusted = numpy.where(divisor > 0, dividend - divisor + 1, dividend - divisor - 1)
    unlike = (dividend < 0) != (divisor < 0)
    low, high = LIMITS["h"]
    if (unlike & ((adjusted < low) | (adjusted > high))).any():
        raise NotImplementedError("ulab's // wraps this close to the ends of int16")


def check_unreflected(operator: str, depth: int = 2) -> None:
    """Raise TypeError if the array is on the right of the present comparison.

    CPython evaluates `5 < array` as `array > 5`, and the method cannot see the difference; ulab does not
    exchange the operands. The function therefore looks up the operator in the bytecode, and caches it.
    """
    frame = sys._getframe(depth)
    code, offset = frame.f_code, frame.f_lasti
    site = (id(code), offset)
    if site not in _COMPARISONS:
        operators = (step.argval for step in dis.get_instructions(code) if step.offset == offset)
        # The entry refers to `code`, so that no other object can get its id.
        _COMPARISONS[site] = (code, next(operators, operator))
    written = _COMPARISONS[site][1]
    if written in ("<", "<=", ">", ">=") and written != operator:
        raise TypeError(f"unsupported types for {written}: a number at the left of an array")


def invert(data: Raw) -> Raw:
    """Return ~data, and the opposites of booleans."""
    if data.dtype.char == "f":
        raise ValueError("operation is not supported for given type")
    return numpy.invert(data)


def negative(data: Raw) -> Raw:
    """Return -data; integers wrap."""
    if data.dtype.char == "?":
        raise NotImplementedError("ulab's -mask holds 255")
    return numpy.negative(data)


def absolute(data: Raw) -> Raw:
    """Return abs(data); the most negative integer stays as it is."""
    if data.dtype.char in ("?", "B", "H"):
        raise NotImplementedError(f"ulab's abs of {NAMES[data.dtype.char]} corrupts memory")
    return numpy.absolute(data)
