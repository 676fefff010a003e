"""Marks the examples that only `make test-all` runs, because others are tested like them."""

from collections.abc import Collection, Iterable

import pytest

thorough = pytest.mark.thorough


def quick(values: Iterable, chosen: Collection) -> list:
    """Return `values` as parameters, with all but the chosen ones marked as thorough."""
    return [v if v in chosen else pytest.param(*_each(v), marks=thorough) for v in values]


def _each(value) -> tuple:
    return value if isinstance(value, tuple) else (value,)
