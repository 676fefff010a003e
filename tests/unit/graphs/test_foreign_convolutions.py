"""Test the import of convolutions and pooling: the spikes of their definition."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from nir_graphs import (
    PLAIN,
    assert_spikes,
    chain,
    channels_last,
    entry,
    euler,
    refusal,
    samples,
    texts,
)

from spikelet.graphs.foreign import read
from spikelet.networks.geometry import Geometry


@pytest.fixture(params=range(2))
def random(request):
    return np.random.default_rng(request.param)


def conv(random, weight, stride=1, padding=0, dilation=1, groups=1, bias=True):
    """Return a Conv1d or Conv2d with weights of this shape."""
    kind = nir.Conv1d if len(weight) == 3 else nir.Conv2d
    values = random.normal(0.1, 1, weight) / np.sqrt(np.prod(weight[1:]))
    added = random.normal(0, 0.1, weight[0]) if bias else np.zeros(weight[0])
    return kind(None, values, stride, padding, dilation, groups, added)


def lif(random, *shape):
    """Return LIF neurons of a shape, with equal parameters at all pixels of a map."""

    def each(low, high):
        column = random.uniform(low, high, shape[0]).reshape(-1, *(1 for _ in shape[1:]))
        return np.broadcast_to(column, shape).copy()

    return nir.LIF(each(3e-3, 2e-2), each(3, 8), each(-0.1, 0.1), each(0.2, 0.6), each(0, 0))


def dense(random, inputs, outputs=5):
    return nir.Linear(random.normal(0.1, 1, (outputs, inputs)) * 2 / np.sqrt(inputs))


def pool(kind, window, stride=None, padding=(0, 0)):
    return kind(np.array(window), np.array(stride or window), np.array(padding))


def sums(*window, stride=None, padding=(0, 0)):
    return pool(nir.SumPool2d, window, stride, padding)


def averages(*window, stride=None, padding=(0, 0)):
    return pool(nir.AvgPool2d, window, stride, padding)


FLATTEN = nir.Flatten(None, start_dim=0)


def compared(random, shape, *nodes, steps=20):
    """Import a chain on samples of a shape, compare all its spikes, and return the import."""
    graph = chain(nir.Input(np.array(shape)), *nodes, nir.Output(np.array([5])))
    x = samples(random, *shape)
    imported = read.foreign_from_nir(graph, replace(PLAIN, steps=steps))
    flat = x.reshape(len(x), -1)
    if any("channels last" in text for text in texts(imported)):
        flat = channels_last(x)
    spikes = imported.network.simulate(flat).spikes
    assert_spikes(spikes, euler(graph, x, steps, 1e-3, "subtract"))
    return imported


CONVOLUTIONS = {
    "plain": ((4, 2, 3, 3), {}, (4, 6, 5)),
    "padded": ((4, 2, 3, 3), {"padding": 1}, (4, 8, 7)),
    "padded unevenly": ((4, 2, 3, 2), {"padding": (2, 0)}, (4, 10, 6)),
    "strided": ((4, 2, 3, 3), {"stride": (2, 3), "padding": np.array([1, 0])}, (4, 4, 2)),
    "dilated": ((4, 2, 3, 2), {"dilation": (2, 3), "padding": (1, 1)}, (4, 6, 6)),
    "grouped": ((4, 1, 3, 3), {"groups": 2}, (4, 6, 5)),
    "same": ((4, 2, 3, 3), {"padding": "same"}, (4, 8, 7)),
    "same, even": ((4, 2, 2, 4), {"padding": "same", "dilation": (1, 1)}, (4, 8, 7)),
    "valid": ((4, 2, 3, 3), {"padding": "valid", "stride": 2}, (4, 3, 3)),
    "without bias": ((4, 2, 1, 1), {"bias": False}, (4, 8, 7)),
}


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_import_convolution_matches_definition(random, kind):
    weight, options, out = CONVOLUTIONS[kind]
    imported = compared(
        random,
        (2, 8, 7),
        conv(random, weight, **options),
        lif(random, *out),
        FLATTEN,
        dense(random, int(np.prod(out))),
        lif(random, 5),
    )
    first, second = imported.network.layers
    assert first.geometry.out == out[1:]
    assert first.weights.shape == (first.geometry.fan_in, 4)
    assert second.geometry is None


@pytest.mark.parametrize("options", [{}, {"padding": "same"}, {"stride": 2, "dilation": 2}])
def test_import_conv1d_matches_definition(random, options):
    node = conv(random, (4, 3, 3), **options)
    length = {"same": 12}.get(options.get("padding"), 4 if options.get("stride") else 10)
    imported = compared(
        random,
        (3, 12),
        node,
        lif(random, 4, length),
        conv(random, (6, 4, length)),
        lif(random, 6, 1),
        FLATTEN,
        dense(random, 6),
        lif(random, 5),
    )
    assert imported.network.layers[0].geometry.size == (1, 12)


def test_import_chain_with_pooling_between_all_layers(random):
    """conv -> neurons -> pool -> conv -> neurons -> pool -> flatten -> linear -> neurons."""
    imported = compared(
        random,
        (2, 11, 10),
        conv(random, (3, 2, 3, 3), padding=1),
        lif(random, 3, 11, 10),
        sums(2, 2),
        conv(random, (4, 3, 2, 2), padding=1),
        lif(random, 4, 6, 6),
        averages(2, 3),
        FLATTEN,
        dense(random, 24),
        lif(random, 5),
    )
    geometries = [layer.geometry for layer in imported.network.layers]
    assert [g.pool for g in geometries] == [(1, 1), (2, 2), (2, 3)]
    assert geometries[2] == Geometry((6, 6), 4, (3, 2), (1, 1), pool=(2, 3))
    assert "weights times 0.166667" in entry(imported, "6:AvgPool2d").text


def test_import_pooling_of_samples_reports_their_order(random):
    imported = compared(
        random, (2, 6, 6), averages(2, 2), FLATTEN, dense(random, 18), lif(random, 5)
    )
    (order,) = [text for text in texts(imported) if "channels last" in text]
    assert order == (
        "samples are taken channels last: the 2 values of a pixel side by side, 6 x 6 pixels"
    )


def test_import_samples_flattened_first_keep_their_order(random):
    imported = compared(random, (2, 6, 6), FLATTEN, dense(random, 72), lif(random, 5))
    assert not any("channels last" in text for text in texts(imported))


def test_import_merges_two_poolings_in_a_row(random):
    imported = compared(
        random, (1, 13, 13), averages(2, 2), sums(3, 3), FLATTEN, dense(random, 4), lif(random, 5)
    )
    assert imported.network.layers[0].geometry.pool == (6, 6)


@pytest.mark.parametrize(
    "window",
    [
        averages(3, 3, stride=(1, 1)),
        sums(3, 2, stride=(2, 2)),
        averages(2, 2, stride=(3, 3)),
        averages(3, 3, stride=(2, 2), padding=(1, 1)),
    ],
)
def test_import_folds_overlapping_pooling_into_next_kernel(random, window):
    size = {1: 5, 2: 3, 3: 2}[int(window.stride[0])] + int(window.padding[0])
    columns = size if window.kernel_size[0] == window.kernel_size[1] else 3
    out = (4, size - 1, columns - 1)
    imported = compared(
        random,
        (2, 7, 7),
        window,
        conv(random, (4, 2, 2, 2)),
        lif(random, *out),
        FLATTEN,
        dense(random, int(np.prod(out))),
        lif(random, 5),
    )
    assert imported.network.layers[0].geometry.pool == (1, 1)
    assert "folded into '1:" in entry(imported, "2:Conv2d").text


def test_import_folds_pooling_before_neurons_into_kernel(random):
    imported = compared(
        random,
        (1, 8, 8),
        conv(random, (4, 1, 3, 3)),
        averages(2, 2),
        lif(random, 4, 3, 3),
        FLATTEN,
        dense(random, 36),
        lif(random, 5),
    )
    assert imported.network.layers[0].geometry == Geometry((8, 8), 1, (4, 4), (3, 3), (2, 2))


def test_import_merges_convolutions_without_neurons_between(random):
    imported = compared(
        random,
        (2, 9, 9),
        conv(random, (3, 2, 3, 3), padding=1),
        nir.Scale(np.array([0.5, 2.0, 1.5]).reshape(3, 1, 1)),
        conv(random, (4, 3, 2, 2), stride=2),
        lif(random, 4, 4, 4),
        FLATTEN,
        dense(random, 64),
        lif(random, 5),
    )
    assert imported.network.layers[0].geometry.kernel == (4, 4)


def test_import_merges_convolution_and_matrix(random):
    imported = compared(
        random,
        (2, 5, 5),
        nir.Scale(np.broadcast_to(random.uniform(0.5, 2, (2, 1, 1)), (2, 5, 5)).copy()),
        conv(random, (3, 2, 3, 3), padding=1),
        FLATTEN,
        nir.Scale(random.uniform(0.5, 2, 75).reshape(3, 25).mean(axis=1).repeat(25)),
        dense(random, 75, 6),
        nir.Affine(random.normal(0.2, 1, (4, 6)), random.normal(size=4)),
        lif(random, 4),
        dense(random, 4),
        lif(random, 5),
    )
    assert imported.network.layers[0].geometry is None


def test_import_folds_factors_per_pixel_into_matrix(random):
    compared(
        random,
        (2, 4, 4),
        sums(2, 2),
        nir.Scale(random.uniform(0.5, 2, (2, 2, 2))),
        FLATTEN,
        dense(random, 8),
        lif(random, 5),
    )


def test_import_neurons_of_maps_without_synapses(random):
    imported = compared(
        random,
        (2, 4, 4),
        nir.IF(np.full((2, 4, 4), 1e3), np.full((2, 4, 4), 1.37)),
        sums(2, 2),
        nir.Scale(np.full(1, 0.7)),
        lif(random, 2, 2, 2),
        FLATTEN,
        dense(random, 8),
        lif(random, 5),
    )
    assert [layer.weights.tolist() for layer in imported.network.layers[:1]] == [[[1, 0], [0, 1]]]
    assert imported.network.layers[1].geometry.pool == (2, 2)


def test_import_flattened_neurons_of_maps(random):
    """Some exporters flatten before the neurons, and then list parameters map by map."""
    maps = lif(random, 3)
    values = (maps.tau, maps.r, maps.v_leak, maps.v_threshold)
    graph = chain(
        nir.Input(np.array([1, 4, 4])),
        conv(random, (3, 1, 3, 3), padding=1),
        FLATTEN,
        nir.LIF(*(np.repeat(value, 16) for value in values)),
        dense(random, 48),
        lif(random, 5),
    )
    x = samples(random, 1, 4, 4)
    network = read.foreign_from_nir(graph, PLAIN).network
    by_map, answers = euler(graph, x, 30, 1e-3, "subtract")
    by_pixel = by_map.reshape(*by_map.shape[:2], 3, 16).swapaxes(2, 3).reshape(by_map.shape)
    assert_spikes(network.simulate(channels_last(x)).spikes, [by_pixel, answers])
    assert network.layers[0].maps == 3


def test_import_broadcasts_one_parameter_to_all_maps(random):
    neurons = nir.LIF(*(np.array([value]) for value in (4e-3, 4.0, 0.05, 0.3)))
    imported = compared(
        random,
        (1, 6, 6),
        conv(random, (3, 1, 3, 3)),
        neurons,
        FLATTEN,
        dense(random, 48),
        lif(random, 5),
    )
    np.testing.assert_allclose(imported.network.layers[0].beta, [0.75] * 3)


def test_import_names_classes_of_maps_in_nir_order(random):
    graph = chain(
        nir.Input(np.array([1, 2, 2])),
        nir.Conv2d(None, np.array([2.0, -3.0]).reshape(2, 1, 1, 1), 1, 0, 1, 1, np.zeros(2)),
        nir.LI(*(np.full((2, 2, 2), value) for value in (1e-3, 1.0, 0.0))),
        nir.Output(np.array([2, 2, 2])),
    )
    options = replace(PLAIN, readout="last", steps=1)
    imported = read.foreign_from_nir(graph, options)
    network = imported.network
    x = samples(random, 1, 2, 2)
    # Map 0 is 2 x, map 1 is negative.
    best = (x.reshape(-1, 4) * 2.0).argmax(axis=1)
    answers = [network.classes[answer] for answer in network.simulate(channels_last(x)).answers]
    assert answers == [str(place) for place in best]
    named = read.foreign_from_nir(graph, replace(options, classes=tuple("abcdefgh"))).network
    assert named.classes == ("a", "e", "b", "f", "c", "g", "d", "h")
    assert any(text.startswith("classes are in the order of neurons") for text in texts(imported))


def first_layer(*nodes, shape=(2, 6, 6)):
    return chain(nir.Input(np.array(shape)), *nodes, nir.Output(np.array([5])))


ONE = np.random.default_rng(0)
UNLIKE = nir.IF(np.ones((4, 4, 4)), np.linspace(1, 2, 64).reshape(4, 4, 4))


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        (
            [conv(ONE, (4, 3, 3, 3))],
            "'1:Conv2d' has weights of shape [4, 3, 3, 3] in 1 groups, but",
        ),
        (
            [conv(ONE, (4, 2, 3))],
            "'1:Conv1d' takes values of shape [channels, length], but gets [2",
        ),
        ([FLATTEN, conv(ONE, (4, 2, 3, 3))], "'2:Conv2d' takes values of shape [channels, height"),
        ([conv(ONE, (4, 2, 7, 3))], "'1:Conv2d' has a kernel of 7 x 3 pixels, more than the 6 x 6"),
        ([sums(7, 7)], "'1:SumPool2d' has a kernel of 7 x 7 pixels"),
        ([FLATTEN, sums(2, 2)], "'2:SumPool2d' takes values of shape [channels, height, width]"),
        (
            [conv(ONE, (4, 2, 3, 3), stride=2, padding="same")],
            "'1:Conv2d' has padding 'same' and a stride of 2 x 2",
        ),
        (
            [conv(ONE, (4, 2, 3, 3), stride=0)],
            "'1:Conv2d' has a stride of [0.0, 0.0], where only whole numbers from 1",
        ),
        (
            [nir.Conv2d((5, 6), np.ones((4, 2, 3, 3)), 1, 0, 1, 1, np.zeros(4))],
            "'1:Conv2d' takes 5 x 6 pixels, but gets 6 x 6",
        ),
        (
            [averages(3, 3, stride=(1, 1)), conv(ONE, (4, 2, 3, 3), padding=1)],
            "node '2:Conv2d' pads with zeros where the nodes before it",
        ),
        (
            [conv(ONE, (4, 2, 3, 3)), conv(ONE, (4, 4, 1, 1), padding=1)],
            "node '2:Conv2d' pads with zeros where the nodes before it",
        ),
        (
            [conv(ONE, (4, 2, 3, 3)), UNLIKE],
            "node '2:IF' has different values of v_threshold at the pixels of one map",
        ),
        (
            [nir.Scale(np.linspace(1, 2, 72).reshape(2, 6, 6)), conv(ONE, (4, 2, 3, 3))],
            "node '2:Conv2d' scales the pixels of one channel by different factors",
        ),
        (
            [conv(ONE, (4, 2, 3, 3)), nir.Scale(np.linspace(1, 2, 64).reshape(4, 4, 4))],
            "node '2:Scale' scales the pixels of one channel by different factors",
        ),
        (
            [conv(ONE, (4, 2, 3, 3)), nir.IF(np.ones(5), np.ones(5))],
            "'2:IF' has 5 values of r, but",
        ),
        (
            [dense(ONE, 72, 5000), conv(ONE, (4, 2, 3, 3))],
            "'2:Conv2d' takes values of shape [channels, height, width], but gets [5000]",
        ),
        (
            [nir.Conv2d(None, np.ones((4, 2, 1, 1)), 1, 2.5, 1, 1, np.zeros(4))],
            "'1:Conv2d' has a padding of [2.5], where only whole numbers from 0",
        ),
    ],
)
def test_import_refuses_nodes_without_equivalent_convolution(nodes, words):
    assert words in refusal(first_layer(*nodes))
