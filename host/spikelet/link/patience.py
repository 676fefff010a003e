"""Counts the time that the host waits for a board without progress."""

from __future__ import annotations

from spikelet.boards.timeouts import TIMEOUT_S

# Seconds that count at most between two looks at a board: more means that the host was stopped.
LONGEST_LOOK = 0.1
# Times the limit within which an awaited turn must be complete, however many parts of it arrive.
UNFINISHED = 10


class Patience:
    """The seconds that the host has looked at a board since it last made progress.

    Bytes are no progress, only awaited content is. Time in which the host itself was stopped, as by
    Ctrl-Z, hardly counts.

    Attributes
    ----------
    limit : float
        Seconds without progress before the host gives up.
    idle : float
        Seconds since the last awaited part.
    unfinished : float
        Seconds since the last complete answer.
    """

    def __init__(self, limit: float = TIMEOUT_S) -> None:
        self.limit = limit
        self.idle = self.unfinished = 0.0

    def look(self, seconds: float) -> float:
        """Count the seconds since the last look at the board; return how many counted."""
        counted = min(seconds, LONGEST_LOOK)
        self.idle += counted
        self.unfinished += counted
        return counted

    def progress(self) -> None:
        """Begin anew because an awaited part arrived."""
        self.idle = 0.0

    def finish(self) -> None:
        """Begin anew because an answer is complete."""
        self.idle = self.unfinished = 0.0

    @property
    def is_over(self) -> bool:
        """Whether the host gives up."""
        return self.idle >= self.limit or self.unfinished >= UNFINISHED * self.limit
