"""The reference simulator: what every board must do, spike for spike.

Written for itself, vectorised over samples; it shares no arithmetic with the firmware. A layer's
equations are in reference_layer.py, what they are computed from in reference_numbers.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import AnyIntArray
from spikelet.inputs import encoders
from spikelet.networks import raster
from spikelet.networks.protocol import Operation, check_samples
from spikelet.networks.readout import class_scores
from spikelet.networks.reference_layer import LayerState
from spikelet.networks.reference_numbers import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from spikelet.networks.layer import Layer


DIRECT_SHIFT = np.full((1, 1, 1), 8, np.int32)  # of each step's sums


class IntegerNetwork(Operation, Protocol):
    """A network that the reference can simulate; see Network."""

    @property
    def layers(self) -> Sequence[Layer]: ...  # noqa: D102
    @property
    def turn_steps(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Trace:
    """What a network did on n samples, or on n recordings of a stream.

    answers     int64[n], index of the class; of a stream int64[n, answers]
    spikes      a uint8[n, T, neurons] per layer, 1 where a neuron fired; T counts the steps of all
                samples of a stream
    membranes   an int16[n, neurons] per layer, at the window's end; of a stream
                int16[n, answers, neurons], at each answer
    """

    answers: NDArray[np.int64]
    spikes: tuple[NDArray[np.uint8], ...]
    membranes: tuple[NDArray[np.int16], ...]

    def plot(self, sample: int = 0) -> Figure:
        """Draw the spikes of one sample; see `raster.plot`."""
        return raster.plot(self.spikes, sample)

    def turns(self) -> Trace:
        """Return what was done turn by turn, each a sample of its own, one recording after the other."""
        if self.answers.ndim == 1:
            return self
        turns = self.answers.size
        return Trace(
            answers=self.answers.ravel(),
            spikes=tuple(made.reshape(turns, -1, made.shape[-1]) for made in self.spikes),
            membranes=tuple(v.reshape(turns, v.shape[-1]) for v in self.membranes),
        )


def simulate(network: IntegerNetwork, x: NDArray[Any]) -> Trace:
    """Run samples through a network, each from the start membranes.

    x    uint8[n, channels]; of a stream uint8[n, samples, channels]; raw readings, of any other
         integers, where the network scales them
    Raises SpikeletError if x has another dtype or shape, or if a state leaves int16, which the proof
    of the conversion excludes.
    """
    return Simulation(network).run(x)


class Simulation:
    """A network whose state lasts, so that a stream can be simulated part by part."""

    def __init__(self, network: IntegerNetwork) -> None:
        self.network = network
        self._encoder: encoders.Encoder | None = None
        self._layers: list[LayerState] = []
        self._scores: list[tuple[NDArray[np.uint8], AnyIntArray]] = []

    def run(self, x: NDArray[Any]) -> Trace:
        """Run what follows in a stream, of as many recordings as the first time; or other samples.

        Takes and raises what `simulate` does.
        """
        network = self.network
        x = check_samples(x, network)
        if network.stream is None or self._encoder is None:
            self._start(len(x))
        signal, shifts = self._encoded(x)
        steps = network.steps * (x.shape[1] if network.stream else 1)
        spikes, ends = [], []
        for state in self._layers:
            shape = steps, len(x), state.numbers.neurons
            fired, reached = np.zeros(shape, np.bool_), None
            if network.stream or state is self._layers[-1]:
                reached = np.empty(shape, state.numbers.kind)
            state.advance(signal, shifts, fired, reached)
            signal, shifts = fired, None
            spikes.append(fired.view(np.uint8).swapaxes(0, 1))
            ends.append(self._at_answers(state, reached))
        assert reached is not None
        scores = self._window_scores(spikes[-1], reached.swapaxes(0, 1))
        return Trace(scores.argmax(axis=-1), tuple(spikes), tuple(ends))

    def _start(self, samples: int) -> None:
        """Set the encoder's and the layers' states to those before the first step."""
        network = self.network
        self._encoder = encoders.Encoder(network.encoder, network.steps, network.encoder_parameter)
        steps = None if network.stream else network.steps
        self._layers = []
        for number, layer in enumerate(network.layers):
            direct = number == 0 and network.encoder == "direct"
            self._layers.append(LayerState(number, numbers(layer, direct, steps), samples))

    def _encoded(self, x: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[np.int32] | None]:
        """Return what the first layer weighs, [T or 1, n, inputs], and the shifts of its sums."""
        network = self.network
        if network.encoder == "direct":
            levels = x.swapaxes(0, 1).repeat(network.steps, axis=0) if network.stream else x[None]
            return levels, DIRECT_SHIFT.repeat(len(levels), axis=0)
        assert self._encoder is not None
        spikes = self._encoder.spikes(x if network.stream else x[:, None]).swapaxes(0, 1)
        if network.encoder != "phase":
            return spikes, None
        shifts = encoders.drive_shifts(network.encoder, network.steps, network.encoder_parameter)
        return spikes, np.tile(shifts, len(spikes) // network.steps)[:, None, None].astype(np.int32)

    def _window_scores(self, spikes: NDArray[np.uint8], membranes: AnyIntArray) -> NDArray[Any]:
        """Return [n, classes] or [n, answers, classes], of windows that reach into earlier parts."""
        stream = self.network.stream
        if stream is None:
            return class_scores(self.network, spikes, membranes)
        self._scores.append((spikes, membranes))
        earlier = [np.concatenate(parts, axis=1) for parts in zip(*self._scores, strict=True)]
        scores = class_scores(self.network, *earlier)
        kept = (stream.window - stream.hop) * self.network.steps
        self._scores = [(earlier[0][:, -kept:], earlier[1][:, -kept:])] if kept else []
        return scores[:, -(spikes.shape[1] // self.network.turn_steps) :]

    def _at_answers(self, state: LayerState, reached: AnyIntArray | None) -> NDArray[np.int16]:
        """Return int16[n, neurons]; of a stream int16[n, answers, neurons], of [T, n, neurons]."""
        if self.network.stream is None or reached is None:
            return state.v.astype(np.int16)
        turn = self.network.turn_steps
        return reached[turn - 1 :: turn].swapaxes(0, 1).astype(np.int16)
