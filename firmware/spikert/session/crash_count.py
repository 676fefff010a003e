"""How often in a row the network was started and did not run for long.

It is counted before it starts, so that what hangs, resets the board or draws too much counts as well.
Where code may not write files, as on a CircuitPython board whose drive a computer has, the count is
kept in the chip's own memory, where there is some.
"""

import os

from spikert import compat
from spikert.session import compat_boot

TRIES = 3
SETTLED = 5_000_000  # microseconds after which a start has succeeded
TURNS = 100  # or so many turns, where there is no clock


class CrashCount:
    """The count, kept over resets.

    count     int, of starts in a row that did not succeed
    reason    str, what the last of them ended with, if it could say
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
        """Keep why it ended."""
        self.reason = reason
        self._keep()

    def succeed(self):
        """Count anew."""
        if self.count:
            self.count, self.reason = 0, ""
            self._keep()

    def turn(self):
        """Take notice of a turn; enough of them are a success."""
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
        if compat_boot.kept_number():  # of a time when there could be no file
            compat_boot.keep_number(0)
