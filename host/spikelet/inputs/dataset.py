"""Labelled samples: the digits that come with Spikelet, or a user's `.npz` file."""

import hashlib
import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from spikelet import files
from spikelet.errors import RefusedInput, UsageError
from spikelet.inputs.class_names import check_names
from spikelet.inputs.npy_header import read_header

UNLABELLED = -1
# A higher label is more probably a mistake than a class.
MAX_CLASSES = 1000
# Limit of one array, because a small archive can unpack to any size.
MAX_BYTES = 1 << 30
# zipfile, zlib and numpy raise these on damaged, truncated, encrypted and exotic content.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
# Characters of the reason of a damage, which may quote the file.
_QUOTED = 120


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples for a network, with their classes.

    Attributes
    ----------
    x : uint8[n, channels], uint8[n, samples, channels] or int16[n, samples, channels]
        Encoder inputs 0..255. Recordings have three dimensions; int16 are raw readings, for networks
        that scale them.
    y : int64[n]
        Index into `classes`; UNLABELLED (-1) for all samples if they have no labels.
    classes : tuple of str
        Names of the classes; empty if the samples are unlabelled.
    name : str
        The source of the samples, for errors and reports.
    groups : int64[n] or None
        Samples of one group belong together and are never split, such as the windows of one
        recording. None: each sample is a group.

    Raises
    ------
    SpikeletError
        If the fields do not fit together; it names `name` and the field.
    """

    x: NDArray[Any]
    y: NDArray[np.int64]
    classes: tuple[str, ...]
    name: str
    groups: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        _check_inputs(self.x, self.name)
        _check_classes(self.classes, self.name)
        _check_labels(self.y, len(self.x), len(self.classes), self.name)
        if self.groups is not None and self.groups.shape != (len(self.x),):
            raise RefusedInput(
                f"{self.name}: groups has shape {self.groups.shape}; it must be ({len(self.x)},), "
                "a group for each row of x"
            )

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.x)

    def take(self, indices: NDArray[np.integer]) -> "Dataset":
        """Return the samples at `indices`, int[m], as a dataset of the same name and classes."""
        groups = None if self.groups is None else self.groups[indices]
        return replace(self, x=self.x[indices], y=self.y[indices], groups=groups)


def load_dataset(name_or_path: str | Path) -> Dataset:
    """Return the dataset "digits", or the labelled dataset in an `.npz` file.

    Raises
    ------
    SpikeletError
        If there is no such dataset or file, or the file is not a dataset.
    """
    if name_or_path == "digits":
        return load_digits()
    if not files.is_there(name_or_path):
        raise UsageError(
            f"there is no dataset {str(name_or_path)!r}: give digits, or the path of an .npz file or of "
            "a folder of recordings"
        )
    if files.is_folder(name_or_path):
        raise UsageError(
            f"{name_or_path} is a folder of recordings, which only spikelet train cuts into samples; "
            "give an .npz file with x and y"
        )
    return load_npz(name_or_path)


def load_digits() -> Dataset:
    """Return 1,797 handwritten digits of the classes 0 to 9.

    A sample has 8x8 pixels, row by row. A pixel is min(255, 16 * count) of the 0..16 dark dots in a
    4x4 block of the scan.
    Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI (1998), test part.

    Returns
    -------
    Dataset
        x is uint8[1797, 64].
    """
    with resources.files("spikelet.data").joinpath("digits.npz").open("rb") as file:
        arrays = _read_arrays(file, "digits", ("x", "y", "classes"))
    return Dataset(arrays["x"], arrays["y"].astype(np.int64), _names(arrays["classes"]), "digits")


def load_npz(path: str | Path, need_labels: bool = True) -> Dataset:
    """Return the dataset in an `.npz` file with the keys x, y, classes and groups.

    x is uint8[n, channels] or uint8[n, samples, channels]. y holds integers [n] of any type. classes
    holds strings; without it the labels themselves ("0", "1", ...) are the names. groups is optional
    and holds integers [n] of any type, as in `Dataset`.

    Parameters
    ----------
    path : path
    need_labels : bool
        Whether the file must hold y.

    Raises
    ------
    SpikeletError
        If the file cannot be read or is not a dataset; it names the key, its value and the remedy.
    """
    name = str(path)
    try:
        with open(path, "rb") as file:
            arrays = _read_arrays(file, name, ("x", "y", "classes", "groups"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{name}: cannot be read: {files.reason(error)}") from error
    for key in ("x", "y") if need_labels else ("x",):
        if key not in arrays:
            raise RefusedInput(f"{name}: has no array {key}; a dataset needs {key}")
    x = arrays["x"]
    groups = _integers("groups", arrays["groups"], name) if "groups" in arrays else None
    if "y" not in arrays:
        return Dataset(x, np.full(x.shape[:1], UNLABELLED, np.int64), (), name, groups)
    y = _integers("y", arrays["y"], name)
    classes = _names(arrays["classes"], name) if "classes" in arrays else _numbered(y, name)
    return Dataset(x, y, classes, name, groups)


def split(dataset: Dataset, test_fraction: float = 0.2) -> tuple[Dataset, Dataset]:
    """Split into a training and a test part with equal shares of the classes.

    The test part has ceil(n * test_fraction) samples. Every class gives its share, rounded by the
    largest remainder. Within a class the samples whose index has the smallest SHA-256 go to the test.
    This rule depends on no random generator, so the split stays the same in every version.

    If samples belong to groups, the rule applies to groups instead of samples. A group has the class
    of its first sample, and its number is its index.

    Returns
    -------
    training, test : Dataset

    Raises
    ------
    SpikeletError
        If either part would be empty.
    """
    if dataset.groups is None:
        is_test = _drawn(np.arange(len(dataset)), dataset.y, test_fraction, dataset.name)
    else:
        groups, first, members = np.unique(dataset.groups, return_index=True, return_inverse=True)
        is_test = _drawn(groups, dataset.y[first], test_fraction, dataset.name)[members]
    return dataset.take(np.flatnonzero(~is_test)), dataset.take(np.flatnonzero(is_test))


def _drawn(
    indices: NDArray[np.int64], y: NDArray[np.int64], test_fraction: float, name: str
) -> NDArray[np.bool_]:
    """Return bool[n], True for samples or groups, of classes y int64[n], of the test part."""
    n = len(indices)
    # Round first, because 0.2 * 1795 is a little more than 359 in floating point.
    test_size = math.ceil(round(n * test_fraction, 6))
    if not 0 < test_size < n:
        raise UsageError(
            f"{name}: cannot split {n} samples or groups of them with a fraction of "
            f"{test_fraction}; each part needs at least one"
        )
    labels, counts = np.unique(y, return_counts=True)
    quotas = _largest_remainder(counts.tolist(), test_size)
    is_test = np.zeros(n, bool)
    for label, quota in zip(labels, quotas, strict=True):
        members = np.flatnonzero(y == label).tolist()
        is_test[sorted(members, key=lambda i: _shuffle_key(int(indices[i])))[:quota]] = True
    return is_test


def _largest_remainder(counts: Sequence[int], seats: int) -> list[int]:
    """Share `seats` in proportion to `counts`; the lowest index wins a tie of remainders."""
    total = sum(counts)
    shares = [count * seats // total for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda i: -(counts[i] * seats % total))
    for i in by_remainder[: seats - sum(shares)]:
        shares[i] += 1
    return shares


def _shuffle_key(index: int) -> bytes:
    return hashlib.sha256(b"spikelet split %d" % index).digest()


def _read_arrays(file: IO[bytes], name: str, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return the arrays of the `keys` that the archive holds."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = set(archive.namelist())
            return {key: _read_array(archive, key, name) for key in keys if f"{key}.npy" in members}
    except _DAMAGE as error:
        raise RefusedInput(
            f"{name}: is not an .npz file, or a damaged one: {_reason(error)}"
        ) from error


def _read_array(archive: zipfile.ZipFile, key: str, name: str) -> NDArray[Any]:
    try:
        with archive.open(f"{key}.npy") as member:
            _check_header(member, key, name)
        with archive.open(f"{key}.npy") as member:
            return np.lib.format.read_array(member, allow_pickle=False)
    except _DAMAGE as error:
        raise RefusedInput(f"{name}: array {key} is damaged: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """Return the text of an error in one line, cut to `_QUOTED` characters."""
    return " ".join(str(error).split())[:_QUOTED] or "it ends too early"


def _check_header(member: IO[bytes], key: str, name: str) -> None:
    """Refuse pickled objects and absurd sizes before unpacking."""
    header = read_header(member)
    if header.dtype.hasobject:
        raise RefusedInput(
            f"{name}: {key} holds pickled Python objects, which are never loaded; "
            "save it as an array of plain numbers or strings"
        )
    if header.size > MAX_BYTES:
        raise RefusedInput(f"{name}: {key} would take {header.size} bytes, above {MAX_BYTES}")


def _check_inputs(x: NDArray[Any], name: str) -> None:
    if x.dtype != np.uint8 and not (x.dtype == np.int16 and x.ndim == 3):
        raise RefusedInput(f"{name}: x is {_describe(x)}; it must be uint8 0..255: {_remedy(x)}")
    if x.ndim not in (2, 3) or 0 in x.shape:
        raise RefusedInput(
            f"{name}: x has shape {x.shape}; it must be [n, channels] or [n, samples, channels], "
            "none of them 0"
        )


def _describe(x: NDArray[Any]) -> str:
    """Return type and range in words, e.g. "float32 from -1 to 1 with 3 NaN"."""
    if x.dtype.kind not in "iuf" or x.size == 0:
        return f"{x.dtype}"
    missing = int(np.count_nonzero(np.isnan(x)))
    known = x[~np.isnan(x)] if missing else x
    extent = f" from {known.min():g} to {known.max():g}" if known.size else ""
    return f"{x.dtype}{extent}" + (f" with {missing} NaN" if missing else "")


def _remedy(x: NDArray[Any]) -> str:
    if x.dtype.kind not in "iuf" or x.size == 0:
        return "turn it into numbers first"
    if x.dtype.kind in "iu" and x.min() >= 0 and x.max() <= 255:
        return "x.astype(np.uint8) does it"
    first = "replace values that are not finite, then " if not np.isfinite(x).all() else ""
    return f"{first}scale it, e.g. np.uint8(255 * (x - low) / (high - low))"


def _check_classes(classes: tuple[str, ...], name: str) -> None:
    if len(classes) > MAX_CLASSES:
        raise RefusedInput(f"{name}: classes has {len(classes)} names, above {MAX_CLASSES}")
    check_names(classes, f"{name}: ")
    for position, label in enumerate(classes):
        if label in classes[:position]:
            raise RefusedInput(f"{name}: classes has {label!r} twice; names must differ")


def _check_labels(y: NDArray[np.int64], samples: int, classes: int, name: str) -> None:
    if y.shape != (samples,):
        raise RefusedInput(
            f"{name}: y has shape {y.shape}; it must be ({samples},), a label for each row of x"
        )
    lowest, highest = (0, classes - 1) if classes else (UNLABELLED, UNLABELLED)
    outside = y[(y < lowest) | (y > highest)]
    if outside.size:
        raise RefusedInput(
            f"{name}: y holds {outside[0]}; with {classes} classes it must be {lowest}..{highest}"
        )


def _integers(key: str, array: NDArray[Any], name: str) -> NDArray[np.int64]:
    if array.dtype.kind not in "iu":
        raise RefusedInput(
            f"{name}: {key} is {_describe(array)}; it must be whole numbers, "
            f"e.g. {key}.astype(np.int64)"
        )
    if array.size and array.max() > np.iinfo(np.int64).max:
        raise RefusedInput(f"{name}: {key} holds {array.max()}, beyond 64 bits with a sign")
    return array.astype(np.int64)


def _names(classes: NDArray[Any], name: str = "digits") -> tuple[str, ...]:
    if classes.dtype.kind != "U" or classes.ndim != 1 or classes.size == 0:
        raise RefusedInput(
            f"{name}: classes is {classes.dtype} of shape {classes.shape}; "
            "it must be a list of at least one string"
        )
    return tuple(str(label) for label in classes)


def _numbered(y: NDArray[np.int64], name: str) -> tuple[str, ...]:
    """Return the labels themselves as the names of the classes."""
    if y.size and not 0 <= y.max() < MAX_CLASSES:
        raise RefusedInput(f"{name}: y holds {y.max()}; without classes it must be 0..999")
    return tuple(str(label) for label in range(int(y.max(initial=0)) + 1))
