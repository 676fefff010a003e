"""Simulate networks by loops over samples, steps and neurons, in Python integers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Inputs and results of one step.

    Attributes
    ----------
    signal : list of int
        The spike of each input, 0 or 1; with direct, x.
    shift : int
        Shift of the first layer's sums.
    spikes, membranes : list of list of int
        By layer and neuron.
    """

    signal: list
    shift: int
    spikes: list
    membranes: list


def simulate(network, x):
    """Simulate samples x.

    Returns
    -------
    tuple of nested lists
        spikes[sample][step][layer][neuron], membranes[sample][layer][neuron] and answers[sample].
    """
    samples = [list(steps(network, inputs(network, values))) for values in x]
    return (
        [[step.spikes for step in sample] for sample in samples],
        [sample[-1].membranes for sample in samples],
        [_answer(network.readout, sample) for sample in samples],
    )


def inputs(network, values):
    """Return a sample's x as a list; scale raw readings if the network does."""
    x = [int(value) for value in values]
    raw = network.scaling is not None and values.dtype.kind == "i"
    return _scaled(network.scaling, x) if raw else x


def steps(network, x):
    """Yield each Step of one sample."""
    states = [_State(layer) for layer in network.layers]
    for encoded, encoded_shift in _encoded(network, x):
        signal, shift, spikes = encoded, encoded_shift, []
        for layer, state in zip(network.layers, states, strict=True):
            signal = _layer_step(layer, state, signal, shift)
            shift = 0
            spikes.append(signal)
        yield Step(encoded, encoded_shift, spikes, [list(state.v) for state in states])


class _State:
    """State of a layer: membranes, synaptic currents, and its own spikes of the step before."""

    def __init__(self, layer):
        self.v = [int(layer.v_start[j % layer.maps]) for j in range(layer.neurons)]
        self.current = [0] * layer.neurons
        self.fired = [0] * layer.neurons


def _scaled(scaling, raw):
    """Return x of raw readings; offset and scale have one value, or one per channel."""
    x = []
    for k, value in enumerate(raw):
        offset = int(scaling.offset[k % len(scaling.offset)])
        scale = int(scaling.scale[k % len(scaling.scale)])
        x.append(min(255, max(0, ((value - offset) * scale) >> scaling.shift)))
    return x


def _rate(sums, x):
    """Return the spikes of the rate encoder, and update its sums."""
    spikes = []
    for i, value in enumerate(x):
        total = sums[i] + value
        spikes.append(int(total > 255))
        sums[i] = total & 255
    return spikes


def _encoded(network, x):
    """Yield the input spikes of each step, or x with direct, and the shift of the first layer's sums."""
    sums, state, value = [128] * len(x), network.encoder_parameter, network.encoder_parameter
    for t in range(network.steps):
        if network.encoder == "direct":
            yield x, 8
        elif network.encoder == "rate":
            yield _rate(sums, x), 0
        elif network.encoder == "bernoulli":
            spikes = []
            for level in x:
                state = (state ^ (state << 7)) % 65536
                state = state ^ (state >> 9)
                state = (state ^ (state << 8)) % 65536
                spikes.append(int(state // 256 < level))
            yield spikes, 0
        elif network.encoder == "latency":
            times = [((255 - level) * network.steps) // 256 for level in x]
            yield [int(t == at and level >= value) for at, level in zip(times, x, strict=True)], 0
        else:
            yield [int(level) // 2 ** (7 - t % value) % 2 for level in x], t % value


def _layer_step(layer, state, signal, shift):
    """Advance a layer by one step, in place; return the spikes of its neurons."""
    own = state.fired
    image = _pooled(layer.geometry, signal) if layer.geometry else None
    state.fired = [0] * layer.neurons
    for j in range(layer.neurons):
        weighted = _correlation(layer, image, j) if image else _dense_sum(layer.weights, signal, j)
        total = weighted >> shift
        if layer.recurrent is not None:
            total += _dense_sum(layer.recurrent, own, j)
        state.fired[j] = _neuron(layer, state, j, total)
    return state.fired


def _dense_sum(weights, signal, j):
    """Return the weighted sum of the inputs of neuron j."""
    return sum(value * int(weights[i][j]) for i, value in enumerate(signal) if value)


def _pooled(geometry, signal):
    """Return image[row][column][channel], the sums of whole windows of the flat signal."""
    height, width = geometry.size
    rows, columns = geometry.pool
    image = [
        [[0] * geometry.channels for _ in range(width // columns)] for _ in range(height // rows)
    ]
    for y in range(height // rows * rows):
        for x in range(width // columns * columns):
            for channel in range(geometry.channels):
                value = signal[(y * width + x) * geometry.channels + channel]
                image[y // rows][x // columns][channel] += value
    return image


def _correlation(layer, image, j):
    """Return the kernel's sum at neuron j's place, with zeros around the image."""
    geometry = layer.geometry
    place, of_map = divmod(j, layer.maps)
    out_y, out_x = divmod(place, geometry.out[1])
    total = 0
    for ky in range(geometry.kernel[0]):
        for kx in range(geometry.kernel[1]):
            y = out_y * geometry.stride[0] + ky - geometry.padding[0]
            x = out_x * geometry.stride[1] + kx - geometry.padding[1]
            if not (0 <= y < len(image) and 0 <= x < len(image[0])):
                continue
            for channel in range(geometry.channels):
                row = (ky * geometry.kernel[1] + kx) * geometry.channels + channel
                total += image[y][x][channel] * int(layer.weights[row][of_map])
    return total


def _neuron(layer, state, j, total):
    """Advance neuron j by one step with its weighted sum; return 1 if it fired."""
    k = j % layer.maps
    feed = (total << layer.gain) + int(layer.bias[k])
    if layer.current_d is not None:
        current = state.current[j]
        feed = current - ((current * int(layer.current_d[k])) >> layer.current_r) + feed
        state.current[j] = feed
    v = state.v
    v[j] = v[j] - ((v[j] * int(layer.d[k])) >> layer.r)
    v[j] = v[j] + feed
    if layer.low is not None:
        v[j] = max(v[j], int(layer.low[k]))
    if layer.theta is None or v[j] < int(layer.theta[k]):
        return 0
    v[j] = int(layer.v_reset[k]) if layer.reset == "set" else v[j] - int(layer.rho[k])
    return 1


def _answer(readout, sample):
    """Return the class with the largest score, the first of equals."""
    counts = [sum(fired) for fired in zip(*[step.spikes[-1] for step in sample], strict=True)]
    membranes = [step.membranes[-1] for step in sample]
    if readout == "count":
        scores = counts
    elif readout == "max":
        scores = [max(reached) for reached in zip(*membranes, strict=True)]
    else:
        scores = membranes[-1]
    return scores.index(max(scores))
