"""A small share of the cases of `make fuzz`."""

import contextlib

import mutations
import pytest
from mutation_targets import TARGETS, frames, repl_answers
from recorded_sessions import CONVERSATIONS, TURNS, undamaged

from spikelet.errors import SpikeletError

CASES = 400


@pytest.mark.parametrize("name", TARGETS)
def test_readers_survive_mutations(name):
    module = mutations.target(name)
    assert len({mutations.case(module, 0, number) for number in range(CASES)}) > CASES / 2
    assert list(mutations.faults(name, 0, range(CASES))) == []


@pytest.mark.parametrize("number", range(len(CONVERSATIONS)))
def test_frames_undamaged_session_is_accepted_whole(number):
    session = undamaged(number)
    assert len(frames.accepted(frames.seeds()[number])) == len(session.accepted) >= TURNS


@pytest.mark.parametrize("number", range(len(repl_answers.CONVERSATIONS)))
def test_repl_answers_undamaged_are_accepted_whole(number):
    pieces = repl_answers.seeds()[number][1:].split(repl_answers.SEPARATOR)
    refused = repl_answers.CONVERSATIONS[number] is repl_answers._hidden
    with pytest.raises(SpikeletError) if refused else contextlib.nullcontext():
        repl_answers.converse(number, repl_answers.Replay(pieces))
