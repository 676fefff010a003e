"""The random networks that other tests run are extreme, and yet proved to fit int16."""

import functools

import numpy as np
import pytest

from random_networks import random_inputs, random_network
from spikelet import bounds, reference
from spikert.tables import ENCODERS, READOUTS

SEEDS = range(20)  # those that run on every board


@functools.cache
def networks():
    return [random_network(seed) for seed in SEEDS]


@functools.cache
def layers():
    return [layer for network in networks() for layer in network.layers]


def test_every_network_is_proved_to_fit():
    for network in networks():
        assert all(layer.reach.fits for layer in bounds.prove(network))


def test_most_networks_come_close_to_the_limit():
    worst = [
        max(max(b.reach.high / 0x7FFF, b.reach.low / -0x8000) for b in bounds.prove(network))
        for network in networks()
    ]
    assert sum(share > 0.9 for share in worst) > len(worst) / 2


def test_the_same_seed_gives_the_same_network():
    assert random_network(4).to_bytes() == networks()[4].to_bytes()


@pytest.mark.parametrize("name", ["bias", "d", "low", "theta", "rho", "v_reset", "v_start"])
def test_parameters_are_per_layer_and_per_neuron(name):
    values = [getattr(layer, name) for layer in layers() if layer.neurons > 1]
    kinds = {bool((v == v[0]).all()) for v in values if v is not None}
    assert kinds == {True, False}


@pytest.mark.parametrize(
    ("name", "extremes"),
    [
        ("weights", {-128, 127}),
        ("gain", set(range(8))),
        ("r", set(range(8, 16))),
        ("d", {0, 1, 2, 4, 8, 16, 32, 64, 128, 255}),
        ("theta", {-0x8000, 0x7FFF}),
        ("low", {-0x8000, 0x7FFF}),
        ("rho", {-0x8000, 0x7FFF}),
        ("bias", {-0x8000, 0x7FFF}),
        ("v_reset", {-0x8000, 0x7FFF}),
        ("v_start", {-0x8000, 0x7FFF}),
    ],
)
def test_fields_take_their_extremes(name, extremes):
    values = [getattr(layer, name) for layer in layers()]
    seen = {int(v) for array in values if array is not None for v in np.ravel(array)}
    assert extremes <= seen


def test_kinds_of_network_are_all_there():
    kinds = {(network.encoder, network.readout) for network in networks()}
    assert kinds >= {(encoder, readout) for encoder in ENCODERS[:2] for readout in READOUTS}
    assert {encoder for encoder, _ in kinds} == set(ENCODERS)
    assert {layer.reset for layer in layers()} == {"subtract", "set"}
    assert {len(network.layers) for network in networks()} == {1, 2, 3}
    assert any(network.layers[-1].theta is None for network in networks())
    assert any(layer.inputs > 256 for layer in layers())
    assert any(layer.neurons > 256 for layer in layers())


def test_layers_neither_fall_silent_nor_fire_always():
    rates = []
    for seed, network in zip(SEEDS, networks(), strict=True):
        x = random_inputs(network, seed, 8)
        rates += [spikes.mean() for spikes in reference.simulate(network, x).spikes]
    assert sum(0.02 < rate < 0.9 for rate in rates) > len(rates) / 2


def test_inputs_begin_with_silence_and_with_all_there_is():
    x = random_inputs(networks()[0], 0, 9)
    assert x.dtype == np.uint8
    assert not x[0].any()
    assert (x[1] == 255).all()
    assert len(np.unique(x[2:])) > 50
