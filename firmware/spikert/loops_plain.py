"""The loops of loops.py in plain Python."""

from array import array

CLASSES = 0  # of a readout's numbers, see loops.py
END = 1
ADDS = 2
AT = 3
SEEN = 4
SCORES = 5

SIGN = 0x8000


def chain(layers, fired, readout):
    """Return what takes layers through steps, and what starts them again."""
    scores, last = readout.scores, layers[-1]

    def advance(events, count, shift):
        for _ in range(count if events is None else 1):
            _step(layers, fired, events, count, shift)
            if readout.follows:
                follow(last, scores)
            elif readout.counts and fired[-1]:  # else `events` may be anything
                add_spikes(scores, last.events, fired[-1])

    def restart():
        for layer in layers:
            layer.reset()
        begin(scores)

    return advance, restart


def _step(layers, fired, events, count, shift):
    for k, layer in enumerate(layers):
        fired[k] = count = layer.step(events, count, shift)
        events, shift = layer.events, 0


def stepping(encoder, advance):
    """Return a function that takes a network through so many steps."""

    def step_held(steps):
        advance(None, steps, 0)

    def step(steps):
        for _ in range(steps):
            count = encoder.step()
            advance(encoder.events, count, encoder.shift)

    return step if encoder else step_held


def running(parts):
    """Return a function that runs a sample of a static network."""
    start, take, step, answer, steps = parts

    def run(readings):
        start()
        take(readings)
        step(steps)
        return answer()

    return run


def copy(x, readings, channels):
    """Put the readings into x."""
    x[:channels] = readings


def scale(x, readings, offset, factor, shift, channels):
    """Put the x of the readings into x."""
    for i in range(channels):
        reading = readings[2 * i] | readings[2 * i + 1] << 8
        reading = (reading ^ 0x8000) - 0x8000
        x[i] = min(255, max(0, ((reading - offset[i]) * factor[i]) >> shift))


def rate(x, sums, events, channels):
    """Add x to the sums; list the inputs whose sum carried, return how many."""
    count = 0
    for i in range(channels):
        total = sums[i] + x[i]
        if total > 255:
            events[count] = i
            count += 1
            total -= 256
        sums[i] = total
    return count


def draw(x, state, events, channels):
    """Draw a number for each input; list those whose x is above it, return how many."""
    number = state[0]
    count = 0
    for i in range(channels):
        number ^= (number << 7) & 0xFFFF
        number ^= number >> 9
        number ^= (number << 8) & 0xFFFF
        if number >> 8 < x[i]:
            events[count] = i
            count += 1
    state[0] = number
    return count


def plan(x, times, steps, least, channels):
    """Set the time of every spike, `steps` where there is none."""
    for i in range(channels):
        times[i] = steps if x[i] < least else ((255 - x[i]) * steps) >> 8


def due(times, t, events, channels):
    """List the inputs whose time it is, return how many."""
    count = 0
    for i in range(channels):
        if times[i] == t:
            events[count] = i
            count += 1
    return count


def bits(x, mask, events, channels):
    """List the inputs whose x has this bit, return how many."""
    count = 0
    for i in range(channels):
        if x[i] & mask:
            events[count] = i
            count += 1
    return count


def change(x, references, events, threshold, channels):
    """List inputs 2i that rose and 2i + 1 that fell by the threshold, return how many."""
    count = 0
    for i in range(channels):
        difference = x[i] - references[i]
        if difference >= threshold:
            references[i] += threshold
            events[count] = 2 * i
            count += 1
        elif -difference >= threshold:
            references[i] -= threshold
            events[count] = 2 * i + 1
            count += 1
    return count


def add_rows(sums, rows, events):
    """Add a row to the sums for each event."""
    for i in events:
        sums += rows[i]


def begin(scores):
    """Begin the first window."""
    scores[AT] = SCORES
    scores[SEEN] = SCORES + scores[CLASSES]
    _clear(scores)


def add_spikes(scores, events, count):
    """Add one for each neuron listed."""
    at = scores[AT]
    for k in range(count):
        scores[at + events[k]] += 1


def follow(layer, scores):
    """Replace each score by the layer's membrane where that is larger."""
    at, v = scores[AT], layer.v
    for j in range(scores[CLASSES]):
        membrane = v[j] + SIGN
        if membrane > scores[at + j]:
            scores[at + j] = membrane


def answering(scores):
    """Return `answer` with its argument."""
    return lambda: answer(scores)


def answer(scores):
    """Return the index of the class with the largest total, and begin the next hop."""
    classes = scores[CLASSES]
    winner = highest = 0
    for j in range(SCORES, SCORES + classes):
        total = scores[j]
        for k in range(j + classes, scores[SEEN], classes):
            total = total + scores[k] if scores[ADDS] else max(total, scores[k])
        if j == SCORES or total > highest:
            winner, highest = j - SCORES, total
    at = scores[AT] + classes
    scores[AT] = at = SCORES if at == scores[END] else at
    scores[SEEN] = max(scores[SEEN], at + classes)
    _clear(scores)
    return winner


def _clear(scores):
    at = scores[AT]
    for j in range(at, at + scores[CLASSES]):
        scores[j] = 0


def put_addresses(target, events, count, width):
    """Write the events as bytes, or as two each."""
    at = 0
    for k in range(count):
        target[at] = events[k] & 0xFF
        if width == 2:
            target[at + 1] = events[k] >> 8
        at += width


def put_bitmap(target, size, events, count, first):
    """Write `size` bytes in which the bits of the events stand, counted from `first`."""
    for i in range(size):
        target[i] = 0
    for k in range(count):
        bit = events[k] - first
        if 0 <= bit < 8 * size:
            target[bit >> 3] |= 1 << (bit & 7)


def crc16(data, crc):
    """Return the CRC-16 (CCITT, polynomial 0x1021) of the bytes `data`, continued from `crc`."""
    for byte in data:
        crc = _TABLE[(crc >> 8) ^ byte] ^ ((crc << 8) & 0xFFFF)
    return crc


def _crc16_table():
    table = array("H", range(256))
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x1021 if crc & 0x8000 else 0)
        table[byte] = crc & 0xFFFF
    return table


_TABLE = _crc16_table()
