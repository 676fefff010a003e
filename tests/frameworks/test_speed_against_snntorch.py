"""The reference simulator beside snnTorch's: the same network does the same, with far fewer calls.

How long both take is for tools/measure_simulator.py to say; tests count what does not depend on the
machine.
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
"""How many times fewer functions are called for a sample."""


@pytest.fixture(scope="module", params=tool.ENCODERS)
def pair(request):
    """Return a float network, its integers, and the float one in snnTorch."""
    network, integers = tool.networks(request.param)
    return network, integers, tool.InSnnTorch(network)


@pytest.fixture(scope="module")
def samples():
    return dataset.split(dataset.load_digits())[1].x


def calls(action):
    """Return how many functions of Python's and of C's are called, which is the same each time."""
    action()  # what is prepared once
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


def test_snntorch_spikes_as_the_float_network_does(pair, samples):
    network, _, theirs = pair
    fired, answers = theirs.simulate(theirs.signal(network, samples))
    hidden = np.stack([step[0].numpy() > 0 for step in fired], axis=1)
    ours = network.simulate(samples)
    assert share_of_same_spikes([hidden], [ours.spikes[0]]) == [1]
    assert (answers.numpy() == ours.answers).mean() > 0.99


def test_integers_answer_as_snntorch_does(pair, samples):
    network, integers, theirs = pair
    _, answers = theirs.simulate(theirs.signal(network, samples))
    assert (integers.simulate(samples).answers == answers.numpy()).mean() >= SAME_CLASSES


@pytest.mark.parametrize("count", [1, 360])
def test_far_fewer_functions_are_called(pair, samples, count):
    network, integers, theirs = pair
    x = samples[:count]
    signal = theirs.signal(network, x)
    there, here = calls(lambda: theirs.simulate(signal)), calls(lambda: integers.simulate(x))
    assert there >= FEWER_CALLS * here > 0


def test_a_sample_is_simulated_in_narrow_numbers(pair):
    """What 360 digits cost is memory to go through: 2 bytes for a membrane, not 4 as there."""
    _, integers, _ = pair
    for number, layer in enumerate(integers.layers):
        direct = number == 0 and integers.encoder == "direct"
        found = reference_numbers.layer_numbers(layer, direct, integers.steps)
        assert found.kind == np.int16
        assert found.weights.dtype == np.float32
