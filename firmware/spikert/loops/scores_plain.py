"""A readout's scores, in plain Python."""

from spikert.compat import const

_CLASSES = const(0)  # of a readout's scores, see __init__.py
_END = const(1)
_ADDS = const(2)
_AT = const(3)
_SEEN = const(4)
_SCORES = const(5)


def _begin(scores):
    """Begin the first window."""
    scores[_AT] = _SCORES
    scores[_SEEN] = _SCORES + scores[_CLASSES]
    _clear(scores)


def functions(scores):
    """Return `begin` and `answer` with their argument."""
    return lambda: _begin(scores), lambda: _answer(scores)


def _answer(scores):
    """Return the index of the class with the largest total, and begin the next hop."""
    classes = scores[_CLASSES]
    winner = highest = 0
    for j in range(_SCORES, _SCORES + classes):
        total = scores[j]
        for k in range(j + classes, scores[_SEEN], classes):
            total = total + scores[k] if scores[_ADDS] else max(total, scores[k])
        if j == _SCORES or total > highest:
            winner, highest = j - _SCORES, total
    at = scores[_AT] + classes
    scores[_AT] = at = _SCORES if at == scores[_END] else at
    scores[_SEEN] = max(scores[_SEEN], at + classes)
    _clear(scores)
    return winner


def _clear(scores):
    at = scores[_AT]
    for j in range(at, at + scores[_CLASSES]):
        scores[j] = 0
