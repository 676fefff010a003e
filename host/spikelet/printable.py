"""Escapes text from boards and files, so that it cannot control a terminal."""

from __future__ import annotations

import unicodedata

# Characters in a message that quotes a board.
QUOTED = 80
# Joiners are part of words and emoji, although they are not printable alone.
JOINERS = "\u200c\u200d"
LAYOUT = "\n\t"


def printable(text: str, *, most: int = 0, layout: bool = False) -> str:
    """Return text with its control characters escaped, such as \\x1b.

    Parameters
    ----------
    text : str
    most : int
        Characters of the result before it is cut; 0 for no limit.
    layout : bool
        Whether line breaks and tabulators stay.
    """
    if not text.isprintable():
        text = "".join(map(_shown_with_layout if layout else _shown, text))
    return text[:most] + "..." if most and len(text) > most else text


def quoted(data: bytes | str, most: int = QUOTED) -> str:
    """Return the beginning of a board's text in quotes, on one line and with escapes."""
    # A long flood is not decoded as a whole.
    data = data[: 4 * most]
    text = data if isinstance(data, str) else data.decode(errors="backslashreplace")
    return f"'{printable(text.strip(), most=most)}'"


def _shown(character: str) -> str:
    """Return a character, or its escape if a terminal would obey it or not show it."""
    if character.isprintable() or character in JOINERS:
        return character
    if unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode()


def _shown_with_layout(character: str) -> str:
    return character if character in LAYOUT else _shown(character)
