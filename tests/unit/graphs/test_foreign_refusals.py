"""Test graphs that cannot be imported: the error names the node or the option."""

from dataclasses import replace

import h5py
import nir
import numpy as np
import pytest
from nir_graphs import PLAIN, SNNTORCH, chain, lif, refusal, small

from spikelet.errors import SpikeletError
from spikelet.graphs import file as nir_graph
from spikelet.graphs.foreign import read


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (replace(PLAIN, dt=None), "does not say how long a step is, .* --dt SECONDS"),
        (replace(PLAIN, reset=None), "how a spike resets the membrane, .* --reset subtract or"),
        (replace(PLAIN, dt=-1.0), "dt is -1; it must be a positive number"),
        (replace(PLAIN, dt=float("nan")), "dt is nan; it must be a positive number"),
        (
            replace(PLAIN, framework="lava"),
            "framework is 'lava'; it must be one of snntorch, norse",
        ),
        (replace(SNNTORCH, dt=1e-3), "dt is 0.001, but snnTorch writes time constants for 0.0001"),
        (replace(PLAIN, reset="zero"), "reset is 'zero'; it must be one of subtract, set"),
        (replace(PLAIN, classes=("a",)), "there are 1 classes for the last layer's 2 neurons"),
        (replace(PLAIN, steps=0), "steps is 0"),
        (replace(PLAIN, encoder="morse"), "encoder is 'morse'"),
    ],
)
def test_import_refuses_missing_or_wrong_options(options, words):
    with pytest.raises(SpikeletError, match=words):
        read.foreign_from_nir(small(), options)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"tau": 5e-4},
            r"node '1:LIF' has tau 0.0005 s, so dt / tau is 2 at dt 0.001 s, .* smaller",
        ),
        ({"tau": 0.0}, "dt / tau is inf at .* tau must be positive"),
        ({"tau": -1.0}, "dt / tau is -0.001 at .* tau must be positive"),
        ({"tau": np.inf}, "dt / tau is 0 at .* tau must be positive and finite"),
        ({"tau": np.nan}, "dt / tau is nan at .* tau must be positive and finite"),
        ({"r": np.nan}, "node '1:LIF': weights holds values that are not finite"),
        ({"v_threshold": np.inf}, "node '1:LIF': theta holds values that are not finite"),
    ],
)
def test_import_refuses_parameters_without_euler_step(changes, words):
    with pytest.raises(SpikeletError, match=words):
        read.foreign_from_nir(small(**changes), PLAIN)


def test_import_accepts_tau_of_one_step_rounded_to_float32():
    tau = np.nextafter(np.float32(1e-3), np.float32(0))
    assert 1e-3 / tau.astype(np.float64) > 1
    (layer,) = read.foreign_from_nir(small(tau=tau), PLAIN).network.layers
    assert layer.beta.tolist() == [0, 0]


TWO = np.ones(2)


def test_import_refuses_delay_node():
    sentence = refusal(chain(nir.Delay(TWO), *list(small().nodes.values())[1:]))
    assert "node '1:Delay' is Delay, which cannot be imported; only chains of Input" in sentence


RECURRENT = {"w": nir.Linear(np.eye(2))}


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (
            chain(
                lif(np.random.default_rng(0), 2),
                edges=lambda way: [*way, ("w", "1:LIF")],
                extra=RECURRENT,
            ),
            "node 'w' is not on the way",
        ),
        (
            chain(
                lif(np.random.default_rng(0), 2), edges=lambda way: [*way, ("2:Output", "1:LIF")]
            ),
            "edge ('2:Output', '1:LIF') is not on the way",
        ),
        (chain(lif(np.random.default_rng(0), 2), extra={"b": nir.Input(TWO)}), "has 2 Input and 1"),
        (chain(lif(np.random.default_rng(0), 2), edges=lambda way: way[:1]), "leads to nothing"),
        (small(nir.Linear(np.ones((2, 3)))), "node '1:Linear' takes 3 values, but gets 2"),
        (small(nir.Linear(np.ones((3, 2)))), "node '2:LIF' has 2 values of v_leak, but gets 3"),
        (small(nir.Linear(np.ones((1, 2, 2)))), "weights of shape [1, 2, 2], where only [outputs"),
        (small(nir.Affine(np.eye(2), np.ones(3))), "'1:Affine' has 3 values of bias, but gets 2"),
        (small(nir.Scale(np.ones(5))), "node '1:Scale' has 5 values of scale, but gets 2"),
        (
            small(nir.Scale(np.array(["a", "b"]))),
            "'1:Scale' has a scale that is no array of numbers",
        ),
        (small(nir.Flatten({"input": np.array([3, 1])})), "'1:Flatten' takes 3 values, but gets 2"),
        (small(nir.Linear(np.full((2, 2), np.nan))), "nodes '1:Linear', '2:LIF': weights holds"),
        (
            chain(nir.Linear(np.eye(2)), nir.LI(TWO, TWO, TWO), nir.Linear(np.eye(2))),
            "node '3:Linear' comes after neurons that never fire; only the last may be LI, I or CubaLI",
        ),
        (chain(nir.Linear(np.eye(2))), "node '2:Output' does not follow neurons"),
        (chain(nir.IF(TWO, TWO), nir.Linear(np.eye(2))), "'3:Output' does not follow neurons"),
        (chain(nir.IF(TWO, TWO), nir.Output(np.array([3]))), "'2:Output' takes 3 values, but gets"),
        (
            chain(nir.Input(np.array([0])), nir.IF(TWO, TWO)),
            "'0:Input' has shape [0]; it must hold",
        ),
        (chain(nir.Input(np.array([2**40])), nir.IF(TWO, TWO)), "it must hold 1..65535 values"),
        (
            chain(nir.Input(np.array([5000])), nir.IF(np.ones(5000), np.ones(5000))),
            "node '1:IF': 5000 neurons have no Linear or Affine node before them, and would need",
        ),
        (
            chain(nir.Linear(np.eye(2)), nir.I(TWO)),
            "readout count needs a last layer with a threshold",
        ),
    ],
)
def test_import_refuses_other_graphs(graph, words):
    assert words in refusal(graph)


def test_import_refuses_unreadable_files(tmp_path):
    path = tmp_path / "net.nir"
    with pytest.raises(SpikeletError, match="cannot read .*net.nir: No such file"):
        read.read_foreign(path, PLAIN)
    path.write_bytes(b"text")
    with pytest.raises(SpikeletError, match="net.nir: not a NIR graph, or a damaged one"):
        read.read_foreign(path, PLAIN)
    with h5py.File(path, "w") as file:
        file["x"] = 1
    with pytest.raises(SpikeletError, match="net.nir: not a NIR graph, or a damaged one"):
        read.read_foreign(path, PLAIN)
    nir.write(path, small())
    with pytest.raises(SpikeletError, match="net.nir: the file does not say how long a step is"):
        read.read_foreign(path, replace(PLAIN, dt=None))
    nir_graph.write_graph(read.read_foreign(path, PLAIN).network, path)
    with pytest.raises(SpikeletError, match="net.nir: this graph is Spikelet's own and needs no"):
        read.read_foreign(path, PLAIN)
