"""Spikes and membranes of the last layer to an answer; the lowest index wins a tie."""

from array import array

from spikert.loops import loops


class Readout:
    """The class with the largest spike `count`, `max` membrane over the window or `last` membrane.

    A membrane is read after the step's reset. A window is a number of hops, at the end of each of
    which there is an answer; it slides by one of them. Source: the design's integer neuron.

    kind       one of tables.READOUTS
    layer      the last layer, of so many classes
    hops       int, in a window
    counts, follows    bool, whether each step's spikes, or its membranes, are to go to the scores
    scores     array i32[], see loops.py; a chain adds each step's
    """

    def __init__(self, kind, layer, classes, hops):
        self.layer = layer
        self.counts = kind == "count"
        self.follows = kind == "max"
        if kind == "last":
            hops = 1
        self.scores = array("i", bytes(4 * (loops.SCORES + hops * classes)))
        self.scores[loops.CLASSES] = classes
        self.scores[loops.END] = len(self.scores)
        self.scores[loops.ADDS] = self.counts
        if kind != "last":  # what each step has added is all there is
            self.answer = loops.answering(self.scores)  # type: ignore[method-assign]
        self.start()

    def start(self):
        """Begin the first window."""
        loops.begin(self.scores)

    def answer(self):
        """Return the index of the class with the largest score, and begin the next hop."""
        loops.follow(self.layer, self.scores)
        return loops.answer(self.scores)
