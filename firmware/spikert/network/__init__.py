"""Run a network on the board: an encoder, layers of one kernel, a readout."""

from array import array

from spikert.emitters import fastest_form
from spikert.network.readout import Readout


class Network:
    """Runs samples step by step; tables.py defines how long its state lasts.

    After the constructor a sample allocates no memory, unless the kernel does.

    Parameters
    ----------
    tables : tables.Tables, whose bytes the layers keep
    kernel : a module of kernels/

    Attributes
    ----------
    layers : list of the kernel's Layer
    fired : array i32, number of neurons of each layer that fired in the last step; the layer's `events`
        lists them
    steps : int, T, of each sample
    hop : int, samples from one answer of a stream to the next; 0 in a static network
    turn : int, samples from one answer to the next
    size : int, bytes of a sample's readings: u8[channels], or i16[channels] if they are scaled
    step : function: step(steps) takes every layer through `steps` steps, in order
    answer : function: returns the index of the class that is the answer

    Raises
    ------
    MemoryError
        If the layers' states do not fit.
    """

    def __init__(self, tables, kernel):
        self.layers = [kernel.Layer(table) for table in tables.layers]
        self.fired = array("i", [0 for _ in self.layers])
        self.steps, self.hop, self.turn = tables.steps, tables.hop, tables.hop or 1
        hops = tables.window // tables.hop if tables.hop else 1
        self.readout = Readout(tables.readout, self.layers[-1], len(tables.classes), hops)
        self.encoder = self.scaling = None
        if tables.encoder != "direct":
            # A module takes memory, and a network needs only one encoder.
            from spikert import encoders

            self.encoder = encoders.make(tables)
        if tables.scales:
            from spikert.network.scaling import Scaling

            self.scaling = Scaling(tables)
        self.size = tables.channels * (2 if self.scaling else 1)
        chain = kernel if hasattr(kernel, "chain") else fastest_form("loops.chain")
        advance, self.restart = chain.chain(self.layers, self.fired, self.readout)
        self._bind(advance, tables.channels)

    def _bind(self, advance, channels):
        """Bind the methods of the inner loop once, so that delegation costs no call."""
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
        """Reset all state."""
        self.restart()
        if self.encoder:
            self.encoder.start()

    def take(self, readings):
        """Start the next sample, given the bytes of its readings; its steps follow."""
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

        A static network starts again before it; a stream continues.
        """
        view, size, steps = memoryview(readings), self.size, self.steps
        for first in range(0, len(view), size):
            self.take(view[first : first + size])
            self.step(steps)
        return self.answer()
