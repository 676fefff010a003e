"""Errors that a user can fix, and those of boards that may come back."""


class SpikeletError(Exception):
    """A failure that the user can fix.

    Its text is one sentence: the failure, the value, its limit, and a remedy.
    """


class BoardGone(SpikeletError):
    """A board was unplugged, fell silent or was reset; it can be opened again when it is back."""


class NotThere(BoardGone):
    """A port that cannot be opened at the moment."""
