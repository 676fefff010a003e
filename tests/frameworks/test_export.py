"""Test that nir and snnTorch read Spikelet's own files, with the same spikes."""

import contextlib
import io
from dataclasses import replace

import nir
import numpy as np
import pytest
from comparison import REASON, Coding, recorded, torch

from spikelet.graphs import file
from spikelet.training import train
from spikelet.training.train import TrainingOptions

snntorch = pytest.importorskip("snntorch", reason=REASON)
import_nir = pytest.importorskip("snntorch.import_nir", reason=REASON)

# Seconds per step in snnTorch.
SNNTORCH_DT = 1e-4


def imported(path):
    """Return the network that snnTorch reads from a file."""
    # snnTorch prints a protocol.
    with contextlib.redirect_stdout(io.StringIO()):
        return import_nir.import_from_nir(nir.read(path))


@pytest.mark.parametrize(
    "coding", [Coding("rate", 16), Coding("direct", 8)], ids=lambda coding: coding.encoder
)
def test_graph_file_in_snntorch_gives_same_spikes(parts, tmp_path, coding):
    """snnTorch has LIF in steps of 0.1 ms that a spike sets to 0, with one threshold per layer."""
    training_part, test = parts
    options = TrainingOptions(
        encoder=coding.encoder,
        steps=coding.steps,
        reset="set",
        readout="count",
        hidden=(32, 16),
        epochs=5,
    )
    network = replace(train.train_network(training_part, options).network, dt=SNNTORCH_DT)
    file.write_graph(network, tmp_path / "net.nir")
    read = imported(tmp_path / "net.nir")
    cells = [getattr(read, f"neurons_{number}") for number in range(len(network.layers))]
    signal = coding.signal(test.x)
    theirs = recorded(cells, lambda: torch.stack([read(step)[0] for step in signal]))
    ours = network.simulate(test.x)
    for actual, expected in zip(theirs.spikes, ours.spikes, strict=True):
        assert 0.005 < expected.mean() < 0.95
        np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(theirs.answers("count"), ours.answers)


@pytest.mark.parametrize("readout", ["count", "max"])
def test_graph_file_in_nir_has_every_parameter(parts, tmp_path, readout):
    options = TrainingOptions(readout=readout, hidden=(32,), epochs=1)
    network = train.train_network(parts[0], options).network
    file.write_graph(network, tmp_path / "net.nir")
    graph = nir.read(tmp_path / "net.nir")
    for number, layer in enumerate(network.layers):
        synapses, neurons = (graph.nodes[f"{kind}_{number}"] for kind in ("synapses", "neurons"))
        np.testing.assert_array_equal(synapses.weight, layer.weights.T)
        np.testing.assert_allclose(1 - network.dt / neurons.tau, layer.beta)
        np.testing.assert_allclose(neurons.r * network.dt / neurons.tau, 1)
        if layer.theta is not None:
            np.testing.assert_array_equal(neurons.v_threshold, layer.theta)
