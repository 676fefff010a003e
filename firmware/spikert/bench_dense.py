"""An int8 network without spikes, for `spikelet bench` to compare a spiking one with.

Every layer multiplies all its inputs u8 with its weights int8, adds up in 32 bits, and requantises:

    y = min(255, max(0, (((bias + sum of x * w) >> before) * factor + half) >> shift))

The last one does not: its largest sum is the answer. host/spikelet/dense_network.py makes them. Source:
Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference (2018), sec. 2.
"""

from array import array

from spikert.compat import const

WEIGHT_BIAS = const(128)  # added to each weight, so that bytes without a sign hold them


class Dense:
    """A chain of such layers.

    kernel    name of the module bench_NAME that multiplies
    layers    (inputs, neurons, weights, bias, before, factor, shift) of each: weights are bytes in
              the module's LAYOUT, bias an i32 for each neuron; a factor of 0 does not requantise
    Raises ImportError or SyntaxError where this interpreter lacks what the module needs.
    """

    def __init__(self, kernel, layers):
        module = getattr(__import__("spikert.bench_" + kernel), "bench_" + kernel)
        self.layers = [Layer(module, *layer) for layer in layers]
        self.x = bytearray(padded(layers[0][0]))
        self.inputs = layers[0][0]

    def answer(self, x):
        """Return the index of the largest sum for x u8[inputs]; the lowest wins a tie."""
        values = self.x
        values[: self.inputs] = x
        for layer in self.layers:
            values = layer.run(values)
        return values


class Layer:
    """One layer; `run` takes x u8[padded(inputs)], and returns y alike or, of the last, the answer."""

    def __init__(self, module, inputs, neurons, weights, bias, before, factor, shift):
        self.multiply = module.Multiply(inputs, neurons, weights)
        self.requantise, self.largest = module.requantise, module.largest
        self.sums = array("i", [0 for _ in range(padded(neurons))])
        self.out = bytearray(padded(neurons))
        self.scaling = array("i", [before, factor, shift, neurons] + list(bias))

    def run(self, x):
        """Return the outputs."""
        more = self.multiply(x, self.sums)
        if self.scaling[1]:
            self.requantise(self.sums, self.out, self.scaling, more)
            return self.out
        return self.largest(self.sums, self.scaling)


def padded(count):
    """Return a count of inputs or neurons, rounded up to a multiple of 8."""
    return (count + 7) & -8
