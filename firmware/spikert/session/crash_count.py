"""Count the starts in a row that crashed before the network had run for long.

A crash is an error, or a reset that the chip reports as one of its own, such as a watchdog's. A power
cut is none. A start writes nothing unless the last one crashed. Code cannot write files on a
CircuitPython board whose drive a computer uses. There the count is stored in the chip's own memory, if
it has one.
"""

import os

from spikert import compat
from spikert.session import compat_boot

TRIES = 3
# Milliseconds after which a start has succeeded.
SETTLED = 5_000
# Turns after which a start has succeeded, if the board has no clock.
TURNS = 100


class CrashCount:
    """The number of failed starts, which survives resets and power cuts.

    Attributes
    ----------
    count : int, starts in a row that failed
    reason : str, the error of the last of them, if known
    """

    path = "spikelet/starts"

    def __init__(self):
        self.count, self.reason = compat_boot.kept_number(), ""
        try:
            with open(self.path) as file:
                count, _, self.reason = file.read().partition("\n")
            self.count = int(count)
        except (OSError, ValueError):
            pass
        self.begin()

    def power_up(self):
        """Count the reset that ended the last start, if the chip reports a crash."""
        if self.count < TRIES and compat_boot.crashed():
            self._store(self.count + 1, "the chip was reset, as by a watchdog")

    def begin(self):
        """Note the time of a start."""
        self.began = compat_boot.ticks_ms() if compat.CLOCK else 0
        self.turns = 0

    def fail(self, reason):
        """Count a crash, and store its reason."""
        self._store(1 if self._settled() else self.count + 1, reason)

    def succeed(self):
        """Set the count to 0."""
        self._store(0, "")

    def turn(self):
        """Count a finished turn; after enough time the start has succeeded."""
        if self.count:
            self.turns += 1
            if self._settled():
                self.succeed()

    def _settled(self):
        """Return whether this start has run for long."""
        if not compat.CLOCK:
            return self.turns >= TURNS
        passed = compat.ticks_diff(compat_boot.ticks_ms(), self.began)
        # Below 0 after more than half of the clock's range, which is days.
        return not 0 <= passed < SETTLED

    def _store(self, count, reason):
        """Store the count and the reason, unless they are stored already."""
        if (count, reason) == (self.count, self.reason):
            return
        self.count, self.reason = count, reason
        try:
            if count:
                with open(self.path, "w") as file:
                    file.write("%d\n%s" % (count, reason))
            elif compat_boot.exists(self.path):
                os.remove(self.path)
        except OSError:
            compat_boot.keep_number(count)
            return
        # A start that could not write a file stored it there.
        if compat_boot.kept_number():
            compat_boot.keep_number(0)
