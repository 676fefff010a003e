"""Take a network through steps and samples, in MicroPython's native emitter."""

import micropython


@micropython.native
def stepping(encoder, advance):
    """Return a function that takes a network through a number of steps."""

    @micropython.native
    def step_held(steps):
        advance(None, steps, 0)

    @micropython.native
    def step(steps):
        encode, events, shifts = encoder.step, encoder.events, encoder.shifts
        for _ in range(steps):
            count = encode()
            advance(events, count, shifts[0])

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


@micropython.native
def bound(function, x, state, events, numbers):
    """Return a function without parameters that calls this one with these arguments."""

    @micropython.native
    def step():
        return function(x, state, events, numbers)

    return step
