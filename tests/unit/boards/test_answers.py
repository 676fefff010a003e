"""Test that answers of a REPL are found among other text, and never believed unchecked."""

import contextlib
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelet.boards import answers
from spikelet.errors import SpikeletError

VALUES = [(), None, True, -7, "größe 'x'", b"\0\xff" * 20, ["a", ("b", 2)], {"x": "y"}]
quick = settings(derandomize=True, max_examples=300, deadline=None)


def said(value):
    """Return the bytes that a board prints for a value."""
    names, output = {}, io.StringIO()
    exec(answers.SAY, names)
    with contextlib.redirect_stdout(output):
        names["_say"](value)
    return output.getvalue().encode()


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    ("before", "after"), [(b"", b""), (b"tick\r\n", b"tick\r\n<spikelet 1 2 x")]
)
def test_framed_value_is_found_among_text(value, before, after):
    assert answers.framed(before + said(value) + after) == [value]


@quick
@given(st.sampled_from(VALUES), st.binary(min_size=1, max_size=12), st.integers(0, 10_000))
def test_framed_text_inside_changes_no_value(value, text, place):
    whole = said(value)
    at = place % len(whole)
    with contextlib.suppress(answers.NoAnswer):
        assert answers.framed(whole[:at] + text + whole[at:]) in ([], [value])


@quick
@given(st.sampled_from(VALUES), st.integers(0, 255), st.integers(0, 10_000))
def test_framed_changed_byte_gives_no_other_value(value, byte, place):
    whole = bytearray(said(value))
    whole[place % len(whole)] = byte
    with contextlib.suppress(answers.NoAnswer):
        assert answers.framed(bytes(whole)) in ([], [value])


@pytest.mark.parametrize("text", [b"", b"7\r\n", b"<object at 0x1>", b"'\xff\xfe'", b"[" * 5000])
def test_framed_without_frame_is_empty(text):
    assert answers.framed(text) == []


@pytest.mark.parametrize(
    "data", [b"<object at 0x1>", b"\xff\xfe", b"", b"[" * 5000, b"f()", b"1+x", rb"'\<'", b"1is 2"]
)
def test_framed_that_is_no_literal_raises(data):
    frame = b"<spikelet %d %d %s >" % (len(data), sum(data), data)
    with pytest.raises(answers.NoAnswer, match="is no literal"):
        answers.framed(frame)


SIZE = range(100)


@pytest.mark.parametrize(
    ("value", "shape", "does"),
    [
        (5, SIZE, True),
        (-1, SIZE, False),
        (100, SIZE, False),
        (True, SIZE, False),
        (True, int, False),
        (1, bool, False),
        (None, {str, None}, True),
        (("a", 1), (str, int), True),
        (("a", 1, 2), (str, int), False),
        ("ab", (str, str), False),
        ([("a", 1)], [(str, SIZE)], True),
        ([("a", -1)], [(str, SIZE)], False),
        ({"a": "b"}, {str: str}, True),
        ({"a": 1}, {str: str}, False),
        (["a"], {str: str}, False),
    ],
)
def test_fits_compares_type_length_and_range(value, shape, does):
    assert answers.fits(value, shape) is does


def test_ask_with_other_shape_is_error_that_quotes():
    class Repl:
        def eval(self, expression):
            return ("\x1b[2J", None)

    with pytest.raises(SpikeletError, match=r"answered '\('.*x1b\[2J', None\)' to 'answer\(\)'"):
        answers.ask(Repl(), "answer()", (str, str))
