"""The one kind of error that a user can mend, and those of boards that may come back."""


class SpikeletError(Exception):
    """Something the user can mend.

    Its text is one sentence: what failed, the value, its limit, what to try.
    """


class BoardGone(SpikeletError):
    """A board went away, fell silent or was reset; it can be opened anew when it is back."""


class NotThere(BoardGone):
    """A port that cannot be opened at present."""
