"""Add spikes or membranes to a readout's scores, in MicroPython's native emitter."""

import micropython

from spikert.loops import SCORES_AT, SCORES_CLASSES, SIGN


@micropython.viper
def add_spikes(scores: ptr32, events: ptr16, count: int):
    """Add one for each neuron listed."""
    at = scores[SCORES_AT]
    while count:
        count -= 1
        j = at + events[count]
        scores[j] = scores[j] + 1


def follow(layer, scores, flip=0):
    """Raise each score to the layer's membrane if that is larger."""
    follow_biased(layer.membranes(), scores, SIGN)


@micropython.viper
def follow_biased(membranes: ptr16, scores: ptr32, flip: int):
    """Raise each score to a membrane u16[], which is biased once the bits of `flip` are inverted."""
    left = scores[SCORES_CLASSES]
    scores = ptr32(int(scores) + 4 * scores[SCORES_AT])
    while left:
        left -= 1
        v = membranes[left] ^ flip
        if v > scores[left]:
            scores[left] = v
