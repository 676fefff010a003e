"""Read the sums that the viper kernel holds, for dense.py."""

import micropython

from spikert.loops import SIGN


@micropython.native
def requantising(layer, bias, scaling, out):
    """Return a function that writes the outputs of a layer into out u8[neurons]."""
    parts = layer.parts[4], bias, scaling, out, layer.neurons

    @micropython.native
    def requantise():
        sums, bias, scaling, out, neurons = parts
        _requantise(sums, bias, scaling, out, neurons)

    return requantise


@micropython.native
def choosing(layer, bias):
    """Return a function that returns the index of the largest v; the lowest wins a tie."""
    parts = layer.parts[4], bias, layer.neurons

    @micropython.native
    def largest():
        sums, bias, neurons = parts
        return _largest(sums, bias, neurons)

    return largest


@micropython.native
def chain(steps, hold, choose):
    """Return a function that takes x through all layers: (hold, end, out) of each, then the last."""

    @micropython.native
    def answer(x):
        for take, end, out in steps:
            take(x)
            end()
            x = out
        hold(x)
        return choose()

    return answer


@micropython.viper
def _requantise(sums: ptr16, bias: ptr16, scaling: ptr32, out: ptr8, neurons: int):
    """Requantise sums u16[], biased, with biases i16[]."""
    factor = scaling[0]
    shift = scaling[1]
    half = 1 << shift >> 1
    sign = SIGN
    for j in range(neurons):
        y = ((sums[j] - sign + ((bias[j] ^ sign) - sign)) * factor + half) >> shift
        if y < 0:
            y = 0
        if y > 255:
            y = 255
        out[j] = y


@micropython.viper
def _largest(sums: ptr16, bias: ptr16, neurons: int) -> int:
    best = 0
    most = -0x20000
    sign = SIGN
    for j in range(neurons):
        v = sums[j] - sign + ((bias[j] ^ sign) - sign)
        if v > most:
            most = v
            best = j
    return best
