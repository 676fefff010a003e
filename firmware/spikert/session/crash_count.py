"""Count the starts in a row that crashed before the network had run for long.

A start is counted before it happens, so a hang, a reset or too large a current counts as well. Code
cannot write files on a CircuitPython board whose drive a computer uses. There the count is stored in
the chip's own memory, if it has one.
"""

import os

from spikert import compat
from spikert.session import compat_boot

TRIES = 3
# Microseconds after which a start has succeeded.
SETTLED = 5_000_000
# Turns after which a start has succeeded, if the board has no clock.
TURNS = 100


class CrashCount:
    """The number of failed starts, which survives resets.

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

    def begin(self):
        """Count a start."""
        self.count += 1
        self._keep()
        self.began = compat.ticks_us() if compat.CLOCK else 0
        self.turns = 0

    def fail(self, reason):
        """Store the reason of a crash."""
        self.reason = reason
        self._keep()

    def succeed(self):
        """Set the count to 0."""
        if self.count:
            self.count, self.reason = 0, ""
            self._keep()

    def turn(self):
        """Count a finished turn; after enough of them the start has succeeded."""
        if self.count:
            self.turns += 1
            if compat.CLOCK:
                long = compat.ticks_diff(compat.ticks_us(), self.began) >= SETTLED
            else:
                long = self.turns >= TURNS
            if long:
                self.succeed()

    def _keep(self):
        try:
            if self.count:
                with open(self.path, "w") as file:
                    file.write("%d\n%s" % (self.count, self.reason))
            elif compat_boot.exists(self.path):
                os.remove(self.path)
        except OSError:
            compat_boot.keep_number(self.count)
            return
        # A start that could not write a file stored it there.
        if compat_boot.kept_number():
            compat_boot.keep_number(0)
