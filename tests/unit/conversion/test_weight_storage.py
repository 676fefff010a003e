"""Storage of weights for a board: the options and the choice."""

from dataclasses import replace

import numpy as np
import pytest
from float_layers import layer, network

from spikelet.boards import catalogue
from spikelet.conversion import weight_storage
from spikelet.errors import SpikeletError
from spikelet.graphs import file
from spikelet.inputs import dataset
from spikelet.networks import lif_file, synaptic_events
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.lif_file import load_network


def board(**facts: object) -> catalogue.BoardType:
    """Return an emulated board with these facts."""
    loaded = catalogue.load_board_type("qemu-m3")
    return replace(loaded, runtimes={"micropython": replace(loaded.first, **facts)})


BOARD = board(kernels=("thumb",))


def graph() -> FloatNetwork:
    """Return a network of 64-12-10 for the digits, untrained."""
    rng = np.random.default_rng(3)
    hidden = layer(rng.normal(0.1, 0.2, (64, 12)))
    return network(hidden, layer(rng.normal(0, 0.4, (12, 10)), theta=None), encoder="rate")


@pytest.fixture(scope="module")
def offered():
    samples = dataset.split(dataset.load_digits())[1]
    return weight_storage.options(graph(), bytes(32), BOARD, samples)


def test_options_are_bytes_and_pairs_of_every_width(offered):
    assert [option.bits for option in offered] == [8, 8, 7, 7, 6, 6, 5, 5, 4, 4]
    for option in offered:
        paired = [layer.pairs for layer in option.network.layers]
        assert paired == [offered.index(option) % 2 == 1] * 2
        assert max(layer.weight_bits for layer in option.network.layers) == option.bits
        assert option.size == len(lif_file.to_bytes(option.network))


def test_storage_changes_no_spike(offered):
    x = dataset.split(dataset.load_digits())[1].x[:20]
    for in_bytes, in_pairs in zip(offered[::2], offered[1::2], strict=True):
        spikes = [option.network.simulate(x).spikes for option in (in_bytes, in_pairs)]
        assert all(np.array_equal(a, b) for a, b in zip(*spikes, strict=True))


def test_option_instructions_are_events_times_cost(offered):
    samples = dataset.split(dataset.load_digits())[1]
    option = offered[0]
    trace = option.network.simulate(samples.x)
    events = synaptic_events.events_of_layers(option.network, trace)
    each = weight_storage.INSTRUCTIONS["thumb"][1]
    assert option.instructions == pytest.approx(sum(events) * each / 360)


def test_option_instructions_of_direct_encoder():
    samples = dataset.split(dataset.load_digits())[1]
    direct = replace(graph(), encoder="direct")
    in_bytes, in_pairs = weight_storage.options(direct, bytes(32), BOARD, samples, (8,))
    trace = in_bytes.network.simulate(samples.x)
    direct, spiking = synaptic_events.events_of_layers(in_bytes.network, trace)
    of_bytes, of_pairs = weight_storage.HELD["thumb"]
    measured = weight_storage.INSTRUCTIONS["thumb"]
    expected = direct * of_bytes + spiking * measured[1], direct * of_pairs + spiking * measured[0]
    assert [360 * in_bytes.instructions, 360 * in_pairs.instructions] == pytest.approx(expected)


def test_fastest_chooses_among_the_accurate(offered):
    base = offered[0]
    exact = replace(base, accuracy=0.9, instructions=100.0)
    faster = replace(base, bits=6, accuracy=0.8991, instructions=50.0)
    spoilt = replace(base, bits=4, accuracy=0.898, instructions=10.0)
    assert weight_storage.fastest([exact, faster, spoilt]) is faster
    assert weight_storage.fastest([exact, spoilt]) is exact


def test_fastest_breaks_ties_by_size_then_bits(offered):
    options = [
        replace(offered[0], bits=8, accuracy=0.9, instructions=100.5, size=2000),
        replace(offered[0], bits=7, accuracy=0.9, instructions=100.4, size=1000),
        replace(offered[0], bits=6, accuracy=0.9, instructions=100.0, size=1000),
    ]
    assert weight_storage.fastest(options) is options[1]


def test_fastest_without_classes_keeps_most_bits(offered):
    options = [
        replace(offered[0], bits=8, accuracy=None, instructions=100.0),
        replace(offered[0], bits=4, accuracy=None, instructions=10.0),
    ]
    assert weight_storage.fastest(options) is options[0]


def test_options_leave_out_pairs_that_do_not_fit():
    samples = dataset.split(dataset.load_digits())[1]
    full = weight_storage.options(graph(), bytes(32), BOARD, samples, [8])
    small = board(kernels=("thumb",), ram_free=full[1].size - 1)
    assert len(weight_storage.options(graph(), bytes(32), small, samples, [8])) == 1


def test_options_of_impossible_network_raise_reason():
    broken = graph()
    broken.layers[0].weights[:] = 0
    samples = dataset.split(dataset.load_digits())[1]
    with pytest.raises(SpikeletError, match="no weight but zero"):
        weight_storage.options(broken, bytes(32), BOARD, samples)


def test_every_first_kernel_has_costs():
    for name in catalogue.board_names():
        assert (
            catalogue.load_board_type(name).kernels[0]
            in weight_storage.INSTRUCTIONS.keys() & weight_storage.HELD.keys()
        )


def test_convert_with_board_prints_the_choice(spikelet, tmp_path):
    file.write_graph(graph(), tmp_path / "net.nir")
    target = tmp_path / "net.lif"
    status, out, _ = spikelet("convert", tmp_path / "net.nir", "-o", target, "--board", "qemu-m3")
    assert status == 0
    assert "chosen" in out
    assert "qemu-m3, kernel" in out
    assert load_network(target).layers[0].pairs == ("pairs" in out.partition("kernel")[2])
