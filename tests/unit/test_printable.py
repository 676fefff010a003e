"""Test that text from boards and files cannot control a terminal or be read as markup."""

import pytest

from spikelet.output import Output
from spikelet.printable import QUOTED, printable, quoted

TITLE = "\x1b]0;TITLE\x07\x1b[2J"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("größe 5 日本 👍", "größe 5 日本 👍"),
        (TITLE, r"\x1b]0;TITLE\x07\x1b[2J"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\udcff", r"\udcff"),
        ("a\u3000b\u200dc", "a\u3000b\u200dc"),
        ("[/red]", "[/red]"),
    ],
)
def test_printable_escapes_only_control_characters(text, shown):
    assert printable(text) == shown


def test_printable_cuts_and_keeps_layout():
    assert printable("abcdef", most=3) == "abc..."
    assert printable("a\n\tb\x1b", layout=True) == "a\n\tb\\x1b"


def test_quoted_bytes_are_escaped_and_cut():
    assert quoted(b"\xff\x1b[31m\r\n") == r"'\xff\x1b[31m'"
    assert quoted(b"x" * 10_000_000) == f"'{'x' * QUOTED}...'"


@pytest.mark.parametrize("show", ["say", "warn", "log", "table", "fail"])
@pytest.mark.parametrize("text", [TITLE, "spikelet/[/red]x.txt", "[bold]y", ":smile:"])
def test_output_shows_names_as_they_are(capsys, show, text):
    output = Output()
    if show == "table":
        output.table(("file", "bytes"), [(text, 5)])
    elif show == "fail":
        output.fail(text, text)
    else:
        getattr(output, show)(text)
    shown = "".join(capsys.readouterr())
    assert printable(text) in shown
    assert "\x1b" not in shown
