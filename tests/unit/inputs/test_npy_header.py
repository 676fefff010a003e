"""Headers of arrays: shapes that are none are refused before anything is allocated."""

import io
import struct

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.inputs import dataset
from spikelet.inputs.npy_header import HeaderError, read_header


def array(header: str, version: bytes = b"\x01\x00") -> bytes:
    """Return an array with this text as its header, and 80 bytes of values."""
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + bytes(80)


def header(shape: str, kind: str = "|u1") -> str:
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (array(header("(True, 8)")), "its shape is \\(True, 8\\)"),
        (array(header("(-1, 8)")), "its shape is \\(-1, 8\\)"),
        (array(header("(2.0,)")), "beginning is damaged"),
        (array(header("(1,)", "|x9")), "beginning is damaged"),
        (array("[1"), "beginning is damaged"),
        (array("(" * 100), "beginning is damaged"),
        (array(header("(1,)"), b"\x09\x00"), "its format 9.0 is not one of plain arrays"),
        (b"", "not a .npy file"),
    ],
)
def test_read_header_refuses_with_reason(data, reason):
    with pytest.raises(HeaderError, match=reason):
        read_header(io.BytesIO(data))


def test_size_counts_values_without_bytes():
    found = read_header(io.BytesIO(array(header("(9, 1000000)", "<U0"))))
    assert found.size == 9_000_000


def test_labels_beyond_64_bits_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    y = np.array([0, 2**63 + 5], np.uint64)
    np.savez(path, x=np.zeros((2, 3), np.uint8), y=y)
    with pytest.raises(SpikeletError, match="y holds 9223372036854775813, beyond 64 bits"):
        dataset.load_npz(path)
