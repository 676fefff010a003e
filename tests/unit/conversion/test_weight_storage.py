"""How weights are stored for a board: what is offered, and what is chosen."""

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


def board(**facts: object) -> catalogue.Board:
    """Return an emulated board of which these facts hold."""
    loaded = catalogue.load("qemu-m3")
    return replace(loaded, runtimes={"micropython": replace(loaded.first, **facts)})


BOARD = board(kernels=("thumb",))


def graph() -> FloatNetwork:
    """Return a network of 64-12-10 for the digits, untrained."""
    rng = np.random.default_rng(3)
    hidden = layer(rng.normal(0.1, 0.2, (64, 12)))
    return network(hidden, layer(rng.normal(0, 0.4, (12, 10)), theta=None), encoder="rate")


@pytest.fixture(scope="module")
def found():
    samples = dataset.split(dataset.load_digits())[1]
    return weight_storage.options(graph(), bytes(32), BOARD, samples)


def test_bytes_and_pairs_of_every_width_are_offered(found):
    assert [option.bits for option in found] == [8, 8, 7, 7, 6, 6, 5, 5, 4, 4]
    for option in found:
        paired = [layer.pairs for layer in option.network.layers]
        assert paired == [found.index(option) % 2 == 1] * 2
        assert max(layer.weight_bits for layer in option.network.layers) == option.bits
        assert option.size == len(lif_file.to_bytes(option.network))


def test_storage_changes_no_spike(found):
    x = dataset.split(dataset.load_digits())[1].x[:20]
    for in_bytes, in_pairs in zip(found[::2], found[1::2], strict=True):
        spikes = [option.network.simulate(x).spikes for option in (in_bytes, in_pairs)]
        assert all(np.array_equal(a, b) for a, b in zip(*spikes, strict=True))


def test_instructions_are_events_times_what_their_layer_takes(found):
    samples = dataset.split(dataset.load_digits())[1]
    option = found[0]
    trace = option.network.simulate(samples.x)
    events = synaptic_events.events_of_layers(option.network, samples.x, trace.spikes)
    each = weight_storage.INSTRUCTIONS["thumb"][1]
    assert option.instructions == pytest.approx(sum(events) * each / 360)


def test_what_the_direct_encoder_holds_takes_multiplications():
    samples = dataset.split(dataset.load_digits())[1]
    direct = replace(graph(), encoder="direct")
    in_bytes, in_pairs = weight_storage.options(direct, bytes(32), BOARD, samples, (8,))
    trace = in_bytes.network.simulate(samples.x)
    held, stepped = synaptic_events.events_of_layers(in_bytes.network, samples.x, trace.spikes)
    of_bytes, of_pairs = weight_storage.HELD["thumb"]
    measured = weight_storage.INSTRUCTIONS["thumb"]
    wanted = held * of_bytes + stepped * measured[1], held * of_pairs + stepped * measured[0]
    assert [360 * in_bytes.instructions, 360 * in_pairs.instructions] == pytest.approx(wanted)


def test_the_fastest_of_the_accurate_is_chosen(found):
    base = found[0]
    exact = replace(base, accuracy=0.9, instructions=100.0)
    faster = replace(base, bits=6, accuracy=0.8991, instructions=50.0)
    spoilt = replace(base, bits=4, accuracy=0.898, instructions=10.0)
    assert weight_storage.fastest([exact, faster, spoilt]) is faster
    assert weight_storage.fastest([exact, spoilt]) is exact


def test_of_the_equally_fast_the_smallest_then_the_widest_is_chosen(found):
    options = [
        replace(found[0], bits=8, accuracy=0.9, instructions=100.5, size=2000),
        replace(found[0], bits=7, accuracy=0.9, instructions=100.4, size=1000),
        replace(found[0], bits=6, accuracy=0.9, instructions=100.0, size=1000),
    ]
    assert weight_storage.fastest(options) is options[1]


def test_without_classes_no_bit_is_given_away(found):
    options = [
        replace(found[0], bits=8, accuracy=None, instructions=100.0),
        replace(found[0], bits=4, accuracy=None, instructions=10.0),
    ]
    assert weight_storage.fastest(options) is options[0]


def test_pairs_are_not_offered_where_they_do_not_fit():
    samples = dataset.split(dataset.load_digits())[1]
    full = weight_storage.options(graph(), bytes(32), BOARD, samples, [8])
    small = board(kernels=("thumb",), ram_free=full[1].size - 1)
    assert len(weight_storage.options(graph(), bytes(32), small, samples, [8])) == 1


def test_a_network_that_cannot_be_converted_says_why():
    broken = graph()
    broken.layers[0].weights[:] = 0
    samples = dataset.split(dataset.load_digits())[1]
    with pytest.raises(SpikeletError, match="no weight but zero"):
        weight_storage.options(broken, bytes(32), BOARD, samples)


def test_every_kernel_of_a_board_has_its_costs():
    for name in catalogue.names():
        assert (
            catalogue.load(name).kernels[0]
            in weight_storage.INSTRUCTIONS.keys() & weight_storage.HELD.keys()
        )


def test_convert_prints_the_choice(spikelet, tmp_path):
    file.write(graph(), tmp_path / "net.nir")
    target = tmp_path / "net.lif"
    status, said, _ = spikelet("convert", tmp_path / "net.nir", "-o", target, "--board", "qemu-m3")
    assert status == 0
    assert "chosen" in said
    assert "qemu-m3, kernel" in said
    assert load_network(target).layers[0].pairs == ("pairs" in said.partition("kernel")[2])
