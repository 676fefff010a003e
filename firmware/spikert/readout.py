"""Spikes and membranes of the last layer to an answer; the lowest index wins a tie."""


class Readout:
    """The class with the largest spike `count`, `max` membrane over the window or `last` membrane.

    A membrane is read after the step's reset. A window is a number of hops, at the end of each of
    which there is an answer; it slides by one of them. Source: the design's integer neuron.

    kind       one of tables.READOUTS
    classes    int, neurons of the last layer
    hops       int, in a window
    """

    def __init__(self, kind, classes, hops):
        self.kind = kind
        if kind == "last":
            hops = 1
        self.scores = [[0 for _ in range(classes)] for _ in range(hops)]  # of each hop
        self.fresh = True  # whether the present hop has seen no step yet
        self.start()

    def start(self):
        """Begin the first window."""
        self.hop = 0  # which of the scores the present one has
        self.full = False  # whether a whole window has passed
        self._begin()

    def step(self, layer, fired):
        """Take in the last layer's state after a step in which `fired` of its neurons fired."""
        scores = self.scores[self.hop]
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
        """Return the index of the class with the largest score, and begin the next hop."""
        hops = len(self.scores) if self.full else self.hop + 1
        best = highest = None
        for j in range(len(self.scores[0])):
            score = self._score(j, hops)
            if best is None or score > highest:
                best, highest = j, score
        self.hop += 1
        if self.hop == len(self.scores):
            self.hop, self.full = 0, True
        self._begin()
        return best

    def _begin(self):
        self.fresh = True
        scores = self.scores[self.hop]
        for j in range(len(scores)):
            scores[j] = 0

    def _score(self, j, hops):
        scores = self.scores
        total = scores[0][j]
        for hop in range(1, hops):
            score = scores[hop][j]
            total = total + score if self.kind == "count" else max(total, score)
        return total
