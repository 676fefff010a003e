"""Limits the text of a board that is shown, and counts the rest."""

from __future__ import annotations

import time
from collections.abc import Callable

# Characters of text that are shown at once, and more of them each second.
SHOWN = 8192
SHOWN_PER_SECOND = 100


class BoardText:
    """A log that shows a flood of text in part.

    Attributes
    ----------
    characters : int
        Characters of text so far, with those left out.
    last : str
        Last piece of text.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        """Begin with full allowance; `log` is called with the text to show."""
        self.characters = 0
        self.last = ""
        self._log = log
        self._allowance = float(SHOWN)
        self._filled = time.monotonic()
        self._hidden = 0

    def __call__(self, text: str) -> None:
        """Show text if the allowance permits, else count it."""
        self.characters += len(text)
        self.last = text
        now = time.monotonic()
        refill = SHOWN_PER_SECOND * (now - self._filled)
        self._allowance = min(SHOWN, self._allowance + refill)
        self._filled = now
        if len(text) > self._allowance:
            self._hidden += len(text)
            return
        self.tell()
        self._allowance -= len(text)
        self._log(text)

    def tell(self) -> None:
        """Report the text that was left out since the last report."""
        if self._hidden:
            hidden, self._hidden = self._hidden, 0
            self._log(f"({hidden:,} characters of its text were left out)\n")
