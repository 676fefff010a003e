"""The reference simulator, whose spikes every board must reproduce exactly.

It is an independent implementation, vectorised over samples, and shares no arithmetic with the
firmware. reference_layer.py contains the equations of a layer, reference_numbers.py their operands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import AnyIntArray
from spikelet.inputs import encoders
from spikelet.networks import raster
from spikelet.networks.protocol import NetworkProtocol, check_samples
from spikelet.networks.readout import class_scores
from spikelet.networks.reference_layer import LayerState
from spikelet.networks.reference_numbers import layer_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from spikelet.networks.layer import Layer


# Right shift of the sums of a direct drive in each step.
DIRECT_SHIFT = np.full((1, 1, 1), 8, np.int32)


class IntegerNetwork(NetworkProtocol, Protocol):
    """A network that the reference can simulate; see Network."""

    @property
    def layers(self) -> Sequence[Layer]: ...  # noqa: D102
    @property
    def turn_steps(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Trace:
    """The simulation of n samples, or of n recordings of a stream.

    Attributes
    ----------
    answers : int64[n] or int64[n, answers]
        Index of the class; two dimensions for a stream.
    inputs : int64[inputs]
        Events of each input, in all samples together.
    spikes : tuple of uint8[n, T, neurons]
        The spikes of each layer, 1 if a neuron fired. T counts the steps of all samples of a stream.
    membranes : tuple of int16[n, neurons] or int16[n, answers, neurons]
        The membranes of each layer at the end of the window; for a stream at each answer.
    """

    answers: NDArray[np.int64]
    inputs: NDArray[np.int64]
    spikes: tuple[NDArray[np.uint8], ...]
    membranes: tuple[NDArray[np.int16], ...]

    def plot(self, sample: int = 0) -> Figure:
        """Draw the spikes of one sample; see `raster.plot`."""
        return raster.plot(self.spikes, sample)

    def turns(self) -> Trace:
        """Return the trace with each turn as a sample of its own, recording by recording."""
        if self.answers.ndim == 1:
            return self
        turns = self.answers.size
        return Trace(
            answers=self.answers.ravel(),
            inputs=self.inputs,
            spikes=tuple(fired.reshape(turns, -1, fired.shape[-1]) for fired in self.spikes),
            membranes=tuple(v.reshape(turns, v.shape[-1]) for v in self.membranes),
        )


def simulate(network: IntegerNetwork, x: NDArray[Any]) -> Trace:
    """Run samples through a network, each from the start membranes.

    Parameters
    ----------
    network : IntegerNetwork
    x : uint8[n, channels] or uint8[n, samples, channels]
        Three dimensions for a stream. If the network has a scaling, signed integers are raw readings.

    Returns
    -------
    Trace

    Raises
    ------
    SpikeletError
        If x has another dtype or shape, or if a state leaves int16, which the proof of the conversion
        excludes.
    """
    return Simulation(network).run(x)


class Simulation:
    """A network that keeps its state, so that a stream can be simulated part by part."""

    def __init__(self, network: IntegerNetwork) -> None:
        self.network = network
        self._encoder: encoders.Encoder | None = None
        self._layers: list[LayerState] = []
        self._scores: list[tuple[NDArray[np.uint8], AnyIntArray]] = []

    def run(self, x: NDArray[Any]) -> Trace:
        """Run the next part of a stream, or further samples.

        All parts of a stream have the same number of recordings. Parameters and errors are those of
        `simulate`.
        """
        network = self.network
        x = check_samples(x, network)
        if network.stream is None or self._encoder is None:
            self._start(len(x))
        signal, shifts = self._encoded(x)
        inputs = encoders.input_events(network.encoder, x, signal)
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
        return Trace(scores.argmax(axis=-1), inputs, tuple(spikes), tuple(ends))

    def _start(self, samples: int) -> None:
        """Reset the states of the encoder and the layers."""
        network = self.network
        self._encoder = encoders.Encoder(network.encoder, network.steps, network.encoder_parameter)
        steps = None if network.stream else network.steps
        self._layers = []
        for number, layer in enumerate(network.layers):
            direct = number == 0 and network.encoder == "direct"
            self._layers.append(LayerState(number, layer_numbers(layer, direct, steps), samples))

    def _encoded(self, x: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[np.int32] | None]:
        """Return the signal of the first layer, [T or 1, n, inputs], and the shifts of its sums."""
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
        """Return [n, classes] or [n, answers, classes]; windows may reach into earlier parts."""
        stream = self.network.stream
        if stream is None:
            return class_scores(self.network, spikes, membranes)
        self._scores.append((spikes, membranes))
        earlier = [np.concatenate(parts, axis=1) for parts in zip(*self._scores, strict=True)]
        scores = class_scores(self.network, *earlier)
        overlap = (stream.window - stream.hop) * self.network.steps
        self._scores = [(earlier[0][:, -overlap:], earlier[1][:, -overlap:])] if overlap else []
        return scores[:, -(spikes.shape[1] // self.network.turn_steps) :]

    def _at_answers(self, state: LayerState, reached: AnyIntArray | None) -> NDArray[np.int16]:
        """Return int16[n, neurons], the last membranes; for a stream int16[n, answers, neurons]."""
        if self.network.stream is None or reached is None:
            return state.v.astype(np.int16)
        turn = self.network.turn_steps
        return reached[turn - 1 :: turn].swapaxes(0, 1).astype(np.int16)
