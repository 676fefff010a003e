"""Test the import of networks trained in snnTorch against its simulator."""

from dataclasses import dataclass

import nir
import numpy as np
import pytest
from comparison import REASON, SAME_CLASSES, Coding, recorded, share_of_same_spikes, torch, train

from spikelet import cli
from spikelet.conversion import convert, drift
from spikelet.graphs import file
from spikelet.graphs.foreign import read
from spikelet.graphs.foreign.read import ImportOptions

snntorch = pytest.importorskip("snntorch", reason=REASON)
export_nir = pytest.importorskip("snntorch.export_nir", reason=REASON)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:nirtorch")

HIDDEN, CLASSES = 32, 10
RATE = Coding("rate", 16)
CODINGS = [RATE, Coding("bernoulli", 16), Coding("direct", 8)]


def leaky(*shape, beta=0.9, last=False, **options):
    """Return Leaky neurons with a value for each, because snnTorch exports no others."""
    return snntorch.Leaky(
        beta=torch.full(shape, beta),
        threshold=torch.ones(shape),
        init_hidden=True,
        output=last,
        **options,
    )


def dense(beta=0.9, **options):
    return torch.nn.Sequential(
        torch.nn.Linear(64, HIDDEN),
        leaky(HIDDEN, beta=beta, **options),
        torch.nn.Linear(HIDDEN, CLASSES),
        leaky(CLASSES, beta=beta, last=True, **options),
    )


def run(network, signal):
    """Return the spikes of the last neurons, Tensor[T, n, classes], from membranes at 0."""
    for cell in network.modules():
        if isinstance(cell, snntorch.SpikingNeuron):
            # snnTorch's utils.reset knows only some of them.
            cell.reset_mem()
    return torch.stack([network(step)[0] for step in signal])


@dataclass(frozen=True)
class Trained:
    """A network in snnTorch, its export, and the test digits.

    Attributes
    ----------
    network : torch.nn.Module
    coding : Coding
    graph : str
        The path of the file.
    x : uint8[n, 64]
    y : int64[n]
    shape : tuple of int
        The shape of a sample in snnTorch.
    """

    network: torch.nn.Module
    coding: Coding
    graph: str
    x: np.ndarray
    y: np.ndarray
    shape: tuple[int, ...] = (64,)

    def imported(self, **options):
        """Return the import of the file."""
        return read.read_foreign(
            self.graph,
            ImportOptions(
                self.coding.encoder, self.coding.steps, "count", framework="snntorch", **options
            ),
        )

    def run(self):
        """Return the results of snnTorch's own simulator."""
        cells = [
            cell for cell in self.network.modules() if isinstance(cell, snntorch.SpikingNeuron)
        ]
        signal = self.coding.signal(self.x, self.shape)
        result = recorded(cells, lambda: run(self.network, signal))
        assert (result.answers("count") == self.y).mean() > 0.8, "has not learned enough to compare"
        return result


@pytest.fixture
def trained(parts, tmp_path):
    """Return a function that trains a network on digits and exports it."""

    def make(network, coding=RATE, shape=(64,)):
        training, test = parts
        train(
            network,
            lambda signal: run(network, signal),
            coding.signal(training.x, shape),
            training.y,
        )
        path = tmp_path / "snntorch.nir"
        sample = torch.zeros(1, *shape)
        nir.write(path, export_nir.export_to_nir(network.eval(), sample, ignore_dims=[0]))
        return Trained(network, coding, str(path), test.x, test.y, shape)

    torch.manual_seed(0)
    return make


@pytest.mark.parametrize("coding", CODINGS, ids=lambda coding: coding.encoder)
@pytest.mark.parametrize(
    ("mechanism", "reset"), [("subtract", None), ("zero", "set")], ids=["subtract", "zero"]
)
def test_snntorch_leaky_layers(trained, coding, mechanism, reset):
    original = trained(dense(reset_mechanism=mechanism), coding)
    theirs, network = original.run(), original.imported(reset=reset).network
    ours = network.simulate(original.x)
    assert (ours.answers == theirs.answers("count")).mean() >= SAME_CLASSES
    assert min(share_of_same_spikes(ours.spikes, theirs.spikes)) >= 0.9999


@pytest.mark.parametrize("beta", [0.8, 0.9, 0.95, 0.99])
def test_snntorch_leaky_layers_in_integers(trained, beta):
    original = trained(dense(beta))
    theirs, network = original.run(), original.imported().network
    integers, reports = convert.convert_network(network)
    ours = integers.simulate(original.x)
    assert (ours.answers == theirs.answers("count")).mean() >= SAME_CLASSES
    spikes = [layer > 0 for layer in ours.spikes]
    assert min(share_of_same_spikes(spikes, theirs.spikes)) >= 0.95
    measured = drift.measure_drift(network, integers, reports, original.x)
    assert measured.class_agreement >= SAME_CLASSES
    assert min(layer.agreement for layer in measured.layers) >= 0.95


def test_snntorch_learned_leaks_and_thresholds(trained):
    original = trained(dense(learn_beta=True, learn_threshold=True))
    betas = original.network[1].beta.detach()
    assert betas.std() > 1e-3
    theirs, network = original.run(), original.imported().network
    ours = network.simulate(original.x)
    assert (ours.answers == theirs.answers("count")).mean() >= SAME_CLASSES
    assert min(share_of_same_spikes(ours.spikes, theirs.spikes)) >= 0.9999
    np.testing.assert_allclose(network.layers[0].beta, betas.clamp(0, 1), atol=1e-6)


class Named(torch.nn.Module):
    """A network whose export has names instead of numbers."""

    def __init__(self):
        super().__init__()
        self.fc1, self.lif1 = torch.nn.Linear(64, HIDDEN, bias=False), leaky(HIDDEN)
        self.fc2, self.lif2 = torch.nn.Linear(HIDDEN, CLASSES), leaky(CLASSES, last=True)

    def forward(self, x):
        return self.lif2(self.fc2(self.lif1(self.fc1(x))))


def test_snntorch_import_command(trained, tmp_path):
    original, net, tables = trained(Named()), str(tmp_path / "net.nir"), str(tmp_path / "net.lif")
    options = ["--from", "snntorch", "--encoder", "rate", "--steps", "16", "--readout", "count"]
    assert cli.main(["import", original.graph, "-o", net, *options]) == 0
    ours = file.read_graph(net).simulate(original.x)
    theirs = original.run()
    assert (ours.answers == theirs.answers("count")).mean() >= SAME_CLASSES
    assert min(share_of_same_spikes(ours.spikes, theirs.spikes)) >= 0.9999
    assert cli.main(["convert", net, "-o", tables]) == 0


def test_snntorch_reset_to_zero_needs_option(trained):
    """The file does not say that a network resets to zero; without the option, spikes differ."""
    original = trained(dense(reset_mechanism="zero"))
    wrong = original.imported().network.simulate(original.x)
    assert min(share_of_same_spikes(wrong.spikes, original.run().spikes)) < 0.999


def synaptic():
    """Return neurons with a synaptic current, which snnTorch writes as CubaLIF."""
    return snntorch.Synaptic(
        alpha=torch.full((HIDDEN,), 0.8),
        beta=torch.full((HIDDEN,), 0.9),
        threshold=torch.ones(HIDDEN),
        init_hidden=True,
    )


def recurrent(**options):
    """Return recurrent neurons, which snnTorch writes as a cycle."""
    return snntorch.RLeaky(
        beta=torch.full((HIDDEN,), 0.9), threshold=torch.ones(HIDDEN), init_hidden=True, **options
    )


def recurrent_with_a_current():
    return snntorch.RSynaptic(
        alpha=torch.full((HIDDEN,), 0.8),
        beta=torch.full((HIDDEN,), 0.9),
        threshold=torch.ones(HIDDEN),
        init_hidden=True,
        linear_features=HIDDEN,
    )


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(synaptic, id="Synaptic"),
        pytest.param(lambda: recurrent(linear_features=HIDDEN), id="RLeaky"),
        pytest.param(
            lambda: recurrent(all_to_all=False, V=torch.full((HIDDEN,), 0.5)),
            id="RLeaky, one to one",
        ),
        pytest.param(recurrent_with_a_current, id="RSynaptic"),
    ],
)
def test_snntorch_other_hidden_cells(trained, cells):
    original = trained(
        torch.nn.Sequential(
            torch.nn.Linear(64, HIDDEN),
            cells(),
            torch.nn.Linear(HIDDEN, CLASSES),
            leaky(CLASSES, last=True),
        )
    )
    theirs = original.run()
    ours = original.imported().network.simulate(original.x)
    assert (ours.answers == theirs.answers("count")).mean() >= SAME_CLASSES
    assert min(share_of_same_spikes(ours.spikes, theirs.spikes)) >= 0.9999


def pooled_after_spikes():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1),
        leaky(4, 8, 8),
        torch.nn.AvgPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(64, CLASSES),
        leaky(CLASSES, last=True),
    )


def pooled_before_spikes():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3),
        torch.nn.AvgPool2d(2),
        torch.nn.Flatten(),
        leaky(36),
        torch.nn.Linear(36, CLASSES),
        leaky(CLASSES, last=True),
    )


def strided():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, stride=2, padding=1, bias=False),
        leaky(4, 4, 4),
        torch.nn.Flatten(),
        torch.nn.Linear(64, CLASSES),
        leaky(CLASSES, last=True),
    )


@pytest.mark.parametrize(
    "make",
    [strided, pooled_after_spikes, pooled_before_spikes],
)
def test_snntorch_convolutions(trained, make):
    """Compare hidden neurons by their numbers of spikes, because their order may differ."""
    original = trained(make(), shape=(1, 8, 8))
    theirs = original.run()
    ours = original.imported().network.simulate(original.x)
    assert (ours.answers == theirs.answers("count")).mean() >= SAME_CLASSES
    assert share_of_same_spikes(ours.spikes[-1:], theirs.spikes[-1:])[0] >= 0.9999
    numbers = [spikes.sum(axis=(1, 2)) for spikes in (ours.spikes[0], theirs.spikes[0])]
    assert (numbers[0] == numbers[1]).mean() >= SAME_CLASSES
