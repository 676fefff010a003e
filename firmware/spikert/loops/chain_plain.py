"""Step the layers of any kernel in a row, in plain Python."""

from spikert.loops import gather_plain as gather


def chain(layers, fired, readout):
    """Return `advance`, which takes the layers through steps, and `restart`."""
    scores, last = readout.scores, layers[-1]

    def advance(events, count, shift):
        for _ in range(count if events is None else 1):
            _step(layers, fired, events, count, shift)
            if readout.follows:
                gather.follow(last, scores)
            # Without spikes `events` can be any object.
            elif readout.counts and fired[-1]:
                gather.add_spikes(scores, last.events, fired[-1])

    def restart():
        for layer in layers:
            layer.reset()
        readout.start()

    return advance, restart


def _step(layers, fired, events, count, shift):
    for k, layer in enumerate(layers):
        fired[k] = count = layer.step(events, count, shift)
        events, shift = layer.events, 0
