"""The int16 proof: all reachable values are within the bounds, and the bounds are reached."""

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
# Number of drives, and of states of a neuron, that the search follows in each step.
MOST = 40
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
    """Return the sums of all subsets: each partial sum, in any order, is one of them."""
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


def reachable_values(layer: Layer, steps: int, *, direct: bool) -> dict[str, set[int]]:
    """Return the values of sums, drive, current and membrane for any input and order of addition.

    Recurrent spikes are as free as those of inputs, so the values include impossible ones.
    """
    sums, ends = all_sums(layer, direct=direct)
    bias, drives = int(layer.bias[0]), {end << layer.gain for end in ends}
    states = {(int(layer.v_start[0]), 0)}
    reachable = {"sums": sums, "drive": drives | {drive + bias for drive in drives}}
    reachable["current"] = {0}
    reachable["membrane"] = {v for v, _ in states}
    drives = spread(drives)
    for _ in range(steps):
        reached = set()
        for v, current in states:
            leaked = v - ((v * int(layer.d[0])) >> layer.r)
            if layer.current_d is None:
                fed = {leaked + drive + bias for drive in drives}
                reachable["membrane"] |= {leaked, leaked + bias} | {each - bias for each in fed}
                reached |= {(each, 0) for each in fed}
            else:
                remaining = current - ((current * int(layer.current_d[0])) >> layer.current_r)
                fed = {remaining + drive + bias for drive in drives}
                reachable["current"] |= (
                    {remaining, remaining + bias} | fed | {each - bias for each in fed}
                )
                reachable["membrane"] |= {leaked}
                reached |= {(leaked + each, each) for each in fed}
        reachable["membrane"] |= {v for v, _ in reached}
        reached = {(fired(layer, floored(layer, v)), current) for v, current in reached}
        reachable["membrane"] |= {v for v, _ in reached}
        states = spread(reached)
    return reachable


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


def assert_within(values: set[int], proved: Interval) -> None:
    assert proved.low <= min(values)
    assert max(values) <= proved.high


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_proof_contains_all_reachable_values(seed, direct):
    layer = random_layer(seed)
    proved = layer_bounds(layer, direct=direct, steps=4)
    for name, reachable in reachable_values(layer, 4, direct=direct).items():
        if getattr(proved, name) is not None and (proved.reach.fits or name in ("sums", "drive")):
            assert_within(reachable, getattr(proved, name))


@pytest.mark.parametrize("seed", quick(range(60), range(10, 60, 3)))
def test_proof_settled_bounds_hold_for_any_steps(seed):
    layer = random_layer(seed, d=128, r=8)
    proved = layer_bounds(layer, direct=False, steps=proof.LIMIT_STEPS)
    if proved.settled:
        reachable = reachable_values(layer, 40, direct=False)
        assert_within(reachable["membrane"], proved.membrane)
        if proved.current:
            assert_within(reachable["current"], proved.current)


@pytest.mark.parametrize("seed", range(12))
def test_proof_contains_simulated_networks(seed):
    network = random_network(seed)
    trace = network.simulate(random_inputs(network, seed, 40))
    for membranes, proved in zip(trace.membranes, proof.prove(network), strict=True):
        assert_within(set(membranes.ravel().tolist()), proved.membrane)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("fields", [{"theta": None}, {"reset": "set"}])
def test_proof_of_one_step_is_exact(seed, fields):
    layer = random_layer(seed, **fields)
    proved = layer_bounds(layer, direct=False, steps=1)
    for name, reachable in reachable_values(layer, 1, direct=False).items():
        reached = getattr(proved, name)
        if reached is not None:
            assert (reached.low, reached.high) == (min(*reachable, 0), max(*reachable, 0))


@pytest.mark.parametrize(
    ("fields", "low", "high"),
    [
        ({}, -4 * 30, 4 * 50),
        ({"gain": 3}, -4 * 240, 4 * 400),
        ({"bias": 7}, -4 * 30 + 3 * 7, 4 * 57),
        ({"low": -40}, -70, 200),
        ({"theta": 10, "rho": 10}, -120, 50 + 40 + 40 + 40),
        ({"theta": 10, "reset": "set", "v_reset": 3}, -120, 9 + 50),
        # -30, -45, -52, -56 and 50, 75, 88, 94
        ({"d": 128}, -56, 94),
        # From 1000 to 470, 205, 73, 7 at least.
        ({"d": 128, "v_start": 1000}, 0, 1000),
        # From -1000 to -450, -175, -37, 32 at most.
        ({"d": 128, "v_start": -1000}, -1000, 32),
    ],
)
def test_proof_bounds_are_reached_by_simple_layers(fields, low, high):
    layer = Layer(weights=np.array([[20], [-30], [30]], np.int8), **fields)
    proved = layer_bounds(layer, direct=False, steps=4)
    assert (proved.membrane.low, proved.membrane.high) == (low, high)


def test_proof_direct_shifts_drive_but_not_partial_sums():
    layer = Layer(weights=np.array([[100], [100], [-50]], np.int8), gain=1, bias=3)
    proved = layer_bounds(layer, direct=True, steps=1)
    # The rows of a bit, added to a sum that is at most as large.
    assert proved.sums == Interval(-100, 400)
    assert proved.drive == Interval((255 * -50 >> 8) * 2, (255 * 200 >> 8) * 2 + 3)


def test_proof_covers_sums_before_and_after_gain():
    layer = Layer(weights=np.full((300, 1), 127, np.int8), low=-1, theta=1, reset="set")
    assert not layer_bounds(layer, direct=False, steps=1).reach.fits
    layer = Layer(weights=np.full((100, 1), 127, np.int8), gain=2, low=-1, theta=1, reset="set")
    proved = layer_bounds(layer, direct=False, steps=1)
    assert proved.sums.fits
    assert not proved.drive.fits


@pytest.mark.parametrize(("value", "fits"), [(0x7FFF, True), (-0x8000, True)])
def test_interval_ends_of_int16_fit(value, fits):
    assert Interval(min(value, 0), max(value, 0)).fits is fits
    assert not Interval(min(value - 1, 0), max(value + 1, 0)).fits


def test_proof_beyond_int16_runs_to_end_of_window():
    layer = Layer(weights=np.full((64, 1), 127, np.int8))
    assert layer_bounds(layer, direct=False, steps=8).membrane.high == 8 * 64 * 127


def test_interval_worst_end_has_limit_of_its_side():
    assert (Interval(-40_000, 39_000).worst, Interval(-40_000, 39_000).limit) == (-40_000, -0x8000)
    assert (Interval(-100, 39_000).worst, Interval(-100, 39_000).limit) == (39_000, 0x7FFF)


def endless(**fields) -> proof.LayerBounds:
    layer = Layer(weights=np.array([[20], [-30], [30]], np.int8), **fields)
    return proof.prove(Network("rate", 4, "last", ("a",), [layer]), endless=True)[0]


@pytest.mark.parametrize("fields", [{"d": 128}, {"d": 16}, {"d": 3, "r": 10}, {"d": 255, "r": 12}])
def test_proof_leaky_layers_settle(fields):
    proved = endless(**fields)
    assert proved.settled
    assert proved.reach.fits
    leak = fields["d"] / 2 ** fields.get("r", 8)
    assert 50 / leak - 1 / leak < proved.membrane.high < 50 / leak + 1 / leak + 50


@pytest.mark.parametrize("fields", [{}, {"theta": 10, "rho": 10}, {"d": 1, "r": 15}])
def test_proof_endless_integrator_does_not_fit(fields):
    assert not endless(**fields).reach.fits


def test_proof_integrator_with_floor_and_reset_settles():
    proved = endless(low=-500, theta=100, rho=100)
    assert proved.settled
    assert proved.membrane == Interval(-530, 149)


def test_proof_short_window_is_not_settled():
    layer = Layer(weights=np.array([[1]], np.int8), d=16)
    assert not layer_bounds(layer, direct=False, steps=3).settled
    assert layer_bounds(layer, direct=False, steps=30_000).settled
