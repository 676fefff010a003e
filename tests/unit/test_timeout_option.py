"""Test that each verb that talks to a board has --timeout, and that it reaches the port."""

import argparse

import pytest

from spikelet.boards import resolve
from spikelet.boards.timeouts import TIMEOUT_S
from spikelet.cli import _parser, options

VERBS = {
    "flash": ["x.lif"],
    "verify": ["x.lif"],
    "run": ["x.lif", "x.npz", "-o", "y.npz"],
    "bench": ["x.lif"],
    "monitor": [],
    "record": ["folder", "--label", "a", "--sensor", "mpu6050"],
    "doctor": [],
    "demo": [],
}


@pytest.mark.parametrize("verb", VERBS)
def test_verb_takes_timeout(verb):
    args = _parser(verb).parse_args([verb, *VERBS[verb], "--timeout", "2.5"])
    assert args.timeout == 2.5


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "soon", ""])
def test_timeout_out_of_range_is_bad_usage(text, capsys):
    parser = argparse.ArgumentParser()
    options.add_timeout(parser)
    with pytest.raises(SystemExit) as error:
        parser.parse_args(["--timeout", text])
    assert error.value.code == 2
    assert "is no number of seconds above 0" in capsys.readouterr().err


@pytest.mark.parametrize("spelling", ["virtual", "/dev/ttyACM7", "data:/dev/ttyACM7"])
def test_resolve_hands_timeout_to_port(spelling):
    assert resolve.resolve(spelling, 2.5).timeout == 2.5
    assert resolve.resolve(spelling).timeout == TIMEOUT_S
