"""Choose the answer from a readout's scores, in plain Python."""

from spikert.loops import (
    SCORES_ADDS,
    SCORES_AT,
    SCORES_BEGIN,
    SCORES_CLASSES,
    SCORES_END,
    SCORES_SEEN,
)


def _begin(scores):
    """Start the first window."""
    scores[SCORES_AT] = SCORES_BEGIN
    scores[SCORES_SEEN] = SCORES_BEGIN + scores[SCORES_CLASSES]
    _clear(scores)


def functions(scores):
    """Return `begin` and `answer` with their argument bound."""
    return lambda: _begin(scores), lambda: _answer(scores)


def _answer(scores):
    """Return the index of the class with the largest total, and start the next hop."""
    classes = scores[SCORES_CLASSES]
    winner = highest = 0
    for j in range(SCORES_BEGIN, SCORES_BEGIN + classes):
        total = scores[j]
        for k in range(j + classes, scores[SCORES_SEEN], classes):
            total = total + scores[k] if scores[SCORES_ADDS] else max(total, scores[k])
        if j == SCORES_BEGIN or total > highest:
            winner, highest = j - SCORES_BEGIN, total
    at = scores[SCORES_AT] + classes
    scores[SCORES_AT] = at = SCORES_BEGIN if at == scores[SCORES_END] else at
    scores[SCORES_SEEN] = max(scores[SCORES_SEEN], at + classes)
    _clear(scores)
    return winner


def _clear(scores):
    at = scores[SCORES_AT]
    for j in range(at, at + scores[SCORES_CLASSES]):
        scores[j] = 0
