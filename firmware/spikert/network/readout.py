"""Spikes and membranes of the last layer to an answer; the lowest index wins a tie."""

from array import array

from spikert.emitters import fastest_form
from spikert.loops import SCORES_BEGIN


class Readout:
    """The class with the largest spike `count`, `max` membrane over the window or `last` membrane.

    A membrane is read after the step's reset. A window is a number of hops, at the end of each of
    which there is an answer; it slides by one of them. Source: the design's integer neuron.

    kind       one of tables.READOUTS
    layer      the last layer, of so many classes
    hops       int, in a window
    counts, follows    bool, whether each step's spikes, or its membranes, are to go to the scores
    scores     array i32[], see loops; a chain adds each step's
    start      function: begin the first window
    answer     function: return the index of the class with the largest score, and begin the next hop
    """

    def __init__(self, kind, layer, classes, hops):
        loops = fastest_form("loops.scores")
        self.counts = kind == "count"
        self.follows = kind == "max"
        if kind == "last":
            hops = 1
        scores = array("i", (classes, SCORES_BEGIN + hops * classes, self.counts, 0, 0))
        scores.extend(array("i", bytes(4 * hops * classes)))
        self.scores = scores
        self.start, self.answer = loops.functions(scores)
        if kind == "last":  # what each step adds is nothing
            said, follow = self.answer, fastest_form("loops.gather").follow

            def answer():
                follow(layer, scores)
                return said()

            self.answer = answer
        self.start()
