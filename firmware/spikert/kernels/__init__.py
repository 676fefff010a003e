"""The kernels, which step a layer: one module each, same contract, same spikes.

A kernel module has `Layer(table)`, made from a tables.LayerTable:

    reset()                 V starts again; a synaptic current and the layer's own spikes are cleared
    hold(x)                 x u8[inputs]: the direct encoder's sums, x times the weights >> 8, kept for
                            the coming steps until the next hold
    step(events, count, shift)
                            one step; events u16[>= count] lists the inputs that spiked, in any order;
                            the sum of their weights is shifted right by `shift`. If events is None, the
                            step takes the held sums and ignores the other arguments. A recurrent
                            layer's own spikes of the step before, none after a reset, add their
                            weights, unshifted; then gain and bias. Returns the number of neurons that
                            fired
    neurons                 int, number of neurons
    events                  u16[>= neurons], the neurons that fired in the last step, ascending; only
                            the next step changes them
    membranes()             bytes-like, all membranes as little-endian i16[neurons]
    biased                  the membranes as u16[neurons], each plus 0x8000, or None

It may also have `chain(layers, fired, readout)`, to take all layers through a step in one call; for
other kernels loops' `chain` does it. That returns two functions:

    advance(events, count, shift)
                            every layer's step in order, the first one's on the events, all others'
                            on the spikes of their predecessor in this same step. Then fired[k] is
                            the number of neurons of layer k that fired, and the last layer's spikes or
                            membranes have been added to the readout's scores. If events is None, it
                            takes `count` steps on the held sums
    restart()               every layer's reset; the readout's first window starts

A kernel keeps none of the buffers that it gets, and writes only to its own.

All arithmetic may wrap at 16 bits or not, as suits the kernel. Conversion has proved that no state,
drive, current or partial sum leaves int16, in any order, so the spikes are the same.
"""

import sys

import spikert
from spikert import compat

# The fastest first.
NAMES = ("thumb", "viper", "ulab", "plain")
try:
    from spikert.kernels.chosen import NAMES  # type: ignore[import-untyped,no-redef]
# Only a runtime that was flashed for one network has this module.
except ImportError:
    pass
# Only some interpreters can import these.
_EMITTED = ("thumb", "viper")
# The result of `available`.
_found: list = []


def load(name):
    """Return the kernel module called `name`, one of NAMES.

    A kernel that was not in memory gets the memory of the others, unless they are still in use.

    Raises
    ------
    ImportError, SyntaxError, AttributeError, ValueError
        If this interpreter lacks an ability that the kernel needs.
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
