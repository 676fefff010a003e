"""How fast a network is on a board: each layer's step by its events, whole samples, and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.bench import line_fit
from spikelet.bench.board import MeasuringBoard, Memory
from spikelet.bench.line_fit import LEVEL, Line
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.synaptic_events import count_synaptic_events

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class LayerCost:
    """What one layer costs, in the clock's unit.

    inputs, neurons, storage    what it is
    held         whether its input is held (direct encoder), so that a sample costs `hold` once, and a
                 step only the neurons; then an event is an input that is not zero times its synapses
    events       Line of a step, or of holding, over synaptic events
    step         of a step without any event, or of one with what is held
    allocated    bytes, most in a step
    """

    inputs: int
    neurons: int
    storage: str
    held: bool
    events: Line
    step: float
    allocated: int


@dataclass(frozen=True)
class SampleCost:
    """What an average sample costs, in the clock's unit.

    total                  all of it, without telling anybody: what a turn takes as a whole
    take, steps, answer    its parts, each from its call to its return
    step                   an average step of all layers, encoder and readout
    told                   what is added where everything is told to a host
    sent                   bytes of frames then
    allocated              bytes, most in a sample
    synaptic_events        and `spikes`: mean of the samples
    wrong                  answers that are not the reference's
    samples                how many were measured; of a stream, turns
    """

    total: float
    take: float
    steps: float
    answer: float
    step: float
    told: float
    sent: float
    allocated: int
    synaptic_events: float
    spikes: float
    wrong: int
    samples: int

    @property
    def told_share(self) -> float:
        """Share 0..1 of the link in a sample that is told to a host."""
        return self.told / (self.total + self.told)


@dataclass(frozen=True)
class KernelCost:
    """What a network costs with one kernel."""

    kernel: str
    layers: tuple[LayerCost, ...]
    sample: SampleCost
    memory: Memory


def measure_network(
    board: MeasuringBoard,
    network: Network,
    kernel: str,
    x: NDArray[Any],
    progress: Progress = lambda done, total: None,
) -> KernelCost:
    """Measure the network that a board holds with one of its kernels, the first that it loads.

    x    samples or recordings, as reference.simulate takes them
    """
    memory = board.load(kernel)
    total = len(network.layers) + 1
    layers = []
    for number, layer in enumerate(network.layers):
        progress(number, total)
        held = network.encoder == "direct" and number == 0
        layers.append((_held if held else _stepped)(board, number, layer))
    progress(total - 1, total)
    sample = _sample(board, network, x)
    progress(total, total)
    return KernelCost(kernel, tuple(layers), sample, memory)


def _stepped(board: MeasuringBoard, number: int, layer: Layer) -> LayerCost:
    """Measure a layer that is given events."""
    points = line_fit.points(layer)
    found = [board.step(number, point.events) for point in points]
    spent, fired, allocated = zip(*found, strict=True)
    line = line_fit.fit_line([point.synapses for point in points], fired, spent)
    return LayerCost(
        inputs=layer.inputs,
        neurons=layer.neurons,
        storage=storage_name(layer),
        held=False,
        events=line,
        step=spent[0],
        allocated=max(allocated),
    )


def _held(board: MeasuringBoard, number: int, layer: Layer) -> LayerCost:
    """Measure a layer whose input is held."""
    points = line_fit.points(layer)
    spent = []
    for point in points:
        x = bytearray(layer.inputs)
        for event in point.events:
            x[event] = LEVEL
        spent.append(board.hold(number, bytes(x)))
    line = line_fit.fit_line([point.synapses for point in points], [0.0] * len(points), spent)
    board.hold(number, bytes(layer.inputs))
    step, _, allocated = board.step(number, None)
    return LayerCost(
        inputs=layer.inputs,
        neurons=layer.neurons,
        storage=storage_name(layer),
        held=True,
        events=line,
        step=step,
        allocated=allocated,
    )


def storage_name(layer: Layer) -> str:
    """Return how a layer's weights are stored, in words."""
    if layer.geometry:
        return "patches"
    return "16-bit pairs" if layer.pairs else f"{layer.weight_bits} bits"


def _sample(board: MeasuringBoard, network: Network, x: NDArray[Any]) -> SampleCost:
    trace = network.simulate(x)
    expected = trace.turns().answers
    turns = [board.turn(data, fresh=fresh) for data, fresh in _turns(network, x)]
    quiet, told = (
        [board.parts(data, fresh=fresh, telling=telling) for data, fresh in _turns(network, x)]
        for telling in (False, True)
    )
    answer = _mean([one.answer for one in quiet])
    steps = _mean([one.steps for one in quiet])
    hop = network.stream.hop if network.stream else 1
    return SampleCost(
        total=_mean([one.total for one in turns]),
        take=_mean([one.take for one in quiet]),
        steps=steps,
        answer=answer,
        step=steps / network.turn_steps,
        told=_mean([one.answer for one in told]) - answer,  # which is told with the rest
        sent=_mean([one.sent for one in told]),
        allocated=max(one.allocated for one in turns),
        synaptic_events=count_synaptic_events(network, x, trace.spikes) * hop,
        spikes=sum(int(spikes.sum()) for spikes in trace.spikes) / len(turns),
        wrong=sum(int(one.said != want) for one, want in zip(turns, expected, strict=True)),
        samples=len(turns),
    )


def _turns(network: Network, x: NDArray[Any]) -> Iterator[tuple[bytes, bool]]:
    """Yield the bytes of every turn, and whether it is a recording's first."""
    for recording in x:
        for number, readings in enumerate(recording.reshape(-1, *network.turn)):
            yield network.turn_bytes(readings), number == 0


def _mean(figures: Sequence[float]) -> float:
    return float(np.mean(figures))
