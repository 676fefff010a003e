"""Build the operators of an array from numpy's functions and ulab's rules for dtypes."""

from collections.abc import Callable
from typing import Any, Self, TypeAlias

import numpy

from . import _operators
from ._types import ADD, ANY_PAIR, LESS, MORE, SUBTRACT, Raw, Rule, Ufunc, combine, number

Unary: TypeAlias = Callable[[Any], Any]
Binary: TypeAlias = Callable[[Any, Any], Any]


def _binary(ufunc: Ufunc, rule: Rule = ANY_PAIR) -> Binary:
    def operate(self: "Arithmetic", other: Any) -> "Arithmetic":
        left = self._data
        right = other._data if isinstance(other, Arithmetic) else number(other, left.dtype.char)
        return self._like(combine(ufunc, left, right, rule))

    return operate


def _reflected(ufunc: Ufunc, rule: Rule = ANY_PAIR) -> Binary:
    def operate(self: "Arithmetic", other: Any) -> "Arithmetic":
        return self._like(combine(ufunc, number(other), self._data, rule))

    return operate


def _compared(ufunc: Ufunc, operator: str, rule: Rule) -> Binary:
    def operate(self: "Arithmetic", other: Any) -> "Arithmetic":
        left = self._data
        if isinstance(other, Arithmetic):
            return self._like(combine(ufunc, left, other._data, rule))
        _operators.check_unreflected(operator)
        return self._like(combine(ufunc, left, number(other, left.dtype.char), rule))

    return operate


def _equality(ufunc: Ufunc, of_itself: bool) -> Binary:
    """Return the operator; for an array and itself it returns True or False, as in MicroPython."""

    def operate(self: "Arithmetic", other: Any) -> Any:
        if other is self:
            return of_itself
        if type(other) is bool:
            raise NotImplementedError("True == array, in that order, is False to MicroPython")
        return self._like(
            ufunc(self._data, other._data if isinstance(other, Arithmetic) else number(other))
        )

    return operate


def _in_place(ufunc: Ufunc) -> Binary:
    def operate(self: "Arithmetic", other: Any) -> "Arithmetic":
        left = self._data
        right = other._data if isinstance(other, Arithmetic) else number(other, left.dtype.char)
        _operators.in_place(ufunc, left, right)
        return self

    return operate


def _unary(function: Callable[[Raw], Raw]) -> Unary:
    def operate(self: "Arithmetic") -> "Arithmetic":
        return self._like(function(self._data))

    return operate


class Arithmetic:
    """Operand with ulab's operators, without `%`, `**`, `<<`, `>>` and `@`."""

    __slots__ = ("_data",)
    _data: Raw

    __add__ = _binary(numpy.add, ADD)
    __radd__ = _reflected(numpy.add, ADD)
    __iadd__ = _in_place(numpy.add)
    __sub__ = _binary(numpy.subtract, SUBTRACT)
    __rsub__ = _reflected(numpy.subtract, SUBTRACT)
    __isub__ = _in_place(numpy.subtract)
    __mul__ = _binary(numpy.multiply, ADD)
    __rmul__ = _reflected(numpy.multiply, ADD)
    __imul__ = _in_place(numpy.multiply)
    __truediv__ = _binary(_operators.true_divide)
    __rtruediv__ = _reflected(_operators.true_divide)
    __itruediv__ = _in_place(numpy.true_divide)
    __floordiv__ = _binary(_operators.floor_divide)
    __and__ = _binary(_operators.logical(numpy.bitwise_and))
    __or__ = _binary(_operators.logical(numpy.bitwise_or))
    __xor__ = _binary(_operators.logical(numpy.bitwise_xor))
    __lt__ = _compared(numpy.less, "<", LESS)
    __le__ = _compared(numpy.less_equal, "<=", LESS)
    __gt__ = _compared(numpy.greater, ">", MORE)
    __ge__ = _compared(numpy.greater_equal, ">=", MORE)
    __eq__ = _equality(numpy.equal, of_itself=True)
    __ne__ = _equality(numpy.not_equal, of_itself=False)
    __hash__ = None  # type: ignore[assignment]
    __neg__ = _unary(_operators.negative)
    __pos__ = _unary(numpy.copy)
    __abs__ = _unary(_operators.absolute)
    __invert__ = _unary(_operators.invert)

    def _like(self, data: Raw) -> Self:
        """Return an array of the same class with the values `data`."""
        new = object.__new__(type(self))
        new._data = data
        return new
