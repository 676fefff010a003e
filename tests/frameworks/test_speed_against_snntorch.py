"""Compare the reference simulator with snnTorch's: equal results, fewer calls.

tools/measure_simulator.py measures the times; tests count calls, which do not depend on the machine.
"""

import sys

import load_tool
import numpy as np
import pytest
from comparison import REASON, SAME_CLASSES, share_of_same_spikes

from spikelet.inputs import dataset
from spikelet.networks import reference_numbers

snntorch = pytest.importorskip("snntorch", reason=REASON)

tool = load_tool.load("measure_simulator")

FEWER_CALLS = 5
"""Least ratio of function calls for a sample, snnTorch to Spikelet."""


@pytest.fixture(scope="module", params=tool.ENCODERS)
def pair(request):
    """Return a float network, its integers, and the float network in snnTorch."""
    network, integers = tool.networks(request.param)
    return network, integers, tool.InSnnTorch(network)


@pytest.fixture(scope="module")
def samples():
    return dataset.split(dataset.load_digits())[1].x


def calls(action):
    """Return the number of calls of Python's and C's functions, which is the same each time."""
    # The first run prepares caches.
    action()
    count = 0

    def listen(frame, event, argument):
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(listen)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def test_snntorch_gives_spikes_of_float_network(pair, samples):
    network, _, theirs = pair
    fired, answers = theirs.simulate(theirs.signal(network, samples))
    hidden = np.stack([step[0].numpy() > 0 for step in fired], axis=1)
    ours = network.simulate(samples)
    assert share_of_same_spikes([hidden], [ours.spikes[0]]) == [1]
    assert (answers.numpy() == ours.answers).mean() > 0.99


def test_integer_network_gives_classes_of_snntorch(pair, samples):
    network, integers, theirs = pair
    _, answers = theirs.simulate(theirs.signal(network, samples))
    assert (integers.simulate(samples).answers == answers.numpy()).mean() >= SAME_CLASSES


@pytest.mark.parametrize("count", [1, 360])
def test_reference_simulator_calls_fewer_functions(pair, samples, count):
    network, integers, theirs = pair
    x = samples[:count]
    signal = theirs.signal(network, x)
    snntorch_calls, reference_calls = (
        calls(lambda: theirs.simulate(signal)),
        calls(lambda: integers.simulate(x)),
    )
    assert snntorch_calls >= FEWER_CALLS * reference_calls > 0


def test_reference_simulator_uses_int16_membranes(pair):
    """Check that a membrane takes 2 bytes, not 4: memory traffic limits 360 digits."""
    _, integers, _ = pair
    for number, layer in enumerate(integers.layers):
        direct = number == 0 and integers.encoder == "direct"
        numbers = reference_numbers.layer_numbers(layer, direct, integers.steps)
        assert numbers.kind == np.int16
        assert numbers.weights.dtype == np.float32
