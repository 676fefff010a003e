"""Multiplying in viper, as bench_dense.py needs it.

The three hottest variables, which viper keeps in registers, come first; eight products are written
out, for then their offsets cost nothing.
"""

import micropython

from spikert.bench_dense import padded

LAYOUT = "rows"  # of each neuron u8[padded(inputs)], biased


class Multiply:
    """Sums of x times the weights of each neuron."""

    def __init__(self, inputs, neurons, weights):
        self.eights, self.neurons, self.weights = padded(inputs) // 8, neurons, weights

    def __call__(self, x, sums):
        """Put them into sums i32[neurons]; return what is to be added to each."""
        return _multiply(0, 0, 0, self.weights, x, sums, self.eights, self.neurons)


@micropython.viper
def _multiply(
    at: int, i: int, total: int, weights: ptr8, x: ptr8, sums: ptr32, eights: int, neurons: int
) -> int:
    at = int(weights)
    for j in range(neurons):
        total = 0
        i = int(x)
        left = eights
        while left:
            total += ptr8(at)[0] * ptr8(i)[0]
            total += ptr8(at)[1] * ptr8(i)[1]
            total += ptr8(at)[2] * ptr8(i)[2]
            total += ptr8(at)[3] * ptr8(i)[3]
            total += ptr8(at)[4] * ptr8(i)[4]
            total += ptr8(at)[5] * ptr8(i)[5]
            total += ptr8(at)[6] * ptr8(i)[6]
            total += ptr8(at)[7] * ptr8(i)[7]
            at += 8
            i += 8
            left -= 1
        sums[j] = total
    total = 0
    for k in range(8 * eights):
        total += x[k]
    return 0 - (total << 7)


@micropython.viper
def largest(sums: ptr32, scaling: ptr32) -> int:
    """Return the index of the largest of the sums i32[neurons]; the lowest wins a tie."""
    best = 0
    most = sums[0] + scaling[4]
    for j in range(scaling[3]):
        if sums[j] + scaling[4 + j] > most:
            most = sums[j] + scaling[4 + j]
            best = j
    return best


@micropython.viper
def requantise(sums: ptr32, out: ptr8, scaling: ptr32, more: int):
    """Put the outputs of the sums and `more` into out u8[neurons]."""
    before = scaling[0]
    factor = scaling[1]
    shift = scaling[2]
    neurons = scaling[3]
    half = 1 << shift >> 1
    bias = ptr32(int(scaling) + 16)
    for j in range(neurons):
        y = (((sums[j] + bias[j] + more) >> before) * factor + half) >> shift
        if y < 0:
            y = 0
        if y > 255:
            y = 255
        out[j] = y
