"""The design's equations as loops over samples, steps and neurons, in Python's own integers."""


def simulate(network, x):
    """Return (spikes, membranes, answers) of the samples x, as nested lists.

    spikes[sample][step][layer][neuron], membranes[sample][layer][neuron], answers[sample]
    """
    samples = [_sample(network, [int(value) for value in row]) for row in x]
    return tuple(list(part) for part in zip(*samples, strict=True))


def _sample(network, x):
    membranes = [[int(v) for v in layer.v_start] for layer in network.layers]
    coded = _encoded(network, x)
    window, seen = [], []
    for _ in range(network.steps):
        signal, shift = next(coded)
        step = []
        for layer, v in zip(network.layers, membranes, strict=True):
            signal = [_neuron(layer, j, v, signal, shift, x) for j in range(layer.neurons)]
            shift = 0
            step.append(signal)
        window.append(step)
        seen.append(list(membranes[-1]))
    return window, membranes, _answer(network.readout, window, seen)


def _rate(sums, x):
    spikes = []
    for i, value in enumerate(x):
        total = sums[i] + value
        spikes.append(int(total > 255))
        sums[i] = total & 255
    return spikes


def _encoded(network, x):
    """Yield each step's input spikes, None with direct, and the shift of the first layer's sums."""
    sums, state, value = [128] * len(x), network.encoder_parameter, network.encoder_parameter
    for t in range(network.steps):
        if network.encoder == "direct":
            yield None, 8
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


def _neuron(layer, j, v, signal, shift, x):
    """Advance neuron j by one step, in place in v; return 1 if it fired."""
    column = [int(weight) for weight in layer.weights[:, j]]
    if signal is None:
        total = sum(value * weight for value, weight in zip(x, column, strict=True))
    else:
        total = sum(weight for spike, weight in zip(signal, column, strict=True) if spike)
    drive = ((total >> shift) << layer.gain) + int(layer.bias[j])
    v[j] = v[j] - ((v[j] * int(layer.d[j])) >> layer.r)
    v[j] = v[j] + drive
    if layer.low is not None:
        v[j] = max(v[j], int(layer.low[j]))
    if layer.theta is None or v[j] < int(layer.theta[j]):
        return 0
    v[j] = int(layer.v_reset[j]) if layer.reset == "set" else v[j] - int(layer.rho[j])
    return 1


def _answer(readout, window, seen):
    last = window[-1][-1]
    if readout == "count":
        scores = [sum(step[-1][j] for step in window) for j in range(len(last))]
    elif readout == "max":
        scores = [max(v[j] for v in seen) for j in range(len(last))]
    else:
        scores = seen[-1]
    return scores.index(max(scores))
