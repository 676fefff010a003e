"""Test the import of dense chains: the spikes of their equations, and the report."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from nir_graphs import (
    PLAIN,
    SAMPLES,
    assert_spikes,
    chain,
    entry,
    euler,
    lif,
    samples,
    through_file,
)

from spikelet.conversion import convert
from spikelet.errors import SpikeletError
from spikelet.graphs.foreign import read

INPUTS, HIDDEN, OUTPUTS = 6, 8, 4


@pytest.fixture(params=range(3))
def random(request):
    return np.random.default_rng(request.param)


def weight(random, outputs, inputs):
    return random.normal(0.2, 1, (outputs, inputs))


@pytest.mark.parametrize("reset", ["subtract", "set"])
def test_import_lif_matches_euler_simulation(random, reset):
    graph = chain(
        nir.Affine(weight(random, HIDDEN, INPUTS), random.normal(size=HIDDEN)),
        lif(random, HIDDEN, -0.2),
        nir.Linear(weight(random, OUTPUTS, HIDDEN)),
        lif(random, OUTPUTS, 0.1),
    )
    x = samples(random, INPUTS)
    network = read.foreign_from_nir(graph, replace(PLAIN, reset=reset)).network
    assert_spikes(network.simulate(x).spikes, euler(graph, x, 30, 1e-3, reset))


def test_import_folds_run_of_synapses_into_one_matrix(tmp_path, random):
    graph = chain(
        nir.Input(np.array([2, 3])),
        nir.Flatten({"input": np.array([2, 3])}, start_dim=0),
        nir.Scale(random.uniform(0.5, 2, INPUTS)),
        nir.Affine(weight(random, 5, INPUTS), random.normal(size=5)),
        nir.Scale(random.uniform(0.5, 2, 5)),
        nir.Linear(weight(random, 7, 5)),
        nir.Affine(weight(random, HIDDEN, 7) / 5, random.normal(size=HIDDEN)),
        lif(random, HIDDEN),
    )
    x = samples(random, INPUTS)
    imported = through_file(graph, tmp_path / "net.nir")
    (layer,) = imported.network.layers
    assert layer.weights.shape == (INPUTS, HIDDEN)
    assert_spikes(imported.network.simulate(x).spikes, euler(graph, x, 30, 1e-3, "subtract"))
    assert entry(imported, "5:Linear").text.endswith(
        "folded into '2:Scale' and '3:Affine' and '4:Scale'"
    )


def test_import_neurons_without_synapses_take_one_input_each(random):
    graph = chain(
        nir.IF(np.full(INPUTS, 1e3), random.uniform(0.8, 3, INPUTS)),
        nir.Scale(random.uniform(0.5, 2, INPUTS)),
        lif(random, INPUTS),
    )
    x = samples(random, INPUTS)
    network = read.foreign_from_nir(graph, PLAIN).network
    assert_spikes(network.simulate(x).spikes, euler(graph, x, 30, 1e-3, "subtract"))


def test_import_if_and_threshold_match_euler_simulation(tmp_path, random):
    graph = chain(
        nir.Linear(weight(random, HIDDEN, INPUTS)),
        nir.IF(random.uniform(100, 900, HIDDEN), random.uniform(0.5, 2, HIDDEN)),
        nir.Linear(weight(random, OUTPUTS, HIDDEN)),
        nir.Threshold(random.uniform(0.1, 0.6, OUTPUTS)),
    )
    x = samples(random, INPUTS)
    network = through_file(graph, tmp_path / "net.nir").network
    assert_spikes(network.simulate(x).spikes, euler(graph, x, 30, 1e-3, "subtract"))


@pytest.mark.parametrize("leaky", [True, False])
def test_import_readout_that_never_fires_matches_membranes(random, leaky):
    tau, r, v_leak = (random.uniform(*range_, OUTPUTS) for range_ in ((2e-3, 9e-3), (1, 9), (0, 1)))
    readout = nir.LI(tau, r, v_leak) if leaky else nir.I(r)
    matrix = weight(random, OUTPUTS, INPUTS)
    network = read.foreign_from_nir(
        chain(nir.Linear(matrix), readout), replace(PLAIN, readout="last")
    ).network
    x, v = samples(random, INPUTS), np.zeros((SAMPLES, OUTPUTS))
    for _ in range(30):
        drive = r * (x / 256 @ matrix.T)
        v = v + 1e-3 * ((v_leak - v + drive) / tau if leaky else drive)
    np.testing.assert_allclose(network.simulate(x).membranes[-1][:, -1], v)


def test_import_ignores_order_and_repetition_of_edges(random):
    nodes = (nir.Linear(weight(random, HIDDEN, INPUTS)), lif(random, HIDDEN))
    straight = read.foreign_from_nir(chain(*nodes), PLAIN).network
    shuffled = chain(*nodes, edges=lambda ways: [*ways[::-1], ways[1]])
    x = samples(random, INPUTS)
    np.testing.assert_array_equal(
        read.foreign_from_nir(shuffled, PLAIN).network.simulate(x).spikes[0],
        straight.simulate(x).spikes[0],
    )


def test_import_broadcasts_one_parameter_to_all_neurons():
    neurons = nir.LIF(*(np.array([value]) for value in (4e-3, 4.0, 0.5, 2.0)))
    graph = chain(
        nir.Input(np.array([2])), nir.Linear(np.ones((3, 2))), neurons, nir.Output(np.array([3]))
    )
    (layer,) = read.foreign_from_nir(graph, PLAIN).network.layers
    np.testing.assert_allclose(layer.beta, [0.75] * 3)
    np.testing.assert_allclose(layer.weights, np.ones((2, 3)))
    np.testing.assert_allclose(layer.bias, [0.125] * 3)
    np.testing.assert_array_equal(layer.theta, [2.0] * 3)


def test_import_report_lists_every_node_in_chain_order(random):
    graph = chain(
        nir.Linear(weight(random, HIDDEN, INPUTS)), lif(random, HIDDEN), edges=lambda way: way[::-1]
    )
    account = read.foreign_from_nir(graph, PLAIN).account
    assert list(dict.fromkeys(entry.node for entry in account)) == ["", *graph.nodes]
    assert {entry.grade for entry in account} == {"exact", "approximated", "assumed"}


def test_import_report_of_leak():
    k = 0.25
    graph = chain(nir.Linear(np.eye(1)), nir.LIF(*(np.full(1, v) for v in (1 / k, 3, 0.5, 1))))
    imported = read.foreign_from_nir(graph, replace(PLAIN, dt=1.0))
    texts = [entry.text for entry in imported.account if entry.kind == "LIF"]
    assert texts[0] == "beta 0.75, drive times 0.75"
    assert texts[1] == "v_leak 0.5 is a bias of 0.125"
    assert texts[2].endswith(f"the equation keeps exp(-dt / tau), {np.exp(-k) - 1 + k:.2g} more")


def test_import_report_warns_of_leak_that_convert_refuses():
    graph = chain(nir.Linear(np.eye(2)), nir.Threshold(np.full(2, 0.5)))
    imported = read.foreign_from_nir(graph, PLAIN)
    warning = "`spikelet convert` will refuse it: it has beta 0; the fastest leak"
    assert any(warning in entry.text for entry in imported.account)
    with pytest.raises(SpikeletError, match="has beta 0; the fastest leak"):
        convert.convert_network(imported.network)
