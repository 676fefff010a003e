"""The ways to step a layer: one file each, same contract, same spikes.

A kernel module has `Layer(table)`, made from a tables.LayerTable:

    reset()                 V starts again, a synaptic current and the layer's own spikes from nothing
    hold(x)                 x u8[inputs]: the direct encoder's sums, x times the weights >> 8, kept for
                            the coming steps until the next hold
    step(events, count, shift)
                            one step; events u16[>= count] lists the inputs that spiked, in any order;
                            the sum of their weights is shifted right by `shift`. None takes what was
                            held, and no notice of the others. Own spikes of a recurrent layer's step
                            before, none after a reset, add their weights, unshifted; then gain and
                            bias. Returns how many neurons fired
    neurons                 int, how many there are
    events                  u16[>= that many], the neurons that fired in the last step, ascending; only
                            the next step changes them
    membranes()             bytes-like, all membranes as little-endian i16[neurons]
    biased                  where they stand as u16[neurons], each plus 0x8000; None if they do nowhere

It may have `chain(layers, fired, readout)` besides, to take all layers through a step in one call; for
other kernels loops' `chain` does it. That returns two functions:

    advance(events, count, shift)
                            every layer's step in order, the first one's on the events, all others'
                            on the spikes that their predecessor made in this same step. Then fired[k]
                            is how many neurons of layer k fired, and the last layer's spikes or
                            membranes have gone to the readout's scores. With None `count` steps on what
                            was held
    restart()               every layer's reset; the readout's first window begins

No buffer that a kernel is given is kept, and none but its own is written to.

All arithmetic may wrap at 16 bits or not, as suits the kernel: conversion has proved that no state,
drive, current or partial sum leaves int16, in whatever order, so the spikes are the same.
"""

import sys

import spikert
from spikert import compat

NAMES = ("thumb", "viper", "ulab", "plain")  # fastest first
try:
    from spikert.kernels.chosen import NAMES  # type: ignore[import-untyped,no-redef]
except ImportError:  # it is there where what one network needs was flashed, and no more
    pass
_EMITTED = ("thumb", "viper")  # those that only some interpreters can import
_found: list = []  # what `available` returned


def load(name):
    """Return the kernel module called `name`, one of NAMES.

    One that was not in memory gets all that others took, unless they are still in use.
    Raises ImportError, SyntaxError, AttributeError or ValueError where this interpreter lacks what
    the kernel needs.
    """
    if __name__ + "." + name not in sys.modules:
        spikert.unload(__name__ + ".")
    return getattr(__import__("spikert.kernels." + name).kernels, name)


def available():
    """Return the names of the kernels that this interpreter can run, the fastest first.

    The fastest stays in memory, because it is the one that is loaded most often.
    """
    if not _found:
        for name in NAMES:
            # The kernel thumb has functions in viper, so an interpreter that imports it has both.
            if name in _EMITTED and not _found:
                try:
                    __import__("%s.%s" % (__name__, name))
                except (ImportError, SyntaxError, AttributeError, ValueError):
                    spikert.unload(__name__ + ".")
                    continue
            if name != "ulab" or compat.np:
                _found.append(name)
    return _found
