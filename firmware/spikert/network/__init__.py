"""A network on the board: an encoder, layers of one kernel, a readout."""

from array import array

from spikert.emitters import fastest_form
from spikert.network.readout import Readout


class Network:
    """Runs samples step by step; see tables.py for how long its state lasts.

    Once it is made, a sample allocates nothing unless the kernel does.

    Made from tables.Tables, whose bytes its layers keep, and a module of kernels/.

    layers    list of the kernel's Layer
    fired     array i32, how many neurons of each layer fired in the last step; which ones is in
              the layer's `events`
    steps     int, T, of each sample
    hop       int, samples from one answer of a stream to the next; 0 in a static network
    turn      int, samples from one answer to the next
    size      int, bytes of a sample's readings: u8[channels], or i16[channels] where they are scaled
    step      function: step(steps) takes every layer through so many steps, in order
    answer    function: returns the index of the class that is the answer
    Raises MemoryError where the layers' states do not fit.
    """

    def __init__(self, tables, kernel):
        self.layers = [kernel.Layer(table) for table in tables.layers]
        self.fired = array("i", [0 for _ in self.layers])
        self.steps, self.hop, self.turn = tables.steps, tables.hop, tables.hop or 1
        hops = tables.window // tables.hop if tables.hop else 1
        self.readout = Readout(tables.readout, self.layers[-1], len(tables.classes), hops)
        self.encoder = self.scaling = None
        if tables.encoder != "direct":
            from spikert import encoders  # for modules take memory, and not every network needs all

            self.encoder = encoders.make(tables)
        if tables.scales:
            from spikert.network.scaling import Scaling

            self.scaling = Scaling(tables)
        self.size = tables.channels * (2 if self.scaling else 1)
        chain = kernel if hasattr(kernel, "chain") else fastest_form("loops.chain")
        advance, self.restart = chain.chain(self.layers, self.fired, self.readout)
        self._bind(advance, tables.channels)

    def _bind(self, advance, channels):
        """Make functions of what a sample takes: what only passes calls on costs none itself."""
        loops = fastest_form("loops.running")
        self.step = loops.stepping(self.encoder, advance)
        self.answer = self.readout.answer
        if self.encoder or self.scaling:
            self.x = bytearray(channels)
            self.copy = fastest_form("loops.inputs").copy
        else:
            self.take = self.layers[0].hold  # type: ignore[method-assign]
        if not self.encoder:
            self.start = self.restart  # type: ignore[method-assign]
        if not self.hop:
            parts = self.start, self.take, self.step, self.answer, self.steps
            self.run = loops.running(parts)  # type: ignore[method-assign]

    def start(self):
        """Start all state again."""
        self.restart()
        if self.encoder:
            self.encoder.start()

    def take(self, readings):
        """Begin the next sample, the bytes of its readings; its steps are to follow."""
        if self.scaling:
            self.scaling.apply(readings, self.x)
        else:
            self.copy(self.x, readings, self.size)
        if self.encoder:
            self.encoder.take(self.x)
        else:
            self.layers[0].hold(self.x)

    def run(self, readings):
        """Run a turn, given the bytes of all its readings; return its answer.

        A static network starts again before it, a stream goes on.
        """
        view, size, steps = memoryview(readings), self.size, self.steps
        for first in range(0, len(view), size):
            self.take(view[first : first + size])
            self.step(steps)
        return self.answer()
