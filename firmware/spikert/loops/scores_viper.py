"""Choose the answer from a readout's scores, in MicroPython's native emitter."""

import micropython

from spikert.loops import (
    SCORES_ADDS,
    SCORES_AT,
    SCORES_BEGIN,
    SCORES_CLASSES,
    SCORES_END,
    SCORES_SEEN,
)


@micropython.viper
def _begin(scores: ptr32):
    """Start the first window."""
    scores[SCORES_AT] = SCORES_BEGIN
    left = scores[SCORES_CLASSES]
    scores[SCORES_SEEN] = SCORES_BEGIN + left
    while left:
        left -= 1
        scores[SCORES_BEGIN + left] = 0


@micropython.native
def functions(scores):
    """Return `begin` and `answer` with their argument bound."""

    @micropython.native
    def start():
        _begin(scores)

    @micropython.native
    def answer():
        return _answer(scores)

    return start, answer


@micropython.viper
def _answer(scores: ptr32) -> int:
    """Return the index of the class with the largest total, and start the next hop."""
    classes = scores[SCORES_CLASSES]
    seen = scores[SCORES_SEEN]
    winner = SCORES_BEGIN
    highest = 0
    j = SCORES_BEGIN
    while j < SCORES_BEGIN + classes:
        total = scores[j]
        k = j + classes
        while k < seen:
            if scores[SCORES_ADDS]:
                total += scores[k]
            elif scores[k] > total:
                total = scores[k]
            k += classes
        if j == SCORES_BEGIN or total > highest:
            winner = j
            highest = total
        j += 1
    at = scores[SCORES_AT] + classes
    if at == scores[SCORES_END]:
        at = SCORES_BEGIN
    scores[SCORES_AT] = at
    if seen < at + classes:
        scores[SCORES_SEEN] = at + classes
    while classes:
        classes -= 1
        scores[at + classes] = 0
    return winner - SCORES_BEGIN
