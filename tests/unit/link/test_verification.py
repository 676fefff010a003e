"""Whatever a board does otherwise than the reference is found, counted and located."""

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
    """Return a function that gives what a faultless board observes of a sample, to be spoilt."""

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
    found = Verification(answers=np.zeros(len(observations), np.int64))
    for observation in observations:
        count_differences(found, observation.turn, observation, expected, observation.turn)
    return found


def test_agreement_passes_and_is_counted(expected, observed):
    found = compared(expected, *(observed(sample) for sample in range(SAMPLES)))
    assert (found.passed, found.differences, found.first) == (True, 0, None)
    assert found.samples == SAMPLES
    assert found.values == SAMPLES * (STEPS * (6 + 3) + (6 + 3) + 1)
    assert found.spikes == sum(int(spikes.sum()) for spikes in expected.spikes) > 0


@pytest.mark.parametrize("layer", [0, 1])
def test_every_spike_that_differs_is_located(expected, observed, layer):
    for step in range(STEPS):
        for neuron in range(SIZES[layer + 1]):
            wrong = observed(1)
            wrong.spikes[layer][step, neuron] ^= 1
            found = compared(expected, observed(0), wrong)
            first = found.first
            assert (found.differences, found.passed, first.kind) == (1, False, "spike")
            assert (first.sample, first.step, first.layer, first.neuron) == (1, step, layer, neuron)
            host = int(expected.spikes[layer][1, step, neuron])
            assert (first.board, first.host) == (1 - host, host)


@pytest.mark.parametrize("layer", [0, 1])
def test_every_membrane_that_differs_is_located(expected, observed, layer):
    for neuron in range(SIZES[layer + 1]):
        wrong = observed(2)
        wrong.membranes[layer][neuron] += 1
        found = compared(expected, wrong)
        first = found.first
        assert (found.differences, found.passed, first.kind) == (1, False, "membrane")
        assert (first.sample, first.step, first.layer, first.neuron) == (2, None, layer, neuron)
        assert first.board == first.host + 1 == int(expected.membranes[layer][2, neuron]) + 1


def test_an_answer_that_differs_is_located(expected, observed):
    right = observed(0)
    found = compared(expected, replace(right, answer=(right.answer + 1) % 3))
    assert (found.differences, found.passed, found.first.kind) == (1, False, "answer")
    assert (found.first.sample, found.first.step, found.first.layer) == (0, None, None)
    assert (found.first.board, found.first.host) == ((right.answer + 1) % 3, right.answer)


def test_the_first_difference_is_the_earliest_then_the_nearest_to_the_input(expected, observed):
    wrong = replace(observed(0), answer=9)
    for layer, step, neuron in ((0, 3, 0), (1, 2, 2), (0, 2, 5), (0, 2, 4), (1, 4, 0)):
        wrong.spikes[layer][step, neuron] ^= 1
    wrong.membranes[0][0] += 1
    found = compared(expected, wrong)
    assert found.differences == 7
    assert (found.first.step, found.first.layer, found.first.neuron) == (2, 0, 4)


def test_an_earlier_step_comes_before_a_layer_nearer_to_the_input(expected, observed):
    wrong = observed(0)
    wrong.spikes[0][3, 0] ^= 1
    wrong.spikes[1][1, 2] ^= 1
    found = compared(expected, wrong)
    assert (found.first.step, found.first.layer, found.first.neuron) == (1, 1, 2)


def test_the_first_difference_stays_the_first(expected, observed):
    first, second = observed(0), observed(1)
    first.membranes[1][0] += 1
    second.spikes[0][0, 0] ^= 1
    found = compared(expected, first, second)
    assert (found.differences, found.first.sample, found.first.kind) == (2, 0, "membrane")


def test_a_difference_reads_as_one_line(expected, observed):
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
def test_nothing_less_than_all_passes(fields):
    whole = Verification(samples=2, answers=np.zeros(2, np.int64))
    assert whole.passed
    assert not replace(whole, **fields).passed


def test_nothing_compared_does_not_pass():
    assert not Verification().passed


def test_what_a_board_read_itself_is_checked_against_its_own_input(network, x, observed):
    live = LiveCheck(network)
    live.check(observed(1))
    assert (live.found.samples, live.found.differences) == (1, 0)
    live.check(replace(observed(1), readings=x[0]))
    assert live.found.differences > 0


def test_a_difference_in_what_a_board_read_itself_is_located(network, observed):
    wrong = replace(observed(1), turn=1234)
    wrong.spikes[1][2, 0] ^= 1
    live = LiveCheck(network)
    live.check(wrong)
    first = live.found.first
    assert (first.sample, first.step, first.layer) == (1234, 2, 1)


def test_spikes_without_the_input_they_came_from_are_refused(network, observed):
    with pytest.raises(SpikeletError, match="without the readings they came from"):
        LiveCheck(network).check(replace(observed(0), readings=None))
