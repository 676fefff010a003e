"""Measure a network on a board: the steps of each layer, whole samples, and memory."""

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
    """Cost of one layer, in the clock's unit.

    Attributes
    ----------
    inputs, neurons : int
    storage : str
        How the weights are stored, as `storage_name` returns it.
    held : bool
        Whether the layer holds its input, as with the direct encoder. A sample then costs `hold`
        once, and a step only the neurons. Each synapse of an input that is not zero is an event.
    events : Line
        Cost of a step, or of holding an input, over synaptic events.
    step : float
        Cost of a step without events, or of a step with the held input.
    allocated : int
        Bytes of heap, the most in a step.
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
    """Cost of an average sample, in the clock's unit.

    Attributes
    ----------
    total : float
        Cost of a whole turn that is not reported to a host.
    take, steps, answer : float
        Cost of its parts, each from its call to its return.
    step : float
        An average step of all layers, encoder and readout.
    report : float
        Additional cost of a report to a host.
    sent : float
        Bytes of frames of that report.
    allocated : int
        Bytes of heap, the most in a sample.
    synaptic_events, spikes : float
        Means over the samples.
    wrong : int
        Number of answers that differ from the reference's.
    samples : int
        Number of measured samples, or of turns in a stream.
    """

    total: float
    take: float
    steps: float
    answer: float
    step: float
    report: float
    sent: float
    allocated: int
    synaptic_events: float
    spikes: float
    wrong: int
    samples: int

    @property
    def report_share(self) -> float:
        """Share 0..1 of the report in a sample that is reported to a host."""
        return self.report / (self.total + self.report)


@dataclass(frozen=True)
class KernelCost:
    """Cost of a network with one kernel."""

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
    """Measure the network that a board holds, with one of its kernels.

    Parameters
    ----------
    board : MeasuringBoard
    network : Network
    kernel : str
        The first kernel that the board loads; otherwise `memory` counts the earlier ones too.
    x : uint8[n, channels] or uint8[n, samples, channels]
        Samples or recordings, as `simulate` takes them.
    progress : callable
        Called with (steps done, steps in all).
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
    """Measure a layer that receives events."""
    points = line_fit.points(layer)
    steps = [board.step(number, point.events) for point in points]
    spent, fired, allocated = zip(*steps, strict=True)
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
    """Measure a layer that holds its input."""
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
    quiet, reported = (
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
        # The cost of the report is a part of the answer's.
        report=_mean([one.answer for one in reported]) - answer,
        sent=_mean([one.sent for one in reported]),
        allocated=max(one.allocated for one in turns),
        synaptic_events=count_synaptic_events(network, trace) * hop,
        spikes=sum(int(spikes.sum()) for spikes in trace.spikes) / len(turns),
        wrong=sum(int(one.answer != want) for one, want in zip(turns, expected, strict=True)),
        samples=len(turns),
    )


def _turns(network: Network, x: NDArray[Any]) -> Iterator[tuple[bytes, bool]]:
    """Yield the bytes of every turn, and whether it is a recording's first."""
    for recording in x:
        for number, readings in enumerate(recording.reshape(-1, *network.turn)):
            yield network.turn_bytes(readings), number == 0


def _mean(figures: Sequence[float]) -> float:
    return float(np.mean(figures))
