"""The tool that measures convolutional networks on MNIST; SPIKELET_MNIST names the folder."""

import gzip
import os
import struct
from pathlib import Path

import load_tool
import numpy as np
import pytest


@pytest.fixture(scope="module")
def tool():
    """Return tools/measure_mnist.py as a module."""
    return load_tool.load("measure_mnist")


def test_measure_mnist_reads_published_files(tool, tmp_path):
    pixels = np.arange(40_000, dtype=np.uint8)
    labels = np.arange(10_000) % 10
    for name, header, data in (
        ("images-idx3", (0x803, 10_000, 2, 2), pixels),
        ("labels-idx1", (0x801, 10_000), labels.astype(np.uint8)),
    ):
        content = struct.pack(f">{len(header)}I", *header) + data.tobytes()
        (tmp_path / f"t10k-{name}-ubyte.gz").write_bytes(gzip.compress(content))
    dataset = tool.load(tmp_path)
    np.testing.assert_array_equal(dataset.x.ravel(), pixels)
    np.testing.assert_array_equal(dataset.y, labels)


@pytest.mark.slow
def test_measure_mnist_int8_network_is_accurate_and_sparse(tool):
    folder = os.environ.get("SPIKELET_MNIST")
    if not folder:
        pytest.skip("no MNIST: name the folder of its t10k files in SPIKELET_MNIST")
    (row,) = tool.ROWS
    measurement = tool.measure(tool.load(Path(folder)), row, 0)
    assert 100 * measurement.accuracy >= row.at_least
    assert measurement.events <= row.at_most
    assert measurement.accuracy_float - measurement.accuracy <= 0.003
    # The tool's goal of 0.995 is for the mean over seeds; a single seed varies.
    assert measurement.alike >= 0.994
