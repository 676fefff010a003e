"""Test that a running network allocates no byte of the heap in a thousand steps."""

import flash_image
import pytest
from boards_under_test import marks, opened
from stream_networks import QUICK_SEEDS, SEEDS, recordings, stream_network
from thorough import quick

from spikelet.flashing import stage
from spikelet.networks import lif_file

STEPS = 1_000
BOARDS = ("qemu:m3", "qemu:m0", "qemu:rv32")
# The kernels that promise it.
KERNELS = ("thumb", "viper")

RUN = """
import gc, sys
{prelude}
from spikert import kernels
from spikert.network import tables
from spikert.network import Network

table = tables.load({path!r})
readings = {readings!r}

def run(network, samples):
    for _ in range(samples):
        network.take(readings)
        network.step(1)
        network.step(network.steps - 1)
        network.answer()

for name in kernels.available():
    if name in {kernels!r}:
        network = Network(table, kernels.load(name))
        network.start()
        run(network, 1)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        run(network, {steps} // table.steps + 1)
        after = gc.mem_alloc()
        gc.enable()
        print(name, after - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("board", [pytest.param(name, marks=marks(name)) for name in BOARDS])
@pytest.mark.parametrize("seed", quick(SEEDS, QUICK_SEEDS))
def test_steps_and_answers_allocate_nothing(board, seed):
    port = opened(board)
    network = stream_network(seed)
    sample = recordings(network, seed, 1)[0, -1]
    files = flash_image.runtime(port, compiled=True)
    list(stage.install_payload(port, {**files, "network.lif": lif_file.to_bytes(network)}))
    path = "/rom/network.lif"
    readings = (sample.astype("<i2") if network.scaling else sample).tobytes()
    code = RUN.format(
        prelude=port.prelude, path=path, readings=readings, kernels=KERNELS, steps=STEPS
    )
    with port.connect() as transport:
        said = transport.exec(code).decode().split()
    taken = dict(zip(said[::2], map(int, said[1::2]), strict=True))
    assert "viper" in taken
    assert taken == dict.fromkeys(taken, 0)
