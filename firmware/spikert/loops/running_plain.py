"""Take a network through steps and samples, in plain Python."""


def stepping(encoder, advance):
    """Return a function that takes a network through a number of steps."""

    def step_held(steps):
        advance(None, steps, 0)

    def step(steps):
        encode, events, shifts = encoder.step, encoder.events, encoder.shifts
        for _ in range(steps):
            count = encode()
            advance(events, count, shifts[0])

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


def bound(function, x, state, events, numbers):
    """Return a function without parameters that calls this one with these arguments."""
    return lambda: function(x, state, events, numbers)
