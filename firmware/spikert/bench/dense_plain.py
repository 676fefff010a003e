"""Read the sums that the plain kernel holds, for dense.py."""


def requantising(layer, bias, scaling, out):
    """Return a function that writes the outputs of a layer into out u8[neurons]."""
    factor, shift = scaling
    half = 1 << shift >> 1

    def requantise():
        for j in range(layer.neurons):
            y = ((layer.sums[j] + bias[j]) * factor + half) >> shift
            out[j] = min(255, max(0, y))

    return requantise


def choosing(layer, bias):
    """Return a function that returns the index of the largest v; the lowest wins a tie."""

    def largest():
        best = 0
        for j in range(layer.neurons):
            if layer.sums[j] + bias[j] > layer.sums[best] + bias[best]:
                best = j
        return best

    return largest


def chain(steps, hold, choose):
    """Return a function that takes x through all layers: (hold, end, out) of each, then the last."""

    def answer(x):
        for take, end, out in steps:
            take(x)
            end()
            x = out
        hold(x)
        return choose()

    return answer
