"""Add spikes or membranes to a readout's scores, in plain Python."""

from array import array

from spikert.loops import SCORES_AT, SCORES_CLASSES, SIGN


def add_spikes(scores, events, count):
    """Add one for each neuron listed."""
    at = scores[SCORES_AT]
    for k in range(count):
        scores[at + events[k]] += 1


def follow(layer, scores):
    """Raise each score to the layer's membrane if that is larger."""
    at, v = scores[SCORES_AT], array("h", bytes(layer.membranes()))
    for j in range(scores[SCORES_CLASSES]):
        membrane = v[j] + SIGN
        if membrane > scores[at + j]:
            scores[at + j] = membrane
