"""A network on the board: an encoder, layers of one kernel, a readout."""

from spikert import encode
from spikert.readout import Readout


class Network:
    """Runs samples step by step.

    tables    tables.Tables
    kernel    module of kernels/
    layers    list of the kernel's Layer
    fired     list of int: how many neurons of each layer fired in the last step; which ones is in
              the layer's `events`
    Raises MemoryError where the layers' states do not fit.
    """

    def __init__(self, tables, kernel):
        self.tables = tables
        self.layers = [kernel.Layer(table) for table in tables.layers]
        self.fired = [0 for _ in self.layers]
        self.encoder = encode.make(tables)
        self.readout = Readout(tables.readout, len(tables.classes))

    def start(self, x):
        """Begin a sample x u8[inputs]: all state starts again."""
        for layer in self.layers:
            layer.reset()
        self.readout.start()
        if self.encoder:
            self.encoder.start(x)
        else:
            self.layers[0].hold(x)

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
        """Return the index of the class that the window's steps speak for."""
        return self.readout.answer()
