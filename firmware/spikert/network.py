"""A network on the board: an encoder, layers of one kernel, a readout."""

from spikert import encode
from spikert.loops import loops
from spikert.readout import Readout
from spikert.scaling import Scaling


class Network:
    """Runs samples step by step; see tables.py for how long its state lasts.

    Once it is made, a sample allocates nothing unless the kernel does.

    tables    tables.Tables
    kernel    module of kernels/
    layers    list of the kernel's Layer
    fired     list of int: how many neurons of each layer fired in the last step; which ones is in
              the layer's `events`
    turn      int, samples from one answer to the next
    size      int, bytes of a sample's readings: u8[channels], or i16[channels] where they are scaled
    plan      what loops.step goes through: the encoder, (k, step, layer) of each layer k, `fired`,
              then of the readout its scores, whether it counts and whether it follows, the last
              layer and that layer's `peek`, if it has one
    Raises MemoryError where the layers' states do not fit.
    """

    def __init__(self, tables, kernel):
        self.tables = tables
        self.layers = [kernel.Layer(table) for table in tables.layers]
        self.fired = [0 for _ in self.layers]
        self.encoder = encode.make(tables)
        self.turn = tables.hop or 1
        hops = tables.window // tables.hop if tables.hop else 1
        self.readout = Readout(tables.readout, self.layers[-1], len(tables.classes), hops)
        self.scaling = Scaling(tables) if tables.scales else None
        self.size = tables.channels * (2 if self.scaling else 1)
        self.x = bytearray(tables.channels)
        chain = tuple([(k, layer.step, layer) for k, layer in enumerate(self.layers)])
        out, last = self.readout, self.layers[-1]
        peek = getattr(last, "peek", None)
        how = (out.scores, out.counts, out.follows, last, peek)
        self.plan = (self.encoder, chain, self.fired) + how
        # bound here, what only passes calls on costs none itself
        self.answer = self.readout.answer
        if not self.scaling and not self.encoder:
            self.take = self.layers[0].hold  # type: ignore[method-assign]

    step = loops.step

    def start(self):
        """Start all state again."""
        for layer in self.layers:
            layer.reset()
        self.readout.start()
        if self.encoder:
            self.encoder.start()

    def take(self, readings):
        """Begin the next sample, the bytes of its readings; its steps are to follow."""
        if self.scaling:
            self.scaling.apply(readings, self.x)
        else:
            loops.copy(self.x, readings, self.size)
        if self.encoder:
            self.encoder.take(self.x)
        else:
            self.layers[0].hold(self.x)
