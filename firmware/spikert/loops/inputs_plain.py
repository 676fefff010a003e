"""Copy readings, and step the encoders, in plain Python."""


def copy(x, readings, channels):
    """Copy the readings into x."""
    x[:channels] = readings


def rate(x, sums, events, channels):
    """Add x to the sums; list the inputs whose sum carried, return their number."""
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
    """Draw a number for each input; list those whose x is above it, return their number."""
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


def planning(*parts):
    """Return a function that sorts the inputs of an x by the time of their spike."""
    return lambda x: _plan(x, *parts)


def _plan(x, times, ends, events, steps, least, channels):
    for t in range(steps + 2):
        ends[t] = 0
    for i in range(channels):
        times[i] = t = steps if x[i] < least else ((255 - x[i]) * steps) >> 8
        ends[t] += 1
    at = 0
    for t in range(steps + 1):
        count = ends[t]
        ends[t] = at
        at += count
    for i in range(channels):
        t = times[i]
        events[ends[t]] = i
        ends[t] += 1


def due(ends, next_at, events, nothing):
    """Move the inputs of the present step to the front of the events, return their number."""
    t = ends[next_at]
    ends[next_at] = t + 1
    first = ends[t - 1] if t else 0
    count = ends[t] - first
    for i in range(count if first else 0):
        events[i] = events[first + i]
    return count


def bits(x, shifts, events, channels):
    """List the inputs whose x has the next bit, return their number."""
    shifts[0] = (shifts[0] + 1) % shifts[1]
    mask = 0x80 >> shifts[0]
    count = 0
    for i in range(channels):
        if x[i] & mask:
            events[count] = i
            count += 1
    return count


def change(x, references, events, numbers):
    """List inputs 2i that rose and 2i + 1 that fell by the threshold, return their number."""
    threshold, channels = numbers
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
