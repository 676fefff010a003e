"""A disk without room: the HDF5 library would crash, so graphs are made in memory."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
import sys

import float_layers
import numpy as np

from spikelet.errors import SpikeletError
from spikelet.graphs import file

weights = np.random.default_rng(0).normal(size=(64, 64))
network = float_layers.network(float_layers.layer(weights))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    file.write_graph(network, sys.argv[1])
except SpikeletError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_write_graph_without_room_leaves_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "net.nir")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": "tests/support"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"cannot write {tmp_path}/net.nir: File too large\n"
    assert not list(tmp_path.iterdir())
