"""The int16 proof: nothing that a layer can do leaves what was proved, and what was proved is met."""

import numpy as np
import pytest
from random_networks import random_inputs, random_network
from thorough import quick

from spikelet.networks import proof
from spikelet.networks.geometry import Geometry
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.proof import Interval, layer_bounds

INPUTS = 6
MOST = 40  # of the drives there are, and of the states that a neuron has reached, so many go on
POOLED = Geometry((1, 2 * INPUTS), 1, (1, INPUTS), (1, 1), pool=(1, 2))


def random_layer(seed: int, **fixed) -> Layer:
    """Return a layer of one neuron and few inputs, of any kind."""
    rng = np.random.default_rng(seed)
    scale = int(rng.choice([2, 20, 120]))

    def draw(low, high):
        return int(rng.integers(low * scale, high * scale + 1))

    fields = {
        "weights": rng.integers(-scale, scale + 1, (INPUTS, 1)).astype(np.int8),
        "theta": None if rng.random() < 0.2 else draw(-2, 5),
        "gain": int(rng.choice([0, 0, 1, 3])),
        "bias": draw(-2, 2),
        "d": int(rng.choice([0, 1, 37, 128, 255])),
        "r": int(rng.choice([8, 9, 12])),
        "low": draw(-8, 0) if rng.random() < 0.5 else None,
        "rho": draw(-1, 5),
        "v_reset": draw(-3, 3),
        "reset": str(rng.choice(["subtract", "set"])),
        "v_start": draw(-4, 4),
    }
    kind = rng.integers(4)
    if kind == 1:
        fields["recurrent"] = rng.integers(-scale, scale + 1, (1, 1)).astype(np.int8)
    elif kind == 2:
        fields["geometry"] = POOLED
    if rng.random() < 0.4:
        fields["current_d"] = int(rng.choice([0, 1, 37, 128, 255]))
        fields["current_r"] = int(rng.choice([8, 9, 12]))
    return Layer(**{**fields, **fixed})


def subset_sums(weights: list[int]) -> set[int]:
    """Return the sums of all subsets: each partial sum, in whatever order, is one of them."""
    sums = {0}
    for weight in weights:
        sums |= {total + weight for total in sums}
    return sums


def direct_sums(weights: list[int]) -> tuple[set[int], set[int]]:
    """Return (sums on the way, ends) of a kernel that goes through x bit by bit from the lowest.

    Each bit of each input is free, so in each of 8 rounds any subset of the rows may be added.
    """
    planes = subset_sums(weights)
    ends, on_the_way = {0}, {0}
    for _ in range(8):
        sums = {end + plane for end in ends for plane in planes}
        on_the_way |= sums
        ends = {total >> 1 for total in sums}
    return on_the_way, ends


def what_happens(layer: Layer, steps: int, *, direct: bool) -> dict[str, set[int]]:
    """Return all values of sums, drive, current and membrane that some input leads to, in some order.

    Own spikes are as free as those of inputs, which is more than what can happen.
    """
    sums, ends = all_sums(layer, direct=direct)
    bias, drives = int(layer.bias[0]), {end << layer.gain for end in ends}
    states = {(int(layer.v_start[0]), 0)}
    seen = {"sums": sums, "drive": drives | {drive + bias for drive in drives}}
    seen["current"] = {0}
    seen["membrane"] = {v for v, _ in states}
    drives = spread(drives)
    for _ in range(steps):
        reached = set()
        for v, current in states:
            leaked = v - ((v * int(layer.d[0])) >> layer.r)
            if layer.current_d is None:
                fed = {leaked + drive + bias for drive in drives}
                seen["membrane"] |= {leaked, leaked + bias} | {each - bias for each in fed}
                reached |= {(each, 0) for each in fed}
            else:
                kept = current - ((current * int(layer.current_d[0])) >> layer.current_r)
                fed = {kept + drive + bias for drive in drives}
                seen["current"] |= {kept, kept + bias} | fed | {each - bias for each in fed}
                seen["membrane"] |= {leaked}
                reached |= {(leaked + each, each) for each in fed}
        seen["membrane"] |= {v for v, _ in reached}
        reached = {(fired(layer, floored(layer, v)), current) for v, current in reached}
        seen["membrane"] |= {v for v, _ in reached}
        states = spread(reached)
    return seen


def all_sums(layer: Layer, *, direct: bool) -> tuple[set[int], set[int]]:
    """Return (sums on the way, ends) of the weights of one neuron."""
    together = layer.geometry.most_inputs if layer.geometry else 1
    weights = [int(weight) for weight in layer.weights[:, 0] for _ in range(together)]
    sums, ends = direct_sums(weights) if direct else (subset_sums(weights),) * 2
    if layer.recurrent is not None:
        own = subset_sums([int(layer.recurrent[0, 0])])
        ends = {end + weight for end in ends for weight in own}
        sums = sums | ends
    return sums, ends


def floored(layer: Layer, v: int) -> int:
    return v if layer.low is None else max(v, int(layer.low[0]))


def fired(layer: Layer, v: int) -> int:
    if layer.theta is None or v < layer.theta[0]:
        return v
    return int(layer.v_reset[0]) if layer.reset == "set" else v - int(layer.rho[0])


def spread(values: set) -> set:
    """Return both ends of numbers, or of states by their membranes, and an even choice between."""
    ordered = sorted(values)
    places = np.linspace(0, len(ordered) - 1, min(len(ordered), MOST)).astype(int)
    return {ordered[place] for place in places}


def assert_within(seen: set[int], proved: Interval) -> None:
    assert proved.low <= min(seen)
    assert max(seen) <= proved.high


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_nothing_that_can_happen_is_outside_the_proof(seed, direct):
    layer = random_layer(seed)
    proved = layer_bounds(layer, direct=direct, steps=4)
    for name, seen in what_happens(layer, 4, direct=direct).items():
        if getattr(proved, name) is not None and (proved.reach.fits or name in ("sums", "drive")):
            assert_within(seen, getattr(proved, name))


@pytest.mark.parametrize("seed", quick(range(60), range(10, 60, 3)))
def test_bounds_in_the_limit_hold_for_any_number_of_steps(seed):
    layer = random_layer(seed, d=128, r=8)
    proved = layer_bounds(layer, direct=False, steps=proof.LIMIT_STEPS)
    if proved.settled:
        seen = what_happens(layer, 40, direct=False)
        assert_within(seen["membrane"], proved.membrane)
        if proved.current:
            assert_within(seen["current"], proved.current)


@pytest.mark.parametrize("seed", range(12))
def test_whole_networks_stay_within_their_proof(seed):
    network = random_network(seed)
    trace = network.simulate(random_inputs(network, seed, 40))
    for membranes, proved in zip(trace.membranes, proof.prove(network), strict=True):
        assert_within(set(membranes.ravel().tolist()), proved.membrane)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("fields", [{"theta": None}, {"reset": "set"}])
def test_one_step_is_bounded_exactly(seed, fields):
    layer = random_layer(seed, **fields)
    proved = layer_bounds(layer, direct=False, steps=1)
    for name, seen in what_happens(layer, 1, direct=False).items():
        reached = getattr(proved, name)
        if reached is not None:
            assert (reached.low, reached.high) == (min(*seen, 0), max(*seen, 0))


@pytest.mark.parametrize(
    ("fields", "low", "high"),
    [
        ({}, -4 * 30, 4 * 50),
        ({"gain": 3}, -4 * 240, 4 * 400),
        ({"bias": 7}, -4 * 30 + 3 * 7, 4 * 57),
        ({"low": -40}, -70, 200),
        ({"theta": 10, "rho": 10}, -120, 50 + 40 + 40 + 40),
        ({"theta": 10, "reset": "set", "v_reset": 3}, -120, 9 + 50),
        ({"d": 128}, -56, 94),  # -30, -45, -52, -56 and 50, 75, 88, 94
        ({"d": 128, "v_start": 1000}, 0, 1000),  # on to 470, 205, 73, 7 at least
        ({"d": 128, "v_start": -1000}, -1000, 32),  # up to -450, -175, -37, 32
    ],
)
def test_simple_layers_reach_their_bounds(fields, low, high):
    layer = Layer(weights=np.array([[20], [-30], [30]], np.int8), **fields)
    proved = layer_bounds(layer, direct=False, steps=4)
    assert (proved.membrane.low, proved.membrane.high) == (low, high)


def test_direct_drive_is_shifted_but_its_sums_on_the_way_are_not():
    layer = Layer(weights=np.array([[100], [100], [-50]], np.int8), gain=1, bias=3)
    proved = layer_bounds(layer, direct=True, steps=1)
    assert proved.sums == Interval(-100, 400)  # a bit's rows, on at most as much again
    assert proved.drive == Interval((255 * -50 >> 8) * 2, (255 * 200 >> 8) * 2 + 3)


def test_sums_are_proved_before_and_after_the_gain():
    layer = Layer(weights=np.full((300, 1), 127, np.int8), low=-1, theta=1, reset="set")
    assert not layer_bounds(layer, direct=False, steps=1).reach.fits
    layer = Layer(weights=np.full((100, 1), 127, np.int8), gain=2, low=-1, theta=1, reset="set")
    proved = layer_bounds(layer, direct=False, steps=1)
    assert proved.sums.fits
    assert not proved.drive.fits


@pytest.mark.parametrize(("value", "fits"), [(0x7FFF, True), (-0x8000, True)])
def test_the_ends_of_int16_fit(value, fits):
    assert Interval(min(value, 0), max(value, 0)).fits is fits
    assert not Interval(min(value - 1, 0), max(value + 1, 0)).fits


def test_what_does_not_fit_is_followed_to_the_end_of_its_window():
    layer = Layer(weights=np.full((64, 1), 127, np.int8))
    assert layer_bounds(layer, direct=False, steps=8).membrane.high == 8 * 64 * 127


def test_the_worse_end_is_reported_with_the_limit_on_its_side():
    assert (Interval(-40_000, 39_000).worst, Interval(-40_000, 39_000).limit) == (-40_000, -0x8000)
    assert (Interval(-100, 39_000).worst, Interval(-100, 39_000).limit) == (39_000, 0x7FFF)


def endless(**fields) -> proof.LayerBounds:
    layer = Layer(weights=np.array([[20], [-30], [30]], np.int8), **fields)
    return proof.prove(Network("rate", 4, "last", ("a",), [layer]), endless=True)[0]


@pytest.mark.parametrize("fields", [{"d": 128}, {"d": 16}, {"d": 3, "r": 10}, {"d": 255, "r": 12}])
def test_leaky_layers_settle(fields):
    proved = endless(**fields)
    assert proved.settled
    assert proved.reach.fits
    leak = fields["d"] / 2 ** fields.get("r", 8)
    assert 50 / leak - 1 / leak < proved.membrane.high < 50 / leak + 1 / leak + 50


@pytest.mark.parametrize("fields", [{}, {"theta": 10, "rho": 10}, {"d": 1, "r": 15}])
def test_layers_that_gather_without_end_are_refused(fields):
    assert not endless(**fields).reach.fits


def test_an_integrator_between_floor_and_reset_settles():
    proved = endless(low=-500, theta=100, rho=100)
    assert proved.settled
    assert proved.membrane == Interval(-530, 149)


def test_a_window_that_ends_before_the_bounds_settle_says_so():
    layer = Layer(weights=np.array([[1]], np.int8), d=16)
    assert not layer_bounds(layer, direct=False, steps=3).settled
    assert layer_bounds(layer, direct=False, steps=30_000).settled
