"""Choose the answer from the last layer; the lowest index wins a tie."""

from array import array

from spikert.emitters import fastest_form
from spikert.loops import SCORES_BEGIN


class Readout:
    """The class with the largest spike `count`, `max` membrane over the window or `last` membrane.

    A membrane is read after the step's reset. A window is a number of hops, and each hop ends with an
    answer. The window slides by one hop. Source: the design's integer neuron.

    Parameters
    ----------
    kind : str, one of tables.READOUTS
    layer : the last layer, with a neuron for each class
    classes : int
    hops : int, in a window

    Attributes
    ----------
    counts, follows : bool, whether each step adds its spikes, or its membranes, to the scores
    scores : array i32[], see loops
    start : function: start the first window
    answer : function: return the index of the class with the largest score, and start the next hop
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
        # A step adds no score; the answer reads the membranes.
        if kind == "last":
            pick, follow = self.answer, fastest_form("loops.gather").follow

            def answer():
                follow(layer, scores)
                return pick()

            self.answer = answer
        self.start()
