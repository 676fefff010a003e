"""Test the export of trained networks to snnTorch: the same spikes in float."""

import contextlib
import io
from dataclasses import replace

import nir
import numpy as np
import pytest
from comparison import REASON, Coding, recorded, share_of_same_spikes, torch

from spikelet.errors import SpikeletError
from spikelet.graphs import to_snntorch
from spikelet.inputs import encoders
from spikelet.inputs.dataset import Dataset
from spikelet.training import train
from spikelet.training.train import TrainingOptions

snntorch = pytest.importorskip("snntorch", reason=REASON)
import_nir = pytest.importorskip("snntorch.import_nir", reason=REASON)


def in_snntorch(network, path, samples):
    """Return the network that snnTorch reads from a file, prepared for `samples` samples."""
    graph = to_snntorch.for_snntorch(network)
    nir.write(path, graph)
    # snnTorch prints a protocol.
    with contextlib.redirect_stdout(io.StringIO()):
        read = import_nir.import_from_nir(nir.read(path))
    code = to_snntorch.snippet(network, graph)
    exec(code, {"snntorch": snntorch, "network": read, "samples": samples})
    return read


def simulated(read, layers, signal):
    """Return the run of snnTorch on a signal Tensor[T, n, channels]; outputs are last membranes."""
    cells = [getattr(read, f"neurons_{number}") for number in range(layers)]
    membranes = []

    def simulate():
        for step in signal:
            read(step)
            membranes.append(cells[-1].mem.clone())
        return torch.stack(membranes)

    return recorded(cells, simulate)


@pytest.mark.parametrize("reset", ["subtract", "set"])
@pytest.mark.parametrize("readout", ["count", "max", "last"])
@pytest.mark.parametrize(
    "coding", [Coding("rate", 16), Coding("direct", 8)], ids=lambda coding: coding.encoder
)
@pytest.mark.parametrize("beta", [0.875, 1.0])
def test_export_to_snntorch_gives_same_spikes(parts, tmp_path, reset, readout, coding, beta):
    training_part, test = parts
    options = TrainingOptions(
        encoder=coding.encoder,
        steps=coding.steps,
        reset=reset,
        readout=readout,
        hidden=(32, 16),
        beta=beta,
        epochs=4,
    )
    network = train.train_network(training_part, options).network
    read = in_snntorch(network, tmp_path / "net.nir", len(test))
    theirs = simulated(read, len(network.layers), coding.signal(test.x))
    ours = network.simulate(test.x)
    for actual, expected in zip(theirs.spikes, ours.spikes, strict=True):
        np.testing.assert_array_equal(actual, expected)
    if readout == "count":
        assert (theirs.spikes[-1].sum(axis=1).argmax(axis=1) == ours.answers).all()
    else:
        assert (theirs.answers(readout) == ours.answers).mean() > 0.99


@pytest.mark.parametrize("resets", [("subtract", "set"), ("set", "subtract")])
def test_export_to_snntorch_with_different_resets(parts, tmp_path, resets):
    options = TrainingOptions(readout="count", hidden=(32,), epochs=1)
    network = train.train_network(parts[0], options).network
    layers = [
        replace(layer, reset=reset) for layer, reset in zip(network.layers, resets, strict=True)
    ]
    assert_same_spikes(replace(network, layers=tuple(layers)), parts[1], tmp_path / "net.nir")


def test_export_to_snntorch_of_late_reset_needs_no_start(parts, tmp_path):
    """A spike that takes theta / beta needs no other start in snnTorch."""
    options = TrainingOptions(readout="count", hidden=(32,), beta=0.875, epochs=1)
    network = train.train_network(parts[0], options).network
    layers = [replace(layer, rho=layer.theta / layer.beta) for layer in network.layers]
    network = replace(network, layers=tuple(layers))
    graph = to_snntorch.for_snntorch(network)
    assert "mem" not in to_snntorch.snippet(network, graph)
    assert_same_spikes(network, parts[1], tmp_path / "net.nir")


def assert_same_spikes(network, test, path):
    read = in_snntorch(network, path, len(test))
    signal = Coding(network.encoder, network.steps).signal(test.x)
    spikes = simulated(read, len(network.layers), signal).spikes
    assert min(share_of_same_spikes(spikes, network.simulate(test.x).spikes)) == 1


def test_export_to_snntorch_refuses_other_rho(parts):
    options = TrainingOptions(readout="count", hidden=(32,), beta=0.875, epochs=1)
    network = train.train_network(parts[0], options).network
    first = replace(network.layers[0], rho=network.layers[0].theta / 2)
    with pytest.raises(SpikeletError, match="layer 0 does other than start at 0 and lose theta"):
        to_snntorch.for_snntorch(replace(network, layers=(first, *network.layers[1:])))


@pytest.mark.parametrize("reset", ["subtract", "set"])
@pytest.mark.parametrize("convolutions", ["4k3p1", "4k3p1s2,8k3", "4k3p1,6k3p1q2", "4k3,5k2q2"])
def test_export_to_snntorch_of_convolutions(parts, tmp_path, convolutions, reset):
    training_part, test = parts
    options = TrainingOptions(
        convolutions=convolutions, hidden=(12,), reset=reset, epochs=3, spike_penalty=1e-4
    )
    network = train.train_network(training_part, options).network
    read = in_snntorch(network, tmp_path / "net.nir", len(test))
    signal = Coding("direct", 4).signal(test.x).reshape(4, len(test), 1, 8, 8)
    theirs, ours = simulated(read, len(network.layers), signal), network.simulate(test.x)
    for actual, expected, layer in zip(theirs.spikes, ours.spikes, network.layers, strict=True):
        # snnTorch's neurons are channels first.
        swapped = actual.reshape(*actual.shape[:2], layer.maps, -1).swapaxes(2, 3)
        np.testing.assert_array_equal(swapped.reshape(expected.shape), expected)
        assert layer.theta is None or expected.any()
    assert (theirs.answers("max") == ours.answers).mean() > 0.99


def test_export_to_snntorch_refuses_conv1d(parts):
    options = TrainingOptions(convolutions="4k3", shape="1x64x1", hidden=(), epochs=1)
    network = train.train_network(parts[0], options).network
    with pytest.raises(SpikeletError, match="is Conv1d, which snnTorch does not read"):
        to_snntorch.for_snntorch(network)


@pytest.mark.parametrize("readout", ["count", "max"])
def test_export_to_snntorch_of_synaptic_currents(parts, tmp_path, readout):
    training_part, test = parts
    options = TrainingOptions(
        encoder="rate",
        steps=12,
        reset="set",
        readout=readout,
        hidden=(24,),
        epochs=4,
        current=0.75,
    )
    network = train.train_network(training_part, options).network
    read = in_snntorch(network, tmp_path / "net.nir", len(test))
    theirs = simulated(read, len(network.layers), Coding("rate", 12).signal(test.x))
    for actual, expected in zip(theirs.spikes, network.simulate(test.x).spikes, strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_export_to_snntorch_of_stream(parts, tmp_path):
    random = np.random.default_rng(0)
    x = np.abs((random.integers(-40, 41, (60, 20, 3)).cumsum(axis=1) + 128) % 510 - 255)
    samples = Dataset(x.astype(np.uint8), np.arange(60) % 2, ("a", "b"), "wandering")
    options = TrainingOptions(encoder="delta", steps=1, hop=5, hidden=(16,), epochs=3)
    network = train.train_network(samples, options).network
    read = in_snntorch(network, tmp_path / "net.nir", len(x))
    signal = encoders.signal("delta", samples.x, 1, network.encoder_parameter)
    theirs = simulated(read, 2, torch.tensor(signal, dtype=torch.float32))
    spikes = network.simulate(samples.x).spikes[0]
    np.testing.assert_array_equal(theirs.spikes[0], spikes)
    assert spikes.any()


@pytest.mark.parametrize(
    ("kind", "words"),
    [({"recurrent": True}, "hears its own spikes"), ({"current": 0.75}, "has a synaptic current")],
)
def test_export_to_snntorch_refuses_other_layers(parts, kind, words):
    network = train.train_network(parts[0], TrainingOptions(epochs=1, **kind)).network
    with pytest.raises(SpikeletError, match=f"layer 0 {words}"):
        to_snntorch.for_snntorch(network)
