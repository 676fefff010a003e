"""A readout's scores, in MicroPython's native emitter."""

import micropython
from micropython import const

_CLASSES = const(0)  # of a readout's scores, see __init__.py
_END = const(1)
_ADDS = const(2)
_AT = const(3)
_SEEN = const(4)
_SCORES = const(5)


@micropython.viper
def _begin(scores: ptr32):
    """Begin the first window."""
    scores[_AT] = _SCORES
    left = scores[_CLASSES]
    scores[_SEEN] = _SCORES + left
    while left:
        left -= 1
        scores[_SCORES + left] = 0


@micropython.native
def functions(scores):
    """Return `begin` and `answer` with their argument."""

    @micropython.native
    def start():
        _begin(scores)

    @micropython.native
    def answer():
        return _answer(scores)

    return start, answer


@micropython.viper
def _answer(scores: ptr32) -> int:
    """Return the index of the class with the largest total, and begin the next hop."""
    classes = scores[_CLASSES]
    seen = scores[_SEEN]
    winner = _SCORES
    highest = 0
    j = _SCORES
    while j < _SCORES + classes:
        total = scores[j]
        k = j + classes
        while k < seen:
            if scores[_ADDS]:
                total += scores[k]
            elif scores[k] > total:
                total = scores[k]
            k += classes
        if j == _SCORES or total > highest:
            winner = j
            highest = total
        j += 1
    at = scores[_AT] + classes
    if at == scores[_END]:
        at = _SCORES
    scores[_AT] = at
    if seen < at + classes:
        scores[_SEEN] = at + classes
    while classes:
        classes -= 1
        scores[at + classes] = 0
    return winner - _SCORES
