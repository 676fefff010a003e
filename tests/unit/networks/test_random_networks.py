"""The random networks of other tests are extreme, and are proved to fit int16."""

import functools

import numpy as np
import pytest
from random_networks import QUICK_SEEDS as SEEDS
from random_networks import SEEDS as ALL
from random_networks import random_inputs, random_network

from spikelet.networks import lif_file, proof, reference
from spikert.network.tables import ENCODERS, READOUTS

MOST_BYTES = 12_000  # of a .lif file, which the emulated boards still have room for


@functools.cache
def networks():
    return [random_network(seed) for seed in SEEDS]


@functools.cache
def layers():
    return [layer for network in networks() for layer in network.layers]


@functools.cache
def geometries():
    return [layer.geometry for layer in layers() if layer.geometry]


def test_random_networks_are_proved_to_fit():
    for network in networks():
        assert all(layer.reach.fits for layer in proof.prove(network))


def test_random_networks_come_close_to_int16_limit():
    worst = [
        max(max(b.reach.high / 0x7FFF, b.reach.low / -0x8000) for b in proof.prove(network))
        for network in networks()
    ]
    assert sum(share > 0.9 for share in worst) > len(worst) / 2


def test_random_network_same_seed_is_same_network():
    assert lif_file.to_bytes(random_network(4)) == lif_file.to_bytes(random_network(4))


def test_random_networks_fit_every_board():
    assert max(len(lif_file.to_bytes(random_network(seed))) for seed in ALL) < MOST_BYTES


@pytest.mark.parametrize(
    "name", ["bias", "d", "low", "theta", "rho", "v_reset", "v_start", "current_d"]
)
@pytest.mark.parametrize("convolution", [False, True])
def test_random_parameters_are_per_layer_and_per_map(name, convolution):
    values = [
        getattr(layer, name)
        for layer in layers()
        if layer.maps > 1 and (layer.geometry is not None) is convolution
    ]
    kinds = {bool((v == v[0]).all()) for v in values if v is not None}
    assert kinds == {True, False}


@pytest.mark.parametrize(
    ("name", "extremes"),
    [
        ("weights", {-128, 127}),
        ("recurrent", {-128, 127}),
        ("gain", set(range(8))),
        ("r", set(range(8, 16))),
        ("d", {0, 1, 2, 4, 8, 16, 32, 64, 128, 255}),
        ("current_r", {8, 15}),
        ("current_d", {0, 255}),
        ("theta", {-0x8000, 0x7FFF}),
        ("low", {-0x8000, 0x7FFF}),
        ("rho", {-0x8000, 0x7FFF}),
        ("bias", {-0x8000, 0x7FFF}),
        ("v_reset", {-0x8000, 0x7FFF}),
        ("v_start", {-0x8000, 0x7FFF}),
    ],
)
def test_random_fields_take_their_extremes(name, extremes):
    values = [getattr(layer, name) for layer in layers()]
    present = {int(v) for array in values if array is not None for v in np.ravel(array)}
    assert extremes <= present


def test_random_networks_cover_all_kinds():
    kinds = {(network.encoder, network.readout) for network in networks()}
    assert kinds >= {(encoder, readout) for encoder in ENCODERS[:2] for readout in READOUTS}
    # The encoder delta needs a stream.
    assert {encoder for encoder, _ in kinds} == set(ENCODERS) - {"delta"}
    assert {layer.reset for layer in layers()} == {"subtract", "set"}
    assert {len(network.layers) for network in networks()} == {1, 2, 3}
    assert any(network.layers[-1].theta is None for network in networks())
    assert any(layer.inputs > 256 for layer in layers())
    assert any(layer.neurons > 256 for layer in layers())
    assert {network.scaling is None for network in networks()} == {True, False}


def test_random_layers_cover_all_kinds():
    kinds = {
        (bool(layer.geometry), layer.recurrent is not None, layer.current_d is not None)
        for layer in layers()
    }
    dense = {(False, recurrent, current) for recurrent in (0, 1) for current in (0, 1)}
    assert kinds == dense | {(True, False, False), (True, False, True)}


@pytest.mark.parametrize("encoder", ["direct", "rate", "phase"])
@pytest.mark.parametrize("kind", ["geometry", "recurrent", "current_d"])
def test_random_first_layers_cover_kinds_and_encoders(encoder, kind):
    firsts = [network.layers[0] for network in networks() if network.encoder == encoder]
    assert any(getattr(layer, kind) is not None for layer in firsts)


def test_random_convolutions_cover_all_kinds():
    assert {g.size[0] == 1 for g in geometries()} == {True, False}
    assert {g.channels for g in geometries()} >= {1, 2, 3}
    assert {s for g in geometries() for s in g.stride} == {1, 2, 3}
    assert {s[0] != s[1] for s in (g.stride for g in geometries())} == {True, False}
    assert any(g.padding[0] for g in geometries())
    assert any(g.padding[1] for g in geometries())
    assert any(g.size[1] % g.pool[1] for g in geometries())
    assert any(g.kernel == g.pooled and g.most_inputs > 1 for g in geometries())
    assert any((g.reached == 0).any() for g in geometries())
    assert {layer.maps % 4 for layer in layers() if layer.geometry} == {0, 1, 2, 3}


def test_random_chains_mix_convolutions_and_dense():
    chains = {"".join("dc"[bool(layer.geometry)] for layer in n.layers) for n in networks()}
    assert chains >= {"c", "cc", "cd", "ccd", "ccc", "d", "dd", "ddd"}


def test_random_layers_are_neither_silent_nor_saturated():
    rates = []
    for seed, network in zip(SEEDS, networks(), strict=True):
        x = random_inputs(network, seed, 8)
        rates += [spikes.mean() for spikes in reference.simulate(network, x).spikes]
    assert sum(0.02 < rate < 0.9 for rate in rates) > len(rates) / 2


def test_random_inputs_begin_with_0_and_255():
    x = random_inputs(random_network(0), 0, 9)
    assert x.dtype == np.uint8
    assert not x[0].any()
    assert (x[1] == 255).all()
    assert len(np.unique(x[2:])) > 50


def test_random_raw_inputs_begin_with_ends_of_int16():
    network = random_network(5)
    raw = random_inputs(network, 5, 9)
    assert raw.dtype == np.int16
    assert (raw[0] == -0x8000).all()
    assert (raw[1] == 0x7FFF).all()
    assert len(np.unique(network.scaling.apply(raw[2:]))) > 50
