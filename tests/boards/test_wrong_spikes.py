"""Test that verification finds and locates a board's wrong spikes."""

import flash_image
import numpy as np
import pytest

from spikelet.boards.port import ReplPort
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.networks import lif_file
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network

TAMPER = """
import spikert
from spikert.network import tables
spikert.unload = lambda *names: None  # lest the tables be imported again, as they were
checked = tables.load
def load(path):
    table = checked(path)
    data = bytearray(table.data)
    data[table.layers[0].weights + {offset}] += 100
    table.data = memoryview(data)
    for layer in table.layers:
        layer.data = table.data
    return table
tables.load = load
"""


class TamperedPort(ReplPort):
    """A board on which one weight changes after the check of the tables."""

    def __init__(self, port, offset):
        self.port = port
        self.name = port.name
        self.prelude = port.prelude + TAMPER.format(offset=offset)

    def connect(self):
        return self.port.connect()


def two_neurons() -> Network:
    """Return a network in which the changed weight leads from the third input to the second neuron."""
    weights = np.zeros((4, 2), np.int8)
    weights[0, 0] = 50
    return Network(
        encoder="rate",
        steps=3,
        readout="count",
        classes=("first", "second"),
        layers=[Layer(weights=weights, theta=40, rho=40)],
    )


@pytest.mark.parametrize("kernel", [0, -1], ids=["fastest", "plain"])
def test_one_changed_weight_is_found_and_located(port, kernel):
    network = two_neurons()
    flash_image.put(port, {**flash_image.runtime(port), "network.lif": lif_file.to_bytes(network)})
    x = np.array([[255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0]], np.uint8)
    with TamperedPort(port, offset=2 * 4 + 1).session() as stream:
        link = Link(stream, port.name, lambda text: None)
        link.hello(link.hello().kernels[kernel])
        found = verify.verify(link, network, x)
        link.close()
    assert not found.passed
    assert found.lost_frames == 0
    first = found.first
    assert (first.kind, first.sample, first.step) == ("spike", 2, 0)
    assert (first.layer, first.neuron, first.board, first.host) == (0, 1, 1, 0)
    assert str(first) == ("spike at sample 2, step 0, layer 0, neuron 1: board 1, reference 0")
