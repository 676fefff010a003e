"""Test the import of networks trained in Norse against its simulator."""

from dataclasses import dataclass
from importlib import metadata

import nir
import numpy as np
import pytest
from comparison import REASON, SAME_CLASSES, Coding, recorded, share_of_same_spikes, torch, train

from spikelet import cli
from spikelet.conversion import convert
from spikelet.errors import SpikeletError
from spikelet.graphs import file
from spikelet.graphs.foreign import read
from spikelet.graphs.foreign.read import ImportOptions

norse = pytest.importorskip("norse.torch", reason=REASON)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:nirtorch")

HIDDEN, CLASSES = 32, 10
RATE = Coding("rate", 16)
INSTALLED = "norse" if metadata.version("norse") == "1.1.0" else "norse-main"
"""Value of --from for the files of the installed Norse."""


def filled(neurons, value):
    """Return one value per neuron, because nir cannot write a single value to a file."""
    return torch.full((neurons,), value)


def lif(neurons, tau=5e-3, v_leak=0.0, **options):
    p = norse.LIFBoxParameters(
        tau_mem_inv=filled(neurons, 1 / tau),
        v_leak=filled(neurons, v_leak),
        v_th=filled(neurons, 0.2),
        v_reset=filled(neurons, 0.0),
        alpha=10.0,
        **options,
    )
    return norse.LIFBoxCell(p)


def li(neurons, tau=1e-2, v_leak=0.0):
    p = norse.LIBoxParameters(tau_mem_inv=filled(neurons, 1 / tau), v_leak=filled(neurons, v_leak))
    return norse.LIBoxCell(p)


def iaf(neurons):
    p = norse.IAFParameters(
        v_th=filled(neurons, 1.0), v_reset=filled(neurons, 0.0), alpha=torch.tensor(10.0)
    )
    return norse.IAFCell(p)


def cuba(neurons):
    """Return neurons with a synaptic current, which Norse writes as CubaLIF."""
    values = (filled(neurons, value) for value in (200.0, 200.0, 0.0, 0.2, 0.0))
    return norse.LIFCell(norse.LIFParameters(*values, alpha=torch.tensor(10.0)))


def dense(hidden, readout):
    return norse.SequentialState(
        torch.nn.Linear(64, HIDDEN), hidden, torch.nn.Linear(HIDDEN, CLASSES), readout
    )


def run(network, signal):
    """Return the last cells' spikes or membranes, Tensor[T, n, classes]."""
    state, outputs = None, []
    for step in signal:
        output, state = network(step, state)
        outputs.append(output)
    return torch.stack(outputs)


@dataclass(frozen=True)
class Trained:
    """A network in Norse, its export, and the test digits x uint8[n, 64], y int64[n]."""

    network: torch.nn.Module
    coding: Coding
    graph: str
    x: np.ndarray
    y: np.ndarray

    def imported(self, readout, framework=INSTALLED, **options):
        coding = self.coding.encoder, self.coding.steps
        options = ImportOptions(*coding, readout, framework=framework, **options)
        return read.read_foreign(self.graph, options)

    def run(self, readout):
        """Return the results of Norse's own simulator."""
        cells = [cell for cell in list(self.network)[1::2] if not isinstance(cell, norse.LIBoxCell)]
        signal = self.coding.signal(self.x)
        result = recorded(cells, lambda: run(self.network, signal))
        assert (result.answers(readout) == self.y).mean() > 0.8, "has not learned enough to compare"
        return result


@pytest.fixture
def trained(parts, tmp_path):
    """Return a function that trains a network on digits and exports it."""

    def make(network, coding=RATE, **options):
        training, test = parts
        train(
            network, lambda signal: run(network, signal), coding.signal(training.x), training.y, 5
        )
        path = tmp_path / "norse.nir"
        nir.write(path, norse.to_nir(network.eval(), torch.zeros(1, 64), **options))
        return Trained(network, coding, str(path), test.x, test.y)

    torch.manual_seed(0)
    return make


def assert_alike(original, readout, imported):
    theirs, ours = original.run(readout), imported.network.simulate(original.x)
    assert (ours.answers == theirs.answers(readout)).mean() >= SAME_CLASSES
    fired = ours.spikes[: len(theirs.spikes)]
    assert min(share_of_same_spikes(fired, theirs.spikes)) >= 0.9999


@pytest.mark.parametrize("encoder", ["rate", "bernoulli", "direct"])
@pytest.mark.parametrize("readout", ["max", "last"])
def test_norse_lif_cells_with_membrane_readout(trained, encoder, readout):
    original = trained(dense(lif(HIDDEN), li(CLASSES)), Coding(encoder, 16))
    assert_alike(original, readout, original.imported(readout))


def test_norse_lif_cells_with_readout_by_count(trained):
    original = trained(dense(lif(HIDDEN), lif(CLASSES)))
    assert_alike(original, "count", original.imported("count"))


def test_norse_v_leak_above_zero(trained):
    original = trained(dense(lif(HIDDEN, v_leak=0.05), li(CLASSES, v_leak=0.1)))
    assert_alike(original, "max", original.imported("max"))


def test_norse_reset_by_subtraction(trained):
    """Norse does not write the reset, so import needs the option."""
    reset = norse.reset_subtract if hasattr(norse, "reset_subtract") else subtracting
    original = trained(dense(lif(HIDDEN, reset_method=reset), li(CLASSES)))
    assert_alike(original, "max", original.imported("max", reset="subtract"))


def subtracting(z, v, reset, th):
    return v - z * th


def test_norse_integrators(trained):
    original = trained(dense(iaf(HIDDEN), li(CLASSES)))
    assert_alike(original, "max", original.imported("max"))


@pytest.mark.skipif(INSTALLED != "norse", reason="this Norse writes tau in seconds by itself")
def test_norse_tau_in_seconds(trained):
    """With dt=1, Norse 1.1.0 writes the time constants of later versions."""
    original = trained(dense(lif(HIDDEN), li(CLASSES)), dt=1.0)
    assert_alike(original, "max", original.imported("max", framework="norse-main"))
    with pytest.raises(SpikeletError, match="try --from norse-main"):
        original.imported("max", framework="norse")


def test_norse_network_in_integers(trained):
    original = trained(dense(lif(HIDDEN), li(CLASSES)))
    integers, _ = convert.convert_network(original.imported("max").network)
    theirs, ours = original.run("max"), integers.simulate(original.x)
    assert (ours.answers == theirs.answers("max")).mean() >= SAME_CLASSES
    assert share_of_same_spikes([ours.spikes[0] > 0], theirs.spikes)[0] >= 0.98


def test_norse_import_command(trained, tmp_path):
    original = trained(dense(lif(HIDDEN), li(CLASSES)))
    net, tables = str(tmp_path / "net.nir"), str(tmp_path / "net.lif")
    options = ["--from", INSTALLED, "--encoder", "rate", "--steps", "16", "--readout", "max"]
    assert cli.main(["import", original.graph, "-o", net, *options]) == 0
    ours, theirs = file.read_graph(net).simulate(original.x), original.run("max")
    assert (ours.answers == theirs.answers("max")).mean() >= SAME_CLASSES
    assert cli.main(["convert", net, "-o", tables]) == 0


def test_norse_cells_with_synaptic_current(trained):
    original = trained(dense(cuba(HIDDEN), li(CLASSES)))
    assert_alike(original, "max", original.imported("max"))
