"""What `spikelet bench` computes from its measurements, and what it refuses."""

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


def test_the_fit_is_exact_on_exact_data():
    synapses = np.array([0, 512, 512, 1024, 2048, 2048, 4096])
    fired = np.array([0.0, 3.0, 1.0, 0.0, 7.0, 2.0, 5.0])
    line = line_fit.fit(synapses, fired, 1200 + 0.75 * synapses + 25 * fired)
    assert line.fixed == pytest.approx(1200)
    assert line.per_event == pytest.approx(0.75)
    assert line.per_fired == pytest.approx(25)
    assert line.worst < 1e-9


def test_what_never_fires_has_no_cost_of_firing():
    synapses = [0, 100, 200]
    line = line_fit.fit(synapses, [0, 0, 0], [50, 150, 250])
    assert (line.fixed, line.per_event, line.per_fired) == (
        pytest.approx(50),
        pytest.approx(1),
        0,
    )


def test_firing_that_goes_along_with_the_events_is_not_told_apart():
    line = line_fit.fit([0, 100, 200, 300], [0, 1, 2, 3], [50, 160, 270, 380])
    assert line.per_event == pytest.approx(1.1)
    assert line.per_fired == 0


def test_a_fit_says_how_far_off_it_is():
    assert line_fit.fit([0, 100, 200], [0, 0, 0], [50, 250, 250]).worst > 0.1


def test_points_are_the_same_for_each_seed_and_within_the_layer():
    layer = dense_layer(40, 12)
    points = line_fit.points(layer)
    assert [p.events for p in points] == [p.events for p in line_fit.points(layer)]
    assert [p.events for p in points] != [p.events for p in line_fit.points(layer, seed=1)]
    assert [len(p.events) for p in points] == [0, 8, 8, 16, 16, 24, 24, 32, 32]
    assert all(p.synapses == 12 * len(p.events) for p in points)
    assert all(len(set(p.events)) == len(p.events) and max(p.events) < 40 for p in points[1:])


def test_a_narrow_layer_is_measured_with_all_its_inputs():
    assert [p.events for p in line_fit.points(dense_layer(3, 4))] == [(), (0, 1, 2)]


def test_convolutions_count_the_patches_that_spikes_touch():
    network = next(n for n in map(random_network, range(40)) if n.layers[0].geometry)
    layer = network.layers[0]
    reached = np.array([p.synapses for p in line_fit.points(layer)])
    assert reached[0] == 0
    assert (reached[1:] > 0).all()


def test_storage_is_named():
    layer = dense_layer(8, 4)
    assert measure.storage(layer) == "8 bits"
    layer.pairs = True
    assert measure.storage(layer) == "16-bit pairs"


def relu_network(seed=0):
    random = np.random.default_rng(seed)
    layers = (
        ReluLayer(random.normal(0, 0.3, (20, 12)), random.normal(0, 0.1, 12)),
        ReluLayer(random.normal(0, 0.3, (12, 5)), random.normal(0, 0.1, 5)),
    )
    return ReluNetwork(layers, tuple("abcde"))


def test_int8_gives_the_answers_of_floats():
    network = relu_network()
    x = np.random.default_rng(1).integers(0, 256, (400, 20), np.uint8)
    found = int8_ann.quantise(network, x)
    assert (found.answers(x) == network.answers(x)).mean() > 0.95
    assert found.products == 20 * 12 + 12 * 5


def test_int8_fits_its_sums_into_16_bits_and_products_into_32():
    network = relu_network(3)
    x = np.random.default_rng(1).integers(0, 256, (400, 20), np.uint8)
    layer = int8_ann.quantise(network, x).layers[0]
    furthest = 255 * np.abs(layer.weights.astype(np.int64)).sum(axis=0) >> 8
    furthest += 1 + np.abs(layer.bias)
    assert furthest.max() < 1 << 15
    assert furthest.max() * layer.factor + (1 << layer.shift >> 1) < 1 << 31


def test_the_plain_module_computes_what_the_host_does():
    from spikert.bench.dense import Dense

    network = relu_network()
    x = np.random.default_rng(1).integers(0, 256, (50, 20), np.uint8)
    found = int8_ann.quantise(network, x)
    board = Dense("plain", found.tables(), found.scaling)
    assert [board.answer(sample.tobytes()) for sample in x] == found.answers(x).tolist()


def test_break_even_is_where_both_cost_the_same():
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
    assert slope == 4 * 8 * 4 * 2.0  # all neurons in all steps, four synapses each


@pytest.mark.parametrize(
    ("spiking", "even", "words"),
    [
        (500, 0.4, ("the spiking network wins by a factor of 2.00", "below a spike rate of 40.0%")),
        (2000, -0.2, ("the int8 network wins by a factor of 2.00", "at no spike rate")),
        (500, 1.2, ("the spiking network wins", "at any spike rate")),
    ],
)
def test_it_is_said_plainly_who_wins(spiking, even, words):
    found = against_ann.Comparison(0.9, 0.9, 100, 1000.0, 0.1, even)
    assert all(word in found.sentence(spiking, "cycles") for word in words)


def test_a_board_without_this_network_and_a_kernel_that_is_not_there(spikelet, tmp_path):
    save_network(random_network(3), tmp_path / "net.lif")
    save_network(random_network(4), tmp_path / "other.lif")
    assert spikelet("flash", tmp_path / "other.lif", "--port", "virtual")[0] == 0
    status, out, err = spikelet("bench", tmp_path / "net.lif", "--port", "virtual", "--json")
    assert status == 1
    assert "another network" in err
    assert "run spikelet flash" in json.loads(out)["error"]
    arguments = ("bench", tmp_path / "other.lif", "--port", "virtual", "--kernel", "no")
    status, _, err = spikelet(*arguments)
    assert status == 1
    assert "virtual has no kernel 'no'; it has ulab, plain" in err


def test_an_int8_network_needs_a_hidden_layer(digits, trained):
    network = trained()
    single = Network("direct", 4, "max", network.classes, [dense_layer(64, 10)])
    with pytest.raises(convert.SpikeletError, match="needs a hidden layer"):
        against_ann.train(single, digits)
