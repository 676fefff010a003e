"""Datasets and recordings: archives of arrays, single arrays, and tables of text."""

import io
import tempfile
from pathlib import Path

import numpy as np

from spikelet.errors import SpikeletError
from spikelet.inputs import dataset
from spikelet.inputs.recording_files import Unreadable, read_recording

FOLDER = Path(tempfile.mkdtemp(prefix="spikelet-fuzz-"))


def seeds() -> list[bytes]:
    """Return an archive, arrays and a table to change."""
    return [_archive(), _array(np.int16), _array(np.float64), b"ax,ay\n1,2\n3,4\n-5,6\n"]


def repaired(data: bytes) -> bytes:
    """Return the bytes as they are; they have no checksum that readers need."""
    return data


def check(data: bytes) -> None:
    """Read the bytes as a dataset and as a recording."""
    path = FOLDER / "changed.npz"
    path.write_bytes(data)
    try:
        read = dataset.load_npz(path)
    except SpikeletError:
        pass
    else:
        assert read.x.dtype in (np.uint8, np.int16)
        assert len(read.y) == len(read.x)
    for suffix in (".npy", ".csv"):
        path = FOLDER / f"changed{suffix}"
        path.write_bytes(data)
        try:
            readings, _ = read_recording(path)
        except Unreadable:
            continue
        assert readings.dtype in (np.int16, np.int32)
        assert readings.ndim == 2


def _archive() -> bytes:
    file, random = io.BytesIO(), np.random.default_rng(0)
    x = random.integers(0, 256, (6, 3)).astype(np.uint8)
    np.savez(file, x=x, y=np.arange(6) % 2, classes=np.array(["a", "b"]))
    return file.getvalue()


def _array(kind: type) -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(12).reshape(4, 3).astype(kind))
    return file.getvalue()
