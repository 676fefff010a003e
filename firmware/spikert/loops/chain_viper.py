"""Step the layers of any kernel in a row, in MicroPython's native emitter."""

import micropython

from spikert.loops import gather_viper as gather


@micropython.native
def chain(layers, fired, readout):
    """Return `advance`, which takes the layers through steps, and `restart`.

    A function closes over one tuple only. With more than five values, its arguments included, it would
    allocate memory from the heap in each call.
    """
    steps = tuple([(k, layer.step, layer) for k, layer in enumerate(layers)])
    read, source = gather.follow, layers[-1]
    if source.biased is not None:
        read, source = gather.follow_biased, source.biased
    parts = steps, fired, readout.counts, readout.follows and read, source, readout.scores

    @micropython.native
    def advance(events, count, shift):
        steps, fired, counts, read, source, scores = parts
        times = 1
        if events is None:
            times = count
        for _ in range(times):
            spikes, many, by = events, count, shift
            for k, step, layer in steps:
                fired[k] = many = step(spikes, many, by)
                spikes = layer.events
                by = 0
            if counts:
                # Without spikes `events` can be any object.
                if many:
                    gather.add_spikes(scores, spikes, many)
            elif read:
                read(source, scores, 0)

    starting = tuple([layer.reset for layer in layers] + [readout.start])

    @micropython.native
    def restart():
        for start in starting:
            start()

    return advance, restart
