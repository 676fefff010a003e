"""Numbers to spikes: the encoders. Each turns x u8[channels] into the events of every step.

An encoder is made from the number of channels, the steps of a sample and its parameter, and has

    start()     all state starts again
    take(x)     begin the next sample x u8[channels], which must stay as it is for its steps
    step()      list the inputs that spike in this step in `events`; return how many
    events      u16[], of which so many are valid
    shift       how far the first layer's sum is shifted right in the step just listed
"""

from array import array

from spikert.loops import loops


class Rate:
    """Rate coding: each step adds x to an 8-bit sum, and a carry is a spike; no parameter."""

    shift = 0

    def __init__(self, channels, steps, parameter):
        self.channels = channels
        self.sums = bytearray(channels)
        self.events = array("H", range(channels))

    def start(self):
        """Start every sum at 128."""
        for i in range(len(self.sums)):
            self.sums[i] = 128

    def take(self, x):
        """Begin the next sample."""
        self.x = x

    def step(self):
        """List the inputs that spike; return how many."""
        return loops.rate(self.x, self.sums, self.events, self.channels)


class Bernoulli:
    """Random spikes, each with probability x / 256; the parameter is the seed, not 0.

    The numbers are the upper bytes of a 16-bit xorshift, one for each channel in order and step.
    Source: Marsaglia, Xorshift RNGs, Journal of Statistical Software 8 (2003); shifts 7, 9, 8.
    """

    shift = 0

    def __init__(self, channels, steps, parameter):
        self.channels = channels
        self.seed = parameter
        self.state = array("H", [parameter])
        self.events = array("H", range(channels))

    def start(self):
        """Draw the same random numbers again."""
        self.state[0] = self.seed

    def take(self, x):
        """Begin the next sample."""
        self.x = x

    def step(self):
        """List the inputs that spike; return how many."""
        return loops.draw(self.x, self.state, self.events, self.channels)


class Latency:
    """One spike per channel, the earlier the larger x; none below the parameter."""

    shift = 0

    def __init__(self, channels, steps, parameter):
        self.channels = channels
        self.steps = steps
        self.least = parameter
        self.times = array("H", range(channels))
        self.events = array("H", range(channels))

    def start(self):
        """Do nothing: samples know nothing of each other."""

    def take(self, x):
        """Begin the next sample: set the time of every spike."""
        self.t = 0
        loops.plan(x, self.times, self.steps, self.least, self.channels)

    def step(self):
        """List the inputs that spike; return how many."""
        t = self.t
        self.t = t + 1
        return loops.due(self.times, t, self.events, self.channels)


class Phase:
    """The bits of x, highest first, one in each step; a period's later spikes weigh less.

    The parameter is the period in steps. Source: Kim et al., Deep Neural Networks with Weighted
    Spikes, Neurocomputing 311 (2018).
    """

    def __init__(self, channels, steps, parameter):
        self.channels = channels
        self.period = parameter
        self.events = array("H", range(channels))

    def start(self):
        """Do nothing: samples know nothing of each other."""

    def take(self, x):
        """Begin the next sample, with its highest bits."""
        self.x = x
        self.shift = -1

    def step(self):
        """List the inputs that spike; return how many."""
        self.shift = (self.shift + 1) % self.period
        return loops.bits(self.x, 0x80 >> self.shift, self.events, self.channels)


class Delta:
    """Changes: input 2c when channel c has risen by the parameter, 2c + 1 when it has fallen by it.

    A reference for each channel, the first x at the start, follows by as much with each spike.
    Source: Lichtsteiner, Posch and Delbruck, A 128x128 120 dB 15 us Latency Asynchronous Temporal
    Contrast Vision Sensor, IEEE Journal of Solid-State Circuits 43 (2008), there in logarithms.
    """

    shift = 0

    def __init__(self, channels, steps, parameter):
        self.channels = channels
        self.threshold = parameter
        self.references = bytearray(channels)
        self.events = array("H", range(2 * channels))

    def start(self):
        """Forget the references."""
        self.fresh = True

    def take(self, x):
        """Begin the next sample."""
        self.x = x
        if self.fresh:
            self.references[:] = x
            self.fresh = False

    def step(self):
        """List the inputs that spike; return how many."""
        events, threshold = self.events, self.threshold
        return loops.change(self.x, self.references, events, threshold, self.channels)


def make(tables):
    """Return the encoder that the tables ask for, or None for direct, which makes no spikes."""
    encoders = {
        "rate": Rate,
        "bernoulli": Bernoulli,
        "latency": Latency,
        "phase": Phase,
        "delta": Delta,
    }
    if tables.encoder == "direct":
        return None
    return encoders[tables.encoder](tables.channels, tables.steps, tables.parameter)
