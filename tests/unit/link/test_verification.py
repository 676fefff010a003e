"""Test that verification finds, counts and locates every difference from the reference."""

from dataclasses import replace

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.link.turn import Turn
from spikelet.link.verify import LiveCheck, Verification, count_differences
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network

STEPS, SIZES = 5, (4, 6, 3)
SAMPLES = 3


@pytest.fixture(scope="module")
def network() -> Network:
    rng = np.random.default_rng(0)
    layers = [
        Layer(rng.integers(-60, 90, (inputs, neurons), np.int8), theta=80, rho=80, d=32)
        for inputs, neurons in zip(SIZES[:-1], SIZES[1:], strict=True)
    ]
    return Network("rate", STEPS, "max", ("a", "b", "c"), layers)


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(1).integers(100, 256, (SAMPLES, SIZES[0]), np.uint8)


@pytest.fixture(scope="module")
def expected(network, x):
    return network.simulate(x)


@pytest.fixture
def observed(expected, x):
    """Return a function that returns the right turn of a sample, which a test may change."""

    def observation(sample: int) -> Turn:
        return Turn(
            turn=sample,
            readings=x[sample],
            spikes=tuple(spikes[sample].copy() for spikes in expected.spikes),
            membranes=tuple(v[sample].copy() for v in expected.membranes),
            answer=int(expected.answers[sample]),
        )

    return observation


def compared(expected, *observations: Turn) -> Verification:
    result = Verification(answers=np.zeros(len(observations), np.int64))
    for observation in observations:
        count_differences(result, observation.turn, observation, expected, observation.turn)
    return result


def test_verification_of_equal_turns_passes(expected, observed):
    result = compared(expected, *(observed(sample) for sample in range(SAMPLES)))
    assert (result.passed, result.differences, result.first) == (True, 0, None)
    assert result.samples == SAMPLES
    assert result.values == SAMPLES * (STEPS * (6 + 3) + (6 + 3) + 1)
    assert result.spikes == sum(int(spikes.sum()) for spikes in expected.spikes) > 0


@pytest.mark.parametrize("layer", [0, 1])
def test_verification_locates_different_spike(expected, observed, layer):
    for step in range(STEPS):
        for neuron in range(SIZES[layer + 1]):
            wrong = observed(1)
            wrong.spikes[layer][step, neuron] ^= 1
            result = compared(expected, observed(0), wrong)
            first = result.first
            assert (result.differences, result.passed, first.kind) == (1, False, "spike")
            assert (first.sample, first.step, first.layer, first.neuron) == (1, step, layer, neuron)
            host = int(expected.spikes[layer][1, step, neuron])
            assert (first.board, first.host) == (1 - host, host)


@pytest.mark.parametrize("layer", [0, 1])
def test_verification_locates_different_membrane(expected, observed, layer):
    for neuron in range(SIZES[layer + 1]):
        wrong = observed(2)
        wrong.membranes[layer][neuron] += 1
        result = compared(expected, wrong)
        first = result.first
        assert (result.differences, result.passed, first.kind) == (1, False, "membrane")
        assert (first.sample, first.step, first.layer, first.neuron) == (2, None, layer, neuron)
        assert first.board == first.host + 1 == int(expected.membranes[layer][2, neuron]) + 1


def test_verification_locates_different_answer(expected, observed):
    right = observed(0)
    result = compared(expected, replace(right, answer=(right.answer + 1) % 3))
    assert (result.differences, result.passed, result.first.kind) == (1, False, "answer")
    assert (result.first.sample, result.first.step, result.first.layer) == (0, None, None)
    assert (result.first.board, result.first.host) == ((right.answer + 1) % 3, right.answer)


def test_verification_first_is_earliest_then_lowest_layer(expected, observed):
    wrong = replace(observed(0), answer=9)
    for layer, step, neuron in ((0, 3, 0), (1, 2, 2), (0, 2, 5), (0, 2, 4), (1, 4, 0)):
        wrong.spikes[layer][step, neuron] ^= 1
    wrong.membranes[0][0] += 1
    result = compared(expected, wrong)
    assert result.differences == 7
    assert (result.first.step, result.first.layer, result.first.neuron) == (2, 0, 4)


def test_verification_first_prefers_step_to_layer(expected, observed):
    wrong = observed(0)
    wrong.spikes[0][3, 0] ^= 1
    wrong.spikes[1][1, 2] ^= 1
    result = compared(expected, wrong)
    assert (result.first.step, result.first.layer, result.first.neuron) == (1, 1, 2)


def test_verification_first_stays_first(expected, observed):
    first, second = observed(0), observed(1)
    first.membranes[1][0] += 1
    second.spikes[0][0, 0] ^= 1
    result = compared(expected, first, second)
    assert (result.differences, result.first.sample, result.first.kind) == (2, 0, "membrane")


def test_difference_prints_as_one_line(expected, observed):
    wrong = observed(1)
    wrong.spikes[0][3, 2] ^= 1
    wrong.membranes[1][0] = -5
    host = int(expected.spikes[0][1, 3, 2])
    text = f"spike at sample 1, step 3, layer 0, neuron 2: board {1 - host}, reference {host}"
    assert str(compared(expected, wrong).first) == text
    wrong.spikes[0][3, 2] ^= 1
    host = int(expected.membranes[1][1, 0])
    text = f"membrane at sample 1, layer 1, neuron 0: board -5, reference {host}"
    assert str(compared(expected, wrong).first) == text


@pytest.mark.parametrize("fields", [{"samples": 1}, {"lost_frames": 1}, {"differences": 1}])
def test_verification_incomplete_does_not_pass(fields):
    whole = Verification(samples=2, answers=np.zeros(2, np.int64))
    assert whole.passed
    assert not replace(whole, **fields).passed


def test_verification_empty_does_not_pass():
    assert not Verification().passed


def test_live_check_uses_readings_of_board(network, x, observed):
    live = LiveCheck(network)
    live.check(observed(1))
    assert (live.found.samples, live.found.differences) == (1, 0)
    live.check(replace(observed(1), readings=x[0]))
    assert live.found.differences > 0


def test_live_check_locates_difference(network, observed):
    wrong = replace(observed(1), turn=1234)
    wrong.spikes[1][2, 0] ^= 1
    live = LiveCheck(network)
    live.check(wrong)
    first = live.found.first
    assert (first.sample, first.step, first.layer) == (1234, 2, 1)


def test_live_check_without_readings_is_error(network, observed):
    with pytest.raises(SpikeletError, match="without the readings they came from"):
        LiveCheck(network).check(replace(observed(0), readings=None))
