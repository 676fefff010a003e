"""Changes of each input."""

from array import array

from spikert.emitters import fastest_form

bound, loops = fastest_form("loops.running").bound, fastest_form("loops.inputs")


class Encoder:
    """Changes: input 2c if channel c has risen by the parameter, 2c + 1 if it has fallen by it.

    A channel's reference is its first x at the start, and follows by the parameter with each spike.
    Source: Lichtsteiner, Posch and Delbruck, A 128x128 120 dB 15 us Latency Asynchronous Temporal
    Contrast Vision Sensor, IEEE Journal of Solid-State Circuits 43 (2008), there in logarithms.
    """

    def __init__(self, channels, steps, parameter):
        self.numbers, self.x = array("H", (parameter, channels)), None
        self.references = bytearray(channels)
        self.shifts = array("H", (0,))
        self.events = array("H", range(2 * channels))

    def start(self):
        """Forget the references."""
        self.fresh = True

    def take(self, x):
        """Start the next sample."""
        # Bind the arguments of a step once.
        if x is not self.x:
            self.x = x
            self.step = bound(loops.change, x, self.references, self.events, self.numbers)
        if self.fresh:
            self.references[:] = x
            self.fresh = False
