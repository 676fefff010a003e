"""A network on the board: an encoder, layers of one kernel, a readout."""

from array import array

from spikert import encode
from spikert.readout import Readout
from spikert.scaling import Scaling


class Network:
    """Runs samples step by step; see tables.py for how long its state lasts.

    tables    tables.Tables
    kernel    module of kernels/
    layers    list of the kernel's Layer
    fired     list of int: how many neurons of each layer fired in the last step; which ones is in
              the layer's `events`
    turn      int, samples from one answer to the next
    size      int, bytes of a sample's readings: u8[channels], or i16[channels] where they are scaled
    Raises MemoryError where the layers' states do not fit.
    """

    def __init__(self, tables, kernel):
        self.tables = tables
        self.layers = [kernel.Layer(table) for table in tables.layers]
        self.fired = [0 for _ in self.layers]
        self.encoder = encode.make(tables)
        self.turn = tables.hop or 1
        hops = tables.window // tables.hop if tables.hop else 1
        self.readout = Readout(tables.readout, len(tables.classes), hops)
        self.scaling = Scaling(tables) if tables.scales else None
        self.size = tables.channels * (2 if self.scaling else 1)
        self.x = bytearray(tables.channels)

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
            self.scaling.apply(array("h", bytes(readings)), self.x)
        else:
            self.x[:] = readings
        if self.encoder:
            self.encoder.take(self.x)
        else:
            self.layers[0].hold(self.x)

    def step(self):
        """Run every layer once, in order, on the spikes its predecessor made in this step."""
        encoder, fired = self.encoder, self.fired
        events, count, shift = None, 0, 0
        if encoder:
            count = encoder.step()
            events, shift = encoder.events, encoder.shift
        for k in range(len(fired)):
            layer = self.layers[k]
            fired[k] = count = layer.step(events, count, shift)
            events, shift = layer.events, 0
        self.readout.step(layer, count)

    def answer(self):
        """Return the index of the class that the window's steps speak for, and go on to the next hop."""
        return self.readout.answer()
