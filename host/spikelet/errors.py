"""The one kind of error that a user can mend."""


class SpikeletError(Exception):
    """Something the user can mend.

    Its text is one sentence: what failed, the value, its limit, what to try.
    """
