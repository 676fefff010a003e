"""Numbers to spikes: the encoders. Each turns x u8[channels] into the events of every step.

An encoder has a module of its own, for few networks need more than one. In it is the class Encoder, made
from the number of channels, the steps of a sample and its parameter, which has

    start()     all state starts again
    take(x)     begin the next sample x u8[channels], which must stay as it is for its steps
    step()      list the inputs that spike in this step in `events`; return how many
    events      u16[], of which so many are valid
    shifts      u16[], of which the first is how far the first layer's sum is shifted right in that step
"""

import sys


def make(tables):
    """Return the encoder that the tables ask for, or None for direct, which makes no spikes."""
    if tables.encoder == "direct":
        return None
    path = "%s.%s" % (__name__, tables.encoder)
    __import__(path)
    return sys.modules[path].Encoder(tables.channels, tables.steps, tables.parameter)
