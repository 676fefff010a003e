"""The loops of loops.py in MicroPython's native emitter.

Viper keeps the first three variables in registers, the others on the stack; so the hottest of each
loop come first.
"""

import micropython
from micropython import const

CLASSES = const(0)  # of a readout's numbers, see loops.py
END = const(1)
ADDS = const(2)
AT = const(3)
SEEN = const(4)
SCORES = const(5)

SIGN = const(0x8000)


@micropython.native
def chain(layers, fired, readout):
    """Return what takes layers through steps, and what starts them again.

    All that a function closes over is one tuple: with more values than fit in five with its arguments
    it would take memory from the heap in each call.
    """
    steps = tuple([(k, layer.step, layer) for k, layer in enumerate(layers)])
    read, source = follow, layers[-1]
    if source.biased is not None:
        read, source = follow_biased, source.biased
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
                if many:  # else `events` may be anything
                    add_spikes(scores, spikes, many)
            elif read:
                read(source, scores, 0)

    resets = tuple([layer.reset for layer in layers])

    @micropython.native
    def restart():
        for reset in resets:
            reset()
        begin(parts[-1])

    return advance, restart


@micropython.native
def stepping(encoder, advance):
    """Return a function that takes a network through so many steps."""

    @micropython.native
    def step_held(steps):
        advance(None, steps, 0)

    @micropython.native
    def step(steps):
        for _ in range(steps):
            count = encoder.step()
            advance(encoder.events, count, encoder.shift)

    return step if encoder else step_held


@micropython.native
def running(parts):
    """Return a function that runs a sample of a static network."""

    @micropython.native
    def run(readings):
        start, take, step, answer, steps = parts
        start()
        take(readings)
        step(steps)
        return answer()

    return run


@micropython.viper
def copy(x: ptr8, readings: ptr8, channels: int):
    """Put the readings into x."""
    while channels:
        channels -= 1
        x[channels] = readings[channels]


@micropython.viper
def scale(x: ptr8, readings: ptr16, offset: ptr32, factor: ptr32, shift: int, channels: int):
    """Put the x of the readings into x."""
    i = 0
    while i < channels:
        value = (((readings[i] ^ SIGN) - SIGN - offset[i]) * factor[i]) >> shift
        if value < 0:
            value = 0
        elif value > 255:
            value = 255
        x[i] = value
        i += 1


@micropython.viper
def rate(x: ptr8, sums: ptr8, events: ptr16, channels: int) -> int:
    """Add x to the sums; list the inputs whose sum carried, return how many."""
    i = 0
    count = 0
    while i < channels:
        total = sums[i] + x[i]
        sums[i] = total
        if total > 255:
            events[count] = i
            count += 1
        i += 1
    return count


@micropython.viper
def draw(x: ptr8, state: ptr16, events: ptr16, channels: int) -> int:
    """Draw a number for each input; list those whose x is above it, return how many."""
    number = state[0]
    i = 0
    count = 0
    while i < channels:
        number ^= (number << 7) & 0xFFFF
        number ^= number >> 9
        number ^= (number << 8) & 0xFFFF
        if number >> 8 < x[i]:
            events[count] = i
            count += 1
        i += 1
    state[0] = number
    return count


@micropython.viper
def plan(x: ptr8, times: ptr16, steps: int, least: int, channels: int):
    """Set the time of every spike, `steps` where there is none."""
    i = 0
    while i < channels:
        if x[i] < least:
            times[i] = steps
        else:
            times[i] = ((255 - x[i]) * steps) >> 8
        i += 1


@micropython.viper
def due(times: ptr16, t: int, events: ptr16, channels: int) -> int:
    """List the inputs whose time it is, return how many."""
    i = 0
    count = 0
    while i < channels:
        if times[i] == t:
            events[count] = i
            count += 1
        i += 1
    return count


@micropython.viper
def bits(x: ptr8, mask: int, events: ptr16, channels: int) -> int:
    """List the inputs whose x has this bit, return how many."""
    i = 0
    count = 0
    while i < channels:
        if x[i] & mask:
            events[count] = i
            count += 1
        i += 1
    return count


@micropython.viper
def change(x: ptr8, references: ptr8, events: ptr16, threshold: int, channels: int) -> int:
    """List inputs 2i that rose and 2i + 1 that fell by the threshold, return how many."""
    i = 0
    count = 0
    while i < channels:
        difference = x[i] - references[i]
        if difference >= threshold:
            references[i] = references[i] + threshold
            events[count] = 2 * i
            count += 1
        elif 0 - difference >= threshold:
            references[i] = references[i] - threshold
            events[count] = 2 * i + 1
            count += 1
        i += 1
    return count


@micropython.native
def add_rows(sums, rows, events):
    """Add a row to the sums for each event."""
    for i in events:
        sums += rows[i]


@micropython.native
def add_groups(sums, rows, events, group):
    """Add rows of bytes to the sums, several at a time."""
    (data, at, stride), memory, words, octets, together = group
    left = 0
    for i in events:
        if left:
            words += rows[i]
        else:
            first = at + i * stride
            memory[:] = data[first : first + stride]
            left = together
        left -= 1
        if not left:
            sums += octets
    if left:
        sums += octets


@micropython.viper
def begin(scores: ptr32):
    """Begin the first window."""
    scores[AT] = SCORES
    scores[SEEN] = SCORES + scores[CLASSES]
    _clear(scores)


@micropython.viper
def add_spikes(scores: ptr32, events: ptr16, count: int):
    """Add one for each neuron listed."""
    at = scores[AT]
    while count:
        count -= 1
        j = at + events[count]
        scores[j] = scores[j] + 1


def follow(layer, scores, flip=0):
    """Replace each score by the layer's membrane where that is larger."""
    follow_biased(layer.membranes(), scores, SIGN)


@micropython.viper
def follow_biased(membranes: ptr16, scores: ptr32, flip: int):
    """Do so with u16[], which are biased once the bits of `flip` are turned."""
    left = scores[CLASSES]
    scores = ptr32(int(scores) + 4 * scores[AT])
    while left:
        left -= 1
        v = membranes[left] ^ flip
        if v > scores[left]:
            scores[left] = v


@micropython.native
def answering(scores):
    """Return `answer` with its argument."""

    @micropython.native
    def said():
        return answer(scores)

    return said


@micropython.viper
def answer(scores: ptr32) -> int:
    """Return the index of the class with the largest total, and begin the next hop."""
    classes = scores[CLASSES]
    seen = scores[SEEN]
    winner = SCORES
    highest = 0
    j = SCORES
    while j < SCORES + classes:
        total = scores[j]
        k = j + classes
        while k < seen:
            if scores[ADDS]:
                total += scores[k]
            elif scores[k] > total:
                total = scores[k]
            k += classes
        if j == SCORES or total > highest:
            winner = j
            highest = total
        j += 1
    at = scores[AT] + classes
    if at == scores[END]:
        at = SCORES
    scores[AT] = at
    if seen < at + classes:
        scores[SEEN] = at + classes
    _clear(scores)
    return winner - SCORES


@micropython.viper
def _clear(scores: ptr32):
    left = scores[CLASSES]
    scores = ptr32(int(scores) + 4 * scores[AT])
    while left:
        left -= 1
        scores[left] = 0


@micropython.viper
def put_addresses(target: ptr8, events: ptr16, count: int, width: int):
    """Write the events as bytes, or as two each."""
    at = 0
    k = 0
    while k < count:
        target[at] = events[k]
        if width == 2:
            target[at + 1] = events[k] >> 8
        at += width
        k += 1


@micropython.viper
def put_bitmap(target: ptr8, size: int, events: ptr16, count: int, first: int):
    """Write `size` bytes in which the bits of the events stand, counted from `first`."""
    k = 0
    while k < size:
        target[k] = 0
        k += 1
    k = 0
    while k < count:
        bit = events[k] - first
        if bit >= 0 and bit < 8 * size:
            target[bit >> 3] = target[bit >> 3] | 1 << (bit & 7)
        k += 1


def crc16(data, crc):
    """Return the CRC-16 (CCITT, polynomial 0x1021) of the bytes `data`, continued from `crc`."""
    return _crc16(data, crc, len(data))


@micropython.viper
def _crc16(data: ptr8, crc: int, size: int) -> int:
    """Take in a byte at a time: x**16 is x**12 + x**5 + 1, so its bits come in three shifts."""
    at = 0
    while at < size:
        crc = (crc >> 8 | crc << 8) & 0xFFFF ^ data[at]
        crc ^= (crc & 0xFF) >> 4
        crc ^= crc << 12 & 0xFFFF
        crc ^= (crc & 0xFF) << 5
        at += 1
    return crc
