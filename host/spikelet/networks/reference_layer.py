"""Simulate one layer in the reference: the integer neuron, on all samples at once.

Time comes first here: arrays are [T, n, neurons], so that the values of a step are contiguous. Steps
fill existing arrays, because numpy takes longer to allocate an array than to compute a small one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import AnyIntArray, FloatArray
from spikelet.errors import RefusedInput
from spikelet.networks.geometry import weighted
from spikelet.networks.int16 import INT16_MAX, INT16_MIN
from spikelet.networks.reference_numbers import Numbers

BLOCK = 2**15
"""Values of a signal that are weighed at once, in whole steps: more exceed a processor's cache."""
# `tools/measure_simulator.py --gather` shows the sizes above which gathering costs less.
GATHER_PRODUCTS = 2**17
"""Products of a signal and weights above which the search for silent inputs pays."""
GATHER_SIGNALS = 64
"""Largest number of steps times samples: beyond it few inputs are silent in all of them."""
GATHER_SHARE = 0.25
"""Largest share of active inputs whose rows of weights are gathered."""

NOTHING = np.array(0, np.int16)
"""The loss of a state without a leak."""


class LayerState:
    """The state of a layer between two steps: membranes, currents, its own last spikes.

    Attributes
    ----------
    number : int
        Number of the layer, for errors.
    numbers : Numbers
        Weights and parameters.
    v : integers[n, neurons]
        Membranes of the samples, which run side by side.
    current : integers[n, neurons]
        Synaptic currents, if the layer has any.
    fired : bool[n, neurons] or None
        Spikes of the last step; None before the first step.
    """

    def __init__(self, number: int, numbers: Numbers, samples: int) -> None:
        self.number = number
        self.numbers = numbers
        shape = samples, numbers.neurons
        self.v: AnyIntArray = np.empty(shape, numbers.kind)
        self.v[...] = numbers.v_start
        if numbers.current_d is not None:
            self.current: AnyIntArray = np.zeros(shape, numbers.kind)
        self.fired: NDArray[np.bool_] | None = None
        # A scratch array, valid until the next product.
        self._product = np.empty_like(self.v)
        self._bias, self._rho = _each(numbers.bias, samples), _each(numbers.rho, samples)
        self._low, self._theta = _each(numbers.low, samples), _each(numbers.theta, samples)
        self._d, self._current_d = _each(numbers.d, samples), _each(numbers.current_d, samples)

    def advance(
        self,
        signal: NDArray[Any],
        shifts: NDArray[np.int32] | None,
        spikes: NDArray[np.bool_],
        membranes: AnyIntArray | None,
    ) -> None:
        """Advance the neurons by T steps; fill in their spikes, and their membranes after each step.

        Parameters
        ----------
        signal : array[T, n, inputs] or array[1, n, inputs]
            Inputs of the layer; [1, n, inputs] is the same in each step.
        shifts : int32[T or 1, 1, 1] or None
            Right shift of the weighted sums; None for no shift.
        spikes : bool[T, n, neurons]
            Filled in; False at first.
        membranes : integers[T, n, neurons] or None
            Filled in, of the type `numbers.kind`. None if only the last membranes, `v`, are needed.

        Raises
        ------
        SpikeletError
            If a state leaves int16 in any step.
        """
        v, d, r, proved = self.v, self._d, self.numbers.r, self.numbers.proved
        low, theta = self._low, self._theta
        simple = self.numbers.recurrent is None and self._current_d is None
        drives = self._drives(signal, shifts, len(spikes))
        for t, (drive, fired) in enumerate(zip(drives, spikes, strict=True)):
            feed = drive if simple else self._feed(drive)
            v -= self._lost(v, d, r)
            v += feed
            if not proved:
                self._check(v)
            if low is not None:
                np.maximum(v, low, out=v)
            if theta is not None:
                np.greater_equal(v, theta, out=fired)
                self._reset(v, fired)
            if membranes is not None:
                membranes[t] = v
            self.fired = fired

    def _drives(
        self, signal: NDArray[Any], shifts: NDArray[np.int32] | None, steps: int
    ) -> Iterator[AnyIntArray]:
        """Yield the drive [n, neurons] of each step, with gain and bias, without recurrent spikes."""
        if len(signal) == 1:
            yield from repeat(self._drive(signal, shifts)[0], steps)
            return
        block = max(1, BLOCK // max(1, signal[0].size))
        for start in range(0, steps, block):
            part = slice(start, start + block)
            yield from self._drive(signal[part], None if shifts is None else shifts[part])

    def _drive(self, signal: NDArray[Any], shifts: NDArray[np.int32] | None) -> AnyIntArray:
        sums: NDArray[Any] = self._sums(signal)
        if shifts is not None:
            sums = sums.astype(self.numbers.exact)
            np.right_shift(sums, shifts, out=sums)
        drive = sums.astype(self.numbers.kind)
        if self.numbers.gain:
            drive <<= self.numbers.gain
        drive += self._bias
        return drive

    def _sums(self, signal: NDArray[Any]) -> FloatArray:
        """Return the weighted sums [T, n, neurons] of a signal, which are whole numbers."""
        weights, geometry = self.numbers.weights, self.numbers.geometry
        if geometry is not None:
            return weighted(signal.astype(weights.dtype), weights, geometry)
        flat = signal.reshape(-1, signal.shape[-1])
        rows = active_inputs(flat, weights)
        if rows is not None:
            flat, weights = flat[:, rows], weights[rows]
        sums = flat.astype(weights.dtype) @ weights
        return sums.reshape(*signal.shape[:2], self.numbers.neurons)

    def _feed(self, drive: AnyIntArray) -> AnyIntArray:
        """Return the drive plus that of recurrent spikes, or the current that this sum feeds."""
        recurrent = self.numbers.recurrent
        if recurrent is not None and self.fired is not None:
            sums = self.fired.astype(recurrent.dtype) @ recurrent
            drive = drive + (sums.astype(self.numbers.kind) << self.numbers.gain)
        if self._current_d is None:
            return drive
        self.current -= self._lost(self.current, self._current_d, self.numbers.current_r)
        self.current += drive
        if not self.numbers.proved:
            self._check(self.current)
        return self.current

    def _lost(
        self, state: AnyIntArray, d: AnyIntArray | None, r: AnyIntArray | None
    ) -> AnyIntArray:
        """Return (state * d) >> r, with d and r from Numbers; the next call overwrites it."""
        lost = self._product
        if r is None:
            return NOTHING
        if d is None:
            return np.right_shift(state, r, out=lost)
        np.multiply(state, d, out=lost)
        return np.right_shift(lost, r, out=lost)

    def _reset(self, v: AnyIntArray, fired: NDArray[np.bool_]) -> None:
        """Reset the membranes of the neurons that fired."""
        if self.numbers.reset == "set":
            # putmask repeats v_reset for each sample.
            np.putmask(v, fired, self.numbers.v_reset)
            return
        amount = self._product
        np.copyto(amount, fired)
        amount *= self._rho
        v -= amount

    def _check(self, state: AnyIntArray) -> None:
        for value in (int(state.min(initial=0)), int(state.max(initial=0))):
            if not INT16_MIN <= value <= INT16_MAX:
                raise RefusedInput(
                    f"layer {self.number} reaches {value}, outside int16; convert the graph again"
                )


def active_inputs(signal: NDArray[Any], weights: FloatArray) -> NDArray[np.intp] | None:
    """Return the active inputs if multiplying only their weights costs less, else None.

    Parameters
    ----------
    signal : array[steps times samples, inputs]
    weights : float[inputs, neurons]

    Returns
    -------
    intp[active] or None
    """
    if len(signal) > GATHER_SIGNALS or len(signal) * weights.size < GATHER_PRODUCTS:
        return None
    active = np.flatnonzero(signal.any(axis=0))
    return active if len(active) <= GATHER_SHARE * len(weights) else None


def _each(values: AnyIntArray | None, samples: int) -> Any:
    """Return a parameter for each sample, [n, neurons], unless it is the same for all neurons.

    numpy computes arrays of the same shape much faster than arrays that it must broadcast.
    """
    if values is None or not values.ndim or samples == 1:
        return values
    return values.repeat(samples, axis=0)
