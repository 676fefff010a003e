"""Read a recording: the readings of a sensor in a `.npy` or `.csv` file.

A `.npy` file holds integers [samples, channels], or [samples] of one channel. A `.csv` file holds a
column of whole numbers per channel, with or without a line of headings.

A recorder may be switched off at any moment, so the whole rows of a truncated file are read.
"""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.inputs.npy_header import HeaderError, read_header

# Limit of one file: weeks of a wrist's motion.
MAX_BYTES = 1 << 28
# Characters of a bad row that an error quotes.
MAX_QUOTED = 40


class Unreadable(Exception):
    """The reason why a file cannot be read, as the words after "because" in a sentence."""


def read_recording(path: Path) -> tuple[NDArray[np.integer[Any]], str]:
    """Return the readings in a file, and a note if the file is truncated.

    Returns
    -------
    readings : int16[samples, channels] or int32[samples, channels]
    cut : str
        The missing part, as the end of a sentence that begins with the name of the file; "" if the
        file is whole.

    Raises
    ------
    Unreadable
        If the file holds no readings.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise Unreadable(f"it has {size} bytes, above {MAX_BYTES}")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror or error}") from error
    if not data:
        raise Unreadable("it is empty")
    readings, cut = _READERS[path.suffix.lower()](data)
    return _integers(readings), cut


def _read_npy(data: bytes) -> tuple[NDArray[Any], str]:
    """Return the whole rows of a .npy file, and a note if it is truncated."""
    file = io.BytesIO(data)
    try:
        shape, by_columns, dtype = read_header(file)
    except HeaderError as error:
        raise Unreadable(str(error)) from error
    shape = shape if len(shape) != 1 else (*shape, 1)
    if dtype.kind not in "iuf":
        raise Unreadable(f"it holds {_kind(dtype)}, and readings are numbers")
    if len(shape) != 2 or not shape[1]:
        raise Unreadable(f"its shape is {shape}, and readings are [samples, channels]")
    promised, channels = shape
    rows = min(promised, (len(data) - file.tell()) // (channels * dtype.itemsize))
    if rows < 1:
        raise Unreadable("it holds no readings")
    if by_columns and rows < promised:
        raise Unreadable(f"it is stored by columns, and ends before its {promised} rows do")
    values = np.frombuffer(data, dtype, rows * channels, file.tell())
    cut = f"holds {rows} of the {promised} rows it promises" if rows < promised else ""
    return values.reshape((rows, channels), order="F" if by_columns else "C"), cut


def _kind(dtype: np.dtype[Any]) -> str:
    return "pickled Python objects" if dtype.hasobject else str(dtype)


def _read_csv(data: bytes) -> tuple[NDArray[Any], str]:
    """Return the rows of a .csv file, and a note if it is truncated."""
    try:
        rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"it is not text of comma-separated numbers: {error}") from error
    if rows and _values(rows[0]) is None:
        del rows[0]
    cut = ""
    if len(rows) > 1 and len(rows[-1]) < len(rows[0]):
        del rows[-1]
        cut = "ends within a row, which is left out"
    if not rows:
        raise Unreadable("it holds no readings")
    return _table(rows), cut


def _table(rows: list[list[str]]) -> NDArray[np.float64]:
    """Return the numbers as float64[rows, columns], which is exact for every int32."""
    table = []
    for position, row in enumerate(rows, 1):
        values = _values(row)
        if values is None:
            text = ",".join(row)[:MAX_QUOTED]
            raise Unreadable(f"row {position} begins {text!r}, which is no row of numbers")
        if len(values) != len(rows[0]):
            raise Unreadable(f"row {position} has {len(values)} numbers, and row 1 {len(rows[0])}")
        table.append(values)
    return np.array(table, np.float64)


def _values(row: list[str]) -> list[float] | None:
    """Return the numbers in a row of text; None if a field is no number."""
    try:
        return [float(text) for text in row]
    except ValueError:
        return None


def _integers(readings: NDArray[Any]) -> NDArray[np.integer[Any]]:
    """Return readings as int16, or as int32 if they exceed int16."""
    if not _whole(readings):
        raise Unreadable(
            "it holds numbers that are not whole, and readings are a sensor's integers"
        )
    low, high = readings.min(), readings.max()
    for dtype in (np.int16, np.int32):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return readings.astype(dtype)
    raise Unreadable(f"its readings lie in {low}..{high}, beyond 32 bits")


def _whole(readings: NDArray[Any]) -> bool:
    if readings.dtype.kind in "iu":
        return True
    return bool((np.isfinite(readings) & (readings == np.rint(readings))).all())


_READERS: dict[str, Callable[[bytes], tuple[NDArray[Any], str]]] = {
    ".npy": _read_npy,
    ".csv": _read_csv,
}
SUFFIXES = tuple(_READERS)
