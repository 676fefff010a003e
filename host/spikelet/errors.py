"""Errors that a user can fix, by kind; each kind has an exit status of the command.

The library raises the same classes. A program that calls Spikelet catches the class, and a shell
script or a CI job reads the exit status.
"""

# Exit statuses of a command: its work succeeded, or it failed or found a difference.
RIGHT, FAILED = 0, 1


class SpikeletError(Exception):
    """A failure that the user can fix, such as work that did not succeed.

    Its text is one sentence: the failure, the value, its limit, and a remedy.

    Attributes
    ----------
    status : int
        Exit status of the command.
    """

    status = FAILED


class UsageError(SpikeletError):
    """A wrong option, value or name of a file."""

    status = 2


class BoardError(SpikeletError):
    """No board, a busy one, or one that does not answer."""

    status = 3


class BoardGone(BoardError):
    """A board was unplugged, fell silent or was reset; it can be opened again when it is back."""


class NotThere(BoardGone):
    """A port that cannot be opened at the moment."""


class RefusedInput(SpikeletError):
    """A file or an array whose content is damaged, contradictory, or more than Spikelet can take."""

    status = 4
