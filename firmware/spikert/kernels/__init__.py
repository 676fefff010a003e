"""The ways to step a layer: one file each, same contract, same spikes.

A kernel module has `Layer(table)`, made from a tables.LayerTable, and nothing else is asked of it:

    reset()                 V starts again, a synaptic current and the layer's own spikes from nothing
    hold(x)                 x u8[inputs]: the direct encoder's sums, x times the weights >> 8, kept for
                            the coming steps until the next hold
    step(events, count, shift)
                            one step; events u16[>= count] lists the inputs that spiked, in any order;
                            the sum of their weights is shifted right by `shift`. None takes what was
                            held, and no notice of the others. Own spikes of a recurrent layer's step
                            before, none after a reset, add their weights, unshifted; then gain and
                            bias. Returns how many neurons fired
    events                  u16[>= that many], the neurons that fired in the last step, ascending; only
                            the next step changes them
    v[j]                    the membrane of neuron j, i16
    membranes()             bytes-like, all membranes as little-endian i16[neurons]

No buffer that a kernel is given is kept, and none but its own is written to.

All arithmetic may wrap at 16 bits or not, as suits the kernel: conversion has proved that no state,
drive, current or partial sum leaves int16, in whatever order, so the spikes are the same.
"""

NAMES = ("viper", "ulab", "plain")  # fastest first


def load(name):
    """Return the kernel module called `name`, one of NAMES.

    Raises ImportError, SyntaxError, AttributeError or ValueError where this interpreter lacks what
    the kernel needs.
    """
    return getattr(__import__("spikert.kernels." + name).kernels, name)


def available():
    """Return the names of the kernels that this interpreter can run, the fastest first."""
    names = []
    for name in NAMES:
        try:
            load(name)
        except (ImportError, SyntaxError, AttributeError, ValueError):
            continue
        names.append(name)
    return names
