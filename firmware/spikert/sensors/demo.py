"""Make the motions of a demonstration, as an accelerometer of 4 g would read them; it needs no chip.

    motion      str, one of MOTIONS, or a list of them; all by default. Several motions follow each
                other in turn, MOTION_LENGTH samples of each
    take        int, 0..65535: how the motion is done; 0 by default

Equal takes give equal samples on every interpreter. Tilt, pace, strength and noise differ from take
to take, and strength from swing to swing. A g is 8192 units. The rate only sets the pace at which the
samples are read: at 50 a second a circle takes about a second.
"""

from array import array

from spikert.compat import const
from spikert.sensors import one_of, whole

SETTINGS = ("motion", "take")
NAMES = ("ax", "ay", "az")
# Units of a g.
GRAVITY = const(8192)
# Samples of each motion in turn, and the take of the first, which no recording reaches by itself.
MOTION_LENGTH = const(500)
FIRST_TAKE = const(1000)
# Steps of the phase of 16 bits in a sample, and for each axis amplitude and phase of 8 bits.
MOTIONS = (
    ("circle", (1311, 5000, 0, 5000, 64, 800, 0)),
    ("rest", (300, 60, 0, 60, 90, 40, 0)),
    ("shake", (9000, 9000, 0, 1500, 30, 2500, 128)),
    ("wave", (3000, 900, 0, 7000, 0, 2500, 64)),
)


def check(settings):
    """Return the numbers of the motions, and the take.

    Raises
    ------
    ValueError
        If a setting is impossible.
    """
    names = [name for name, _ in MOTIONS]
    chosen = settings.get("motion", names)
    if not isinstance(chosen, (list, tuple)) or not chosen:
        chosen = [chosen]
    numbers = [names.index(one_of({"motion": name}, "motion", None, names)) for name in chosen]
    return numbers, whole(settings, "take", 0, 0, 0xFFFF)


class Sensor:
    """A hand with an accelerometer; see the package's docstring.

    A reading allocates no memory, except for the first of a take.
    """

    channels = 3
    names = NAMES
    # A sample that the board leaves out is not lost: the hand waits.
    waits = True

    def __init__(self, settings):
        self.motions, self.take = check(settings)
        if len(self.motions) > 1:
            self.take += FIRST_TAKE
        self.turn = 0
        self.tilt = array("h", bytes(6))
        self.begin()

    def begin(self):
        """Start a take of the motion: choose tilt, pace and strength."""
        motion = self.motions[self.turn % len(self.motions)]
        self.left = MOTION_LENGTH
        take = (self.take + self.turn) & 0xFFFF
        self.noise = (take * 0x9E37 + motion * 0x79B9 + 1) & 0xFFFF or 1
        for _ in range(8):
            self.draw(1)
        tilt = self.tilt
        tilt[0], tilt[1] = self.draw(1500), self.draw(1500)
        tilt[2] = GRAVITY - 200 + self.draw(200)
        self.shape = MOTIONS[motion][1]
        step = self.shape[0]
        self.step = step + self.draw(step >> 3)
        self.phase = self.draw(0x7FFF) & 0xFFFF
        self.strength = 256 + self.draw(40)
        self.swing = self.strength

    def draw(self, most):
        """Return a pseudo-random number -most..most, from a xorshift of 16 bits."""
        x = self.noise
        x ^= x << 7 & 0xFFFF
        x ^= x >> 9
        x ^= x << 8 & 0xFFFF
        self.noise = x
        return x * (2 * most + 1) // 65536 - most

    def read(self, buffer):
        """Write the next sample into array('h')[3]."""
        if not self.left:
            self.turn += 1
            self.begin()
        self.left -= 1
        self.phase += self.step
        if self.phase > 0xFFFF:
            self.phase &= 0xFFFF
            self.swing = self.strength + self.draw(30)
        shape, i = self.shape, 0
        while i < 3:
            x = (self.phase >> 8) + shape[2 + 2 * i]
            # Two parabolas, within 6 % of a sine, -4096..4096.
            y = (x & 127) * (128 - (x & 127))
            if x & 128:
                y = -y
            y = (shape[1 + 2 * i] * y >> 12) * self.swing >> 8
            buffer[i] = self.tilt[i] + y + self.draw(60) + self.draw(60)
            i += 1

    def close(self):
        """Do nothing, because it has no pins."""
