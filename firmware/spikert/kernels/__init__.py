"""The ways to step a layer: one file each, same contract, same spikes.

A kernel module has `Layer(table)`, made from a tables.LayerTable, and nothing else is asked of it:

    reset()                 V starts again
    hold(x)                 x u8[inputs]: the direct encoder's drive, kept for the coming steps
    step(events, count, shift)
                            one step; events u16[>= count] lists the inputs that spiked, in any order;
                            None takes the drive that was held. The sum of their rows is shifted right
                            by `shift` before gain and bias. Returns how many neurons fired
    events                  u16[>= that many], the neurons that fired in the last step, ascending
    v[j]                    the membrane of neuron j, i16
    membranes()             bytes-like, all membranes as little-endian i16[neurons]

All arithmetic may wrap at 16 bits or not, as suits the kernel: conversion has proved that no state,
drive or partial sum leaves int16, so the spikes are the same.
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
