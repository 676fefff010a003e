"""The calculations of `spikelet bench`, and its refusals."""

import json

import numpy as np
import pytest
from random_networks import random_network

from spikelet.bench import against_ann, int8_ann, line_fit, measure
from spikelet.bench.board import Memory
from spikelet.bench.line_fit import Line
from spikelet.bench.measure import KernelCost, LayerCost, SampleCost
from spikelet.conversion import convert
from spikelet.networks.layer import Layer
from spikelet.networks.lif_file import save_network
from spikelet.networks.network import Network
from spikelet.training.ann.network import ReluLayer, ReluNetwork


def dense_layer(inputs, neurons):
    weights = np.random.default_rng(0).integers(-128, 128, (inputs, neurons), np.int8)
    return Layer(weights, theta=1000)


def test_fit_line_is_exact_on_exact_data():
    synapses = np.array([0, 512, 512, 1024, 2048, 2048, 4096])
    fired = np.array([0.0, 3.0, 1.0, 0.0, 7.0, 2.0, 5.0])
    line = line_fit.fit_line(synapses, fired, 1200 + 0.75 * synapses + 25 * fired)
    assert line.fixed == pytest.approx(1200)
    assert line.per_event == pytest.approx(0.75)
    assert line.per_fired == pytest.approx(25)
    assert line.worst < 1e-9


def test_fit_line_without_firing_has_no_cost_of_firing():
    synapses = [0, 100, 200]
    line = line_fit.fit_line(synapses, [0, 0, 0], [50, 150, 250])
    assert (line.fixed, line.per_event, line.per_fired) == (
        pytest.approx(50),
        pytest.approx(1),
        0,
    )


def test_fit_line_collinear_firing_has_no_cost_of_firing():
    line = line_fit.fit_line([0, 100, 200, 300], [0, 1, 2, 3], [50, 160, 270, 380])
    assert line.per_event == pytest.approx(1.1)
    assert line.per_fired == 0


def test_fit_line_reports_worst_difference():
    assert line_fit.fit_line([0, 100, 200], [0, 0, 0], [50, 250, 250]).worst > 0.1


def test_points_depend_on_seed_and_stay_within_layer():
    layer = dense_layer(40, 12)
    points = line_fit.points(layer)
    assert [p.events for p in points] == [p.events for p in line_fit.points(layer)]
    assert [p.events for p in points] != [p.events for p in line_fit.points(layer, seed=1)]
    assert [len(p.events) for p in points] == [0, 8, 8, 16, 16, 24, 24, 32, 32]
    assert all(p.synapses == 12 * len(p.events) for p in points)
    assert all(len(set(p.events)) == len(p.events) and max(p.events) < 40 for p in points[1:])


def test_points_of_narrow_layer_use_all_inputs():
    assert [p.events for p in line_fit.points(dense_layer(3, 4))] == [(), (0, 1, 2)]


def test_points_of_convolution_count_touched_patches():
    network = next(n for n in map(random_network, range(40)) if n.layers[0].geometry)
    layer = network.layers[0]
    reached = np.array([p.synapses for p in line_fit.points(layer)])
    assert reached[0] == 0
    assert (reached[1:] > 0).all()


def test_storage_name_is_bits_or_pairs():
    layer = dense_layer(8, 4)
    assert measure.storage_name(layer) == "8 bits"
    layer.pairs = True
    assert measure.storage_name(layer) == "16-bit pairs"


def relu_network(seed=0):
    random = np.random.default_rng(seed)
    layers = (
        ReluLayer(random.normal(0, 0.3, (20, 12)), random.normal(0, 0.1, 12)),
        ReluLayer(random.normal(0, 0.3, (12, 5)), random.normal(0, 0.1, 5)),
    )
    return ReluNetwork(layers, tuple("abcde"))


def test_int8_ann_answers_agree_with_floats():
    network = relu_network()
    x = np.random.default_rng(1).integers(0, 256, (400, 20), np.uint8)
    quantised = int8_ann.quantise(network, x)
    assert (quantised.answers(x) == network.answers(x)).mean() > 0.95
    assert quantised.products == 20 * 12 + 12 * 5


def test_int8_ann_sums_fit_16_bits_and_products_32():
    network = relu_network(3)
    x = np.random.default_rng(1).integers(0, 256, (400, 20), np.uint8)
    layer = int8_ann.quantise(network, x).layers[0]
    furthest = 255 * np.abs(layer.weights.astype(np.int64)).sum(axis=0) >> 8
    furthest += 1 + np.abs(layer.bias)
    assert furthest.max() < 1 << 15
    assert furthest.max() * layer.factor + (1 << layer.shift >> 1) < 1 << 31


def test_dense_plain_answers_equal_host():
    from spikert.bench.dense import Dense

    network = relu_network()
    x = np.random.default_rng(1).integers(0, 256, (50, 20), np.uint8)
    quantised = int8_ann.quantise(network, x)
    board = Dense("plain", quantised.tables(), quantised.scaling)
    assert [board.answer(sample.tobytes()) for sample in x] == quantised.answers(x).tolist()


def test_rate_and_slope_of_known_costs():
    layers = [dense_layer(10, 8), dense_layer(8, 4)]
    network = Network("direct", 4, "max", tuple("abcd"), layers)
    line = Line(100, 2.0, 0, 0)
    costs = tuple(
        LayerCost(layer.inputs, layer.neurons, "8 bits", k == 0, line, 100, 0)
        for k, layer in enumerate(layers)
    )
    # 8 spikes in 4 steps of 8 neurons: a rate of 1/4
    sample = SampleCost(1000, 100, 800, 100, 200, 0, 0, 0, 0, 8, 0, 1)
    spiking = KernelCost("plain", costs, sample, Memory(0, 0, 0, 0))
    rate, slope = against_ann.rate_and_slope(network, spiking)
    assert rate == 8 / 32
    # All neurons spike in all steps, with four synapses each.
    assert slope == 4 * 8 * 4 * 2.0


@pytest.mark.parametrize(
    ("spiking", "even", "words"),
    [
        (500, 0.4, ("the spiking network wins by a factor of 2.00", "below a spike rate of 40.0%")),
        (2000, -0.2, ("the int8 network wins by a factor of 2.00", "at no spike rate")),
        (500, 1.2, ("the spiking network wins", "at any spike rate")),
    ],
)
def test_comparison_sentence_names_winner(spiking, even, words):
    comparison = against_ann.Comparison(0.9, 0.9, 100, 1000.0, 0.1, even)
    assert all(word in comparison.sentence(spiking, "cycles") for word in words)


def test_bench_command_wrong_network_or_kernel_is_refused(spikelet, tmp_path):
    save_network(random_network(3), tmp_path / "net.lif")
    save_network(random_network(4), tmp_path / "other.lif")
    assert spikelet("flash", tmp_path / "other.lif", "--port", "virtual")[0] == 0
    status, out, err = spikelet("bench", tmp_path / "net.lif", "--port", "virtual", "--json")
    assert status == 1
    assert "another network" in err
    assert "run spikelet flash" in json.loads(out)["error"]
    arguments = ("bench", tmp_path / "other.lif", "--port", "virtual", "--kernel", "no")
    status, _, err = spikelet(*arguments)
    assert status == 2
    assert "virtual has no kernel 'no'; it has ulab, plain" in err


def test_train_counterpart_needs_hidden_layer(digits, trained):
    network = trained()
    single = Network("direct", 4, "max", network.classes, [dense_layer(64, 10)])
    with pytest.raises(convert.SpikeletError, match="needs a hidden layer"):
        against_ann.train_counterpart(single, digits)
