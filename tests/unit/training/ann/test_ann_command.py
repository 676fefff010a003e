"""`spikelet ann`: from samples to a spiking graph, with the accuracy of each number of steps."""

import json

import nir
import numpy as np
import pytest

from spikelet.graphs import ann as relu_graph
from spikelet.graphs import file

QUICK = ("--epochs", "10")


@pytest.fixture
def net(tmp_path):
    return tmp_path / "net.nir"


def one_sentence(stderr, *words):
    """Return whether stderr is one line with these words, and without a traceback."""
    return stderr.count("\n") == 1 and "Traceback" not in stderr and all(w in stderr for w in words)


def test_ann_command_digits_give_convertible_graph(spikelet, net, tmp_path):
    status, out, _ = spikelet("ann", "digits", "-o", net, *QUICK, "--hidden", "32,16", "--json")
    report = json.loads(out)
    assert status == 0
    assert report["balance"] == "learned"
    assert [one["steps"] for one in report["against_steps"]] == [1, 2, 4, 8, 16, 32]
    assert report["accuracy_relu"] > 0.9
    assert report["accuracy"] == report["against_steps"][3]["accuracy"]
    network = file.read_graph(net)
    assert (network.steps, network.encoder, network.readout) == (8, "direct", "last")
    assert [layer.neurons for layer in network.layers] == [32, 16, 10]
    status, out, _ = spikelet("convert", net, "-o", tmp_path / "net.lif", "--json")
    assert status == 0
    assert json.loads(out)["accuracy"] == report["accuracy"]


def test_ann_command_convolutions_give_convertible_graph(spikelet, net, tmp_path):
    saved, again = tmp_path / "ann.nir", tmp_path / "again.nir"
    layers = ("--convolutions", "8k3p1,16k3q2", "--hidden", "none")
    status, out, _ = spikelet(
        "ann", "digits", "-o", net, *QUICK, *layers, "--save", saved, "--json"
    )
    report = json.loads(out)
    assert status == 0
    assert report["accuracy_relu"] > 0.9
    network = file.read_graph(net)
    assert [layer.neurons for layer in network.layers] == [512, 64, 10]
    status, out, _ = spikelet("convert", net, "-o", tmp_path / "net.lif", "--json")
    assert (status, json.loads(out)["accuracy"]) == (0, report["accuracy"])
    assert spikelet("ann", "digits", "-o", again, "--graph", saved)[0] == 0
    for layer, copy in zip(network.layers, file.read_graph(again).layers, strict=True):
        np.testing.assert_array_equal(layer.weights, copy.weights)
        assert layer.geometry == copy.geometry


def test_ann_command_prints_relu_accuracy_above_table(spikelet, net):
    status, out, _ = spikelet("ann", "digits", "-o", net, *QUICK, "--steps", "3")
    lines = out.splitlines()
    assert status == 0
    assert lines[0].startswith("ReLU network: ")
    assert [line.split()[0] for line in lines[2:9]] == ["1", "2", "3", "4", "8", "16", "32"]
    assert lines[-1] == f"{net}: 3 steps, balanced by learned"


def test_ann_command_saved_network_gives_same_graph(spikelet, net, tmp_path):
    saved, again = tmp_path / "ann.nir", tmp_path / "again.nir"
    assert spikelet("ann", "digits", "-o", net, *QUICK, "--save", saved)[0] == 0
    assert relu_graph.read_ann(saved).levels == 8
    assert spikelet("ann", "digits", "-o", again, "--graph", saved)[0] == 0
    for layer, copy in zip(file.read_graph(net).layers, file.read_graph(again).layers, strict=True):
        np.testing.assert_array_equal(layer.weights, copy.weights)
        np.testing.assert_array_equal(layer.v_start, copy.v_start)


@pytest.mark.parametrize(
    ("balance", "options"), [("maximum", ()), ("percentile", ("--percentile", "95"))]
)
def test_ann_command_measured_balance_trains_plain_relu(spikelet, net, tmp_path, balance, options):
    saved = tmp_path / "ann.nir"
    arguments = ("-o", net, *QUICK, "--save", saved, "--balance", balance, *options)
    status, out, _ = spikelet("ann", "digits", *arguments, "--json")
    assert (status, json.loads(out)["balance"]) == (0, balance)
    assert relu_graph.read_ann(saved).levels is None


def test_ann_command_lower_percentile_lowers_threshold(spikelet, net, tmp_path):
    saved = tmp_path / "ann.nir"
    spikelet("ann", "digits", "-o", net, *QUICK, "--save", saved, "--balance", "maximum")
    highest = file.read_graph(net).layers[0].theta[0]
    spikelet("ann", "digits", "-o", net, "--graph", saved)
    usual = file.read_graph(net).layers[0].theta[0]
    lower = ("--balance", "percentile", "--percentile", "90")
    spikelet("ann", "digits", "-o", net, "--graph", saved, *lower)
    assert file.read_graph(net).layers[0].theta[0] < usual < highest


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--graph", "{ann}", "--seed", "1"), ("--seed is for training", "--graph")),
        (("--graph", "{ann}", "--activity-penalty", "1"), ("--activity-penalty is for training",)),
        (("--graph", "{ann}", "--save", "x.nir"), ("--save is for training",)),
        (("--graph", "{ann}", "--convolutions", "8k3"), ("--convolutions is for training",)),
        (("--shape", "8x8x1"), ("--shape needs --convolutions",)),
        (("--convolutions", "8x3", *QUICK), ("convolutions holds '8x3'",)),
        (("--convolutions", "8k9", *QUICK), ("9x9 pixels", "8x8")),
        (("--convolutions", "8k3", "--shape", "8x9x1", *QUICK), ("shape is '8x9x1'", "64 values")),
        (("--hidden", "none", *QUICK), ("hidden is empty", "convolutions")),
        (("--graph", "{ann}"), ("[n, 4] of 2", "[1797, 64] of 10 classes")),
        (("--graph", "{ann}.not"), ("cannot read", "ann.nir.not")),
        (("--percentile", "99"), ("--percentile needs --balance percentile",)),
        (("--balance", "percentile", "--percentile", "101", *QUICK), ("percentile is 101",)),
        (("--steps", "0"), ("steps is 0",)),
        (("--epochs", "0"), ("epochs is 0",)),
    ],
)
def test_ann_command_refuses_in_one_sentence(spikelet, net, tmp_path, options, words):
    ann = tmp_path / "ann.nir"
    random = np.random.default_rng(0)
    nodes = {
        "input": nir.Input(np.array([4])),
        "first": nir.Linear(random.normal(size=(3, 4))),
        "last": nir.Linear(random.normal(size=(2, 3))),
        "output": nir.Output(np.array([2])),
    }
    edges = [("input", "first"), ("first", "last"), ("last", "output")]
    nir.write(ann, nir.NIRGraph(nodes, edges, metadata={"spikelet_activation": "relu"}))
    arguments = [option.format(ann=ann) for option in options]
    status, _, err = spikelet("ann", "digits", "-o", net, *arguments)
    assert status == (4 if "of 10 classes" in err else 2)
    assert one_sentence(err, *words)
    assert not net.exists()
