"""Multiplying in plain Python, as bench_dense.py needs it."""

from spikert.bench_dense import WEIGHT_BIAS, padded

LAYOUT = "rows"  # of each neuron u8[padded(inputs)], biased


class Multiply:
    """Sums of x times the weights of each neuron."""

    def __init__(self, inputs, neurons, weights):
        self.inputs, self.neurons, self.weights = inputs, neurons, weights

    def __call__(self, x, sums):
        """Put them into sums i32[neurons]; return what is to be added to each."""
        weights, inputs, at = self.weights, self.inputs, 0
        stride = padded(inputs)
        for j in range(self.neurons):
            total = 0
            for i in range(inputs):
                total += x[i] * (weights[at + i] - WEIGHT_BIAS)
            sums[j] = total
            at += stride
        return 0


def largest(sums, scaling):
    """Return the index of the largest of the sums i32[neurons]; the lowest wins a tie."""
    best = 0
    for i in range(scaling[3]):
        if sums[i] + scaling[4 + i] > sums[best] + scaling[4 + best]:
            best = i
    return best


def requantise(sums, out, scaling, more):
    """Put the outputs of the sums and `more` into out u8[neurons]."""
    before, factor, shift, neurons = scaling[:4]
    half = 1 << shift >> 1
    for j in range(neurons):
        y = (((sums[j] + scaling[4 + j] + more) >> before) * factor + half) >> shift
        out[j] = min(255, max(0, y))
