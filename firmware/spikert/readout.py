"""Spikes and membranes of the last layer to an answer; the lowest index wins a tie."""


class Readout:
    """The class with the largest spike `count`, `max` membrane over the window or `last` membrane.

    A membrane is read after the step's reset. Source: the design's integer neuron.
    """

    def __init__(self, kind, classes):
        self.kind = kind
        self.scores = [0 for _ in range(classes)]
        self.fresh = True

    def start(self):
        """Begin a window."""
        self.fresh = True
        for j in range(len(self.scores)):
            self.scores[j] = 0

    def step(self, layer, fired):
        """Take in the last layer's state after a step in which `fired` of its neurons fired."""
        scores = self.scores
        if self.kind == "count":
            for k in range(fired):
                scores[layer.events[k]] += 1
            return
        newest = self.fresh or self.kind == "last"
        self.fresh = False
        for j in range(len(scores)):
            v = layer.v[j]
            if newest or v > scores[j]:
                scores[j] = v

    def answer(self):
        """Return the index of the class with the largest score."""
        scores = self.scores
        best = 0
        for j in range(1, len(scores)):
            if scores[j] > scores[best]:
                best = j
        return best
