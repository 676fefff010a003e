"""What each step gives to a readout's scores, in plain Python."""

from array import array

from spikert.compat import const

_CLASSES = const(0)  # of a readout's scores, see __init__.py
_AT = const(3)
_SIGN = const(0x8000)


def add_spikes(scores, events, count):
    """Add one for each neuron listed."""
    at = scores[_AT]
    for k in range(count):
        scores[at + events[k]] += 1


def follow(layer, scores):
    """Replace each score by the layer's membrane where that is larger."""
    at, v = scores[_AT], array("h", bytes(layer.membranes()))
    for j in range(scores[_CLASSES]):
        membrane = v[j] + _SIGN
        if membrane > scores[at + j]:
            scores[at + j] = membrane
