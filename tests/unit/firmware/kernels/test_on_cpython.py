"""The plain kernel fires like the reference, on random networks."""

from array import array

import numpy as np
import pytest
from random_networks import random_inputs, random_network

from spikelet.networks import lif_file
from spikert import kernels
from spikert.kernels import plain
from spikert.network import Network as BoardNetwork
from spikert.network import tables


def run(board: BoardNetwork, network, x):
    """Return (spikes, membranes, answer) of one sample, each a list over layers."""
    spikes = [np.zeros((network.steps, layer.neurons), np.uint8) for layer in network.layers]
    board.start()
    board.take(x.tobytes())
    for step in range(network.steps):
        board.step(1)
        for fired, count, layer in zip(spikes, board.fired, board.layers, strict=True):
            events = list(layer.events[:count])
            assert events == sorted(set(events))
            fired[step, events] = 1
    membranes = [np.frombuffer(layer.membranes(), "<i2") for layer in board.layers]
    return spikes, membranes, board.answer()


@pytest.mark.parametrize("seed", range(24))
def test_plain_network_equals_reference(seed):
    network = random_network(seed)
    x = random_inputs(network, seed, 5)
    expected = network.simulate(x)
    board = BoardNetwork(tables.Tables(lif_file.to_bytes(network)), plain)
    for sample, values in enumerate(x):
        spikes, membranes, answer = run(board, network, values)
        assert answer == expected.answers[sample]
        for k in range(len(board.layers)):
            assert np.array_equal(spikes[k], expected.spikes[k][sample])
            assert np.array_equal(membranes[k], expected.membranes[k][sample])


def test_plain_step_accepts_events_in_any_order():
    network = random_network(1)
    table = tables.Tables(lif_file.to_bytes(network)).layers[0]
    order = array("H", range(0, table.inputs, 2))
    layers = [plain.Layer(table), plain.Layer(table)]
    fired = layers[0].step(order, len(order), 0), layers[1].step(order[::-1], len(order), 0)
    assert fired[0] == fired[1]
    assert layers[0].membranes() == layers[1].membranes()


def test_tables_load_at_any_offset_of_a_buffer():
    network = random_network(2)
    data = b"before" + lif_file.to_bytes(network)
    board = BoardNetwork(tables.Tables(memoryview(data)[6:]), plain)
    x = random_inputs(network, 2, 3)
    assert run(board, network, x[2])[2] == network.simulate(x).answers[2]


def test_cpython_has_only_the_plain_kernel():
    assert kernels.available() == ["plain"]
    with pytest.raises(ImportError):
        kernels.load("ulab")
