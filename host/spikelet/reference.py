"""The reference simulator: what every board must do, spike for spike.

Written for itself, vectorised over samples; it shares no arithmetic with the firmware.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelet import encoding
from spikelet.bounds import INT16_MAX, INT16_MIN
from spikelet.convolution import weighted
from spikelet.errors import SpikeletError
from spikelet.operation import check_samples, class_scores

if TYPE_CHECKING:
    from spikelet.layer import Layer
    from spikelet.network import Network

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Trace:
    """What a network did on n samples, or on n recordings of a stream.

    answers     int64[n], index of the class; of a stream int64[n, answers]
    spikes      a uint8[n, T, neurons] per layer, 1 where a neuron fired; T counts the steps of all
                samples of a stream
    membranes   an int16[n, neurons] per layer, at the window's end; of a stream
                int16[n, answers, neurons], at each answer
    """

    answers: IntArray
    spikes: tuple[NDArray[np.uint8], ...]
    membranes: tuple[NDArray[np.int16], ...]

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


def simulate(network: Network, x: NDArray[Any]) -> Trace:
    """Run samples through a network, each from the start membranes.

    x    uint8[n, channels]; of a stream uint8[n, samples, channels]; raw readings, of any other
         integers, where the network scales them
    Raises SpikeletError if x has another dtype or shape, or if a state leaves int16, which the proof
    of the conversion excludes.
    """
    return Simulation(network).run(x)


class Simulation:
    """A network whose state lasts, so that a stream can be simulated part by part."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._encoder = encoding.Encoder(network.encoder, network.steps, network.encoder_parameter)
        self._layers = [_LayerState(number, layer) for number, layer in enumerate(network.layers)]
        self._scores: list[tuple[NDArray[np.uint8], IntArray]] = []

    def run(self, x: NDArray[Any]) -> Trace:
        """Run what follows, of as many samples or recordings as the first time; see `simulate`."""
        network = self.network
        x = check_samples(x, network)
        signal, shifts = self._encoded(x)
        steps = network.steps * (x.shape[1] if network.stream else 1)
        spikes, membranes = [], []
        for number, state in enumerate(self._layers):
            total = _weighted(signal, state.layer)
            if number == 0:
                total >>= shifts
            shape = len(x), steps, state.layer.neurons
            signal, reached = state.advance(np.broadcast_to(total, shape))
            spikes.append(signal)
            membranes.append(reached)
        scores = self._window_scores(spikes[-1], membranes[-1])
        ends = [self._at_answers(reached).astype(np.int16) for reached in membranes]
        return Trace(scores.argmax(axis=-1), tuple(spikes), tuple(ends))

    def _encoded(self, x: NDArray[np.uint8]) -> tuple[NDArray[Any], IntArray]:
        """Return what the first layer weighs, [n, T or 1, inputs], and the shifts of its sums."""
        network = self.network
        if network.encoder == "direct":
            levels = x.repeat(network.steps, axis=1) if network.stream else x[:, None]
            return levels, np.array([[8]])
        spikes = self._encoder.spikes(x if network.stream else x[:, None])
        shifts = encoding.drive_shifts(network.encoder, network.steps, network.encoder_parameter)
        return spikes, np.tile(shifts, spikes.shape[1] // network.steps)[:, None]

    def _window_scores(self, spikes: NDArray[np.uint8], membranes: IntArray) -> NDArray[Any]:
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

    def _at_answers(self, membranes: IntArray) -> IntArray:
        turn = self.network.turn_steps
        ends = membranes[:, turn - 1 :: turn]
        return ends if self.network.stream else ends[:, 0]


class _LayerState:
    """A layer's state between two steps: membranes, currents, its own last spikes."""

    def __init__(self, number: int, layer: Layer) -> None:
        self.number = number
        self.layer = layer
        self._bias, self._d = layer.each(layer.bias), layer.each(layer.d)
        self._low, self._theta = _each(layer, layer.low), _each(layer, layer.theta)
        self._rho, self._v_reset = layer.each(layer.rho), layer.each(layer.v_reset)
        self._current_d = _each(layer, layer.current_d)
        self.v: IntArray = layer.each(layer.v_start)[None]
        self.current: IntArray = np.zeros((1, layer.neurons), np.int64)
        self.fired: NDArray[np.bool_] = np.zeros((1, layer.neurons), np.bool_)

    def advance(self, sums: IntArray) -> tuple[NDArray[np.uint8], IntArray]:
        """Take the neurons through the weighted sums int64[n, T, neurons] of their inputs.

        Returns their spikes and their membranes after each step, both [n, T, neurons]. Raises
        SpikeletError if a state leaves int16 on its way.
        """
        layer = self.layer
        spikes, membranes = np.zeros(sums.shape, np.uint8), np.zeros(sums.shape, np.int64)
        recurrent = None if layer.recurrent is None else layer.recurrent.astype(np.float64)
        self.v = np.broadcast_to(self.v, sums[:, 0].shape)
        for t in range(sums.shape[1]):
            drive = sums[:, t]
            if recurrent is not None:
                drive = drive + (self.fired.astype(np.float64) @ recurrent).astype(np.int64)
            drive = (drive << layer.gain) + self._bias
            if self._current_d is not None:
                drive = self._through_current(drive, self._current_d)
            self.v = self.v - np.floor_divide(self.v * self._d, 1 << layer.r) + drive
            self._check(self.v)
            if self._low is not None:
                self.v = np.maximum(self.v, self._low)
            self._fire()
            spikes[:, t], membranes[:, t] = self.fired, self.v
        return spikes, membranes

    def _through_current(self, drive: IntArray, d: IntArray) -> IntArray:
        """Return the synaptic current, leaked and then fed by the drive."""
        lost = np.floor_divide(self.current * d, 1 << self.layer.current_r)
        self.current = self.current - lost + drive
        self._check(self.current)
        return self.current

    def _fire(self) -> None:
        if self._theta is None:
            return
        self.fired = self.v >= self._theta
        after = self._v_reset if self.layer.reset == "set" else self.v - self._rho
        self.v = np.where(self.fired, after, self.v)

    def _check(self, state: IntArray) -> None:
        for value in (int(state.min(initial=0)), int(state.max(initial=0))):
            if not INT16_MIN <= value <= INT16_MAX:
                raise SpikeletError(
                    f"layer {self.number} reaches {value}, outside int16; convert the graph again"
                )


def _each(layer: Layer, values: NDArray[np.int16] | None) -> IntArray | None:
    """Return a parameter [maps] that a layer may lack as int64[neurons]."""
    return None if values is None else layer.each(values)


def _weighted(signal: NDArray[Any], layer: Layer) -> IntArray:
    """Return int64[n, T, neurons], the weighted sums of the signal [n, T, inputs].

    In float64, whose integers are exact below 2**53, because integers have no fast product.
    """
    sums = weighted(signal.astype(np.float64), layer.weights.astype(np.float64), layer.geometry)
    return sums.astype(np.int64)
