"""Encode x u8[channels] as the events of every step.

Each encoder has its own module, because few networks need more than one. A module has the class
Encoder(channels, steps, parameter), made from the number of channels and the steps of a sample, with

    start()     reset all state
    take(x)     start the next sample x u8[channels], which must not change during its steps
    step()      list the inputs that spike in this step in `events`; return their number
    events      u16[], valid up to that number
    shifts      u16[]; the first is the right shift of the first layer's sum in that step
"""

import sys


def make(tables):
    """Return the encoder of the tables, or None for direct, which makes no spikes."""
    if tables.encoder == "direct":
        return None
    path = "%s.%s" % (__name__, tables.encoder)
    __import__(path)
    return sys.modules[path].Encoder(tables.channels, tables.steps, tables.parameter)
