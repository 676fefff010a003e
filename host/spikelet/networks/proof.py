"""Prove from its weights that a network never leaves int16.

The proof follows an interval of each state from step to step. Every operation of the integer neuron
is monotone, so the ends of an interval map to the ends of the next. The proof treats each neuron by
itself, and any subset of its inputs may spike in any step. So the bounds hold for every input and in
any order of addition. Source: R. E. Moore, Interval Analysis (1966).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikelet.arrays import Int64Array
from spikelet.errors import RefusedInput
from spikelet.networks.int16 import INT16_MAX, INT16_MIN

if TYPE_CHECKING:
    from spikelet.networks.layer import Layer
    from spikelet.networks.network import Network


# A membrane with the slowest leak settles long before.
LIMIT_STEPS = 100_000


@dataclass(frozen=True)
class Interval:
    """The least and the largest possible value of a state, in membrane units."""

    low: int
    high: int

    @property
    def fits(self) -> bool:
        """Whether the whole interval is within int16."""
        return self.low >= INT16_MIN and self.high <= INT16_MAX

    @property
    def worst(self) -> int:
        """The end that is further out."""
        return self.high if self.high > -1 - self.low else self.low

    @property
    def limit(self) -> int:
        """The end of int16 on that side."""
        return INT16_MAX if self.worst >= 0 else INT16_MIN


@dataclass(frozen=True)
class LayerBounds:
    """The values that the states of one layer can reach.

    Attributes
    ----------
    sums : Interval
        Partial sums of weights, before the gain.
    drive : Interval
        Partial sums after gain and bias.
    current : Interval or None
        The synaptic current in every step; None if the layer has no current.
    membrane : Interval
        V and all intermediate results of it, in every step.
    compared : Interval or None
        V minus theta and V minus low; None if the layer has neither.
    settled : bool
        Whether the bounds hold for any number of steps, not only for the window.
    """

    sums: Interval
    drive: Interval
    current: Interval | None
    membrane: Interval
    compared: Interval | None
    settled: bool

    @property
    def lanes(self) -> bool:
        """Whether two neurons may be compared in one word."""
        return self.compared is None or self.compared.fits

    @property
    def reach(self) -> Interval:
        """The hull of sums, drive, current and membrane."""
        parts = (self.sums, self.drive, self.current or self.drive, self.membrane)
        return Interval(min(p.low for p in parts), max(p.high for p in parts))


def prove(network: Network, *, endless: bool = False) -> list[LayerBounds]:
    """Return the bounds of each layer.

    Parameters
    ----------
    network : Network
    endless : bool
        Whether the bounds hold for any number of steps, not only for the window of `network.steps`.
        A stream is always endless.
    """
    steps = None if endless or network.stream else network.steps
    return [
        layer_bounds(layer, direct=network.encoder == "direct" and number == 0, steps=steps)
        for number, layer in enumerate(network.layers)
    ]


def check_proof(network: Network, proof: Sequence[LayerBounds] | None = None) -> None:
    """Refuse a network whose values may leave int16, on a board or in the reference.

    Parameters
    ----------
    network : Network
    proof : sequence of LayerBounds, optional
        The result of `prove`, if it is known.

    Raises
    ------
    RefusedInput
        If a sum, a membrane, or a difference that a kernel compares in one word can leave int16.
    """
    bounds = prove(network) if proof is None else proof
    for number, (layer, reached) in enumerate(zip(network.layers, bounds, strict=True)):
        compared = reached.compared if layer.lanes else None
        for reach in filter(None, (reached.reach, compared)):
            if not reach.fits:
                raise RefusedInput(
                    f"not proved: layer {number} can reach {reach.worst:,}, "
                    f"{'above' if reach.worst > 0 else 'below'} {reach.limit:,}, the end of int16; "
                    "convert its graph again"
                )


def layer_bounds(layer: Layer, *, direct: bool, steps: int | None) -> LayerBounds:
    """Return the bounds of one layer.

    Parameters
    ----------
    layer : Layer
    direct : bool
        Whether the layer takes values 0..255 instead of spikes.
    steps : int or None
        Steps for which the bounds hold. None for any number of steps.
    """
    below, above = _sums(layer.weights, layer.geometry.most_inputs if layer.geometry else 1)
    sums = _hull(below, above)
    if direct:
        # A kernel may go through x bit by bit. It then adds the rows of a bit to a sum that is at
        # most as large.
        sums = _hull(2 * below, 2 * above)
        below, above = (255 * below) >> 8, (255 * above) >> 8
    if layer.recurrent is not None:
        own_below, own_above = _sums(layer.recurrent, 1)
        below, above = below + own_below, above + own_above
        sums = _joined(sums, _hull(below, above))
    below, above = below << layer.gain, above << layer.gain
    bias = layer.bias.astype(np.int64)
    drive = _hull(below + np.minimum(bias, 0), above + np.maximum(bias, 0))
    current, membrane, settled = _Path(layer, (below, above)).follow(steps)
    return LayerBounds(sums, drive, current, membrane, _compared(layer, membrane), settled)


def _sums(weights: NDArray[np.int8], together: int) -> tuple[Int64Array, Int64Array]:
    """Return the least and largest sum int64[maps] of any inputs; `together` inputs share a weight."""
    wide = together * weights.astype(np.int64)
    return np.minimum(wide, 0).sum(axis=0), np.maximum(wide, 0).sum(axis=0)


def _compared(layer: Layer, membrane: Interval) -> Interval | None:
    """Return the differences of a membrane from the threshold or the floor of any neuron."""
    levels = [v.astype(np.int64) for v in (layer.theta, layer.low) if v is not None]
    if not levels:
        return None
    least, most = min(v.min() for v in levels), max(v.max() for v in levels)
    return Interval(membrane.low - int(most), membrane.high - int(least))


class _Path:
    """The intervals of the states of each neuron, from step to step.

    A step can only widen them. When a step leaves all intervals as they are, they hold for any number
    of steps.
    """

    def __init__(self, layer: Layer, sums: tuple[Int64Array, Int64Array]) -> None:
        self.layer = layer
        self.sums = sums
        self.bias = layer.bias.astype(np.int64)
        start = layer.v_start.astype(np.int64)
        zeros = np.zeros_like(start)
        self.v = start, start
        self.current = zeros, zeros
        self.membranes = _hull(start, start)
        self.currents = None if layer.current_d is None else Interval(0, 0)

    def follow(self, steps: int | None) -> tuple[Interval | None, Interval, bool]:
        """Return the intervals of current and V after `steps`, and whether they have settled.

        Without a number of steps, intervals that do not settle are followed until they leave int16.
        """
        for _ in range(LIMIT_STEPS if steps is None else steps):
            if not self._step():
                return self.currents, self.membranes, True
            if steps is None and not self._fits():
                break
        return self.currents, self.membranes, False

    def _fits(self) -> bool:
        return self.membranes.fits and (self.currents is None or self.currents.fits)

    def _step(self) -> bool:
        """Widen the intervals by one step; return whether one of them changed."""
        layer, bias = self.layer, self.bias
        feed, changed = self.sums, False
        if self.currents is not None:
            assert layer.current_d is not None
            leaked = [_leaked(v, layer.current_d, layer.current_r) for v in self.current]
            low, high = self._fed(leaked[0], leaked[1])
            self.current, changed = _wider(self.current, low, high)
            feed, bias = self.current, np.zeros_like(bias)
        low, high = (
            _leaked(v, layer.d, layer.r) + add for v, add in zip(self.v, feed, strict=True)
        )
        # Inputs and bias are added in any order: the bias may come first, last, or in between.
        self.membranes = _joined(
            self.membranes, _hull(low + np.minimum(bias, 0), high + np.maximum(bias, 0))
        )
        low, high = _fired(layer, low + bias, high + bias)
        self.membranes = _joined(self.membranes, _hull(low, high))
        self.v, moved = _wider(self.v, low, high)
        return changed or moved

    def _fed(self, low: Int64Array, high: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Return leaked currents plus the drive, and note the partial sums."""
        low, high = low + self.sums[0], high + self.sums[1]
        reached = _hull(low + np.minimum(self.bias, 0), high + np.maximum(self.bias, 0))
        assert self.currents is not None
        self.currents = _joined(self.currents, reached)
        return low + self.bias, high + self.bias


def _leaked(v: Int64Array, d: NDArray[np.int16], r: int) -> Int64Array:
    return v - ((v * d.astype(np.int64)) >> r)


def _wider(
    before: tuple[Int64Array, Int64Array], low: Int64Array, high: Int64Array
) -> tuple[tuple[Int64Array, Int64Array], bool]:
    """Return the hull of two intervals per neuron, and whether it exceeds the first."""
    low, high = np.minimum(low, before[0]), np.maximum(high, before[1])
    changed = bool((low != before[0]).any() or (high != before[1]).any())
    return (low, high), changed


def _fired(layer: Layer, low: Int64Array, high: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return the interval of V after floor and reset."""
    if layer.low is not None:
        low, high = np.maximum(low, layer.low), np.maximum(high, layer.low)
    if layer.theta is None:
        return low, high
    theta = layer.theta.astype(np.int64)
    if layer.reset == "set":
        fired_low = fired_high = layer.v_reset.astype(np.int64)
    else:
        rho = layer.rho.astype(np.int64)
        fired_low, fired_high = np.maximum(low, theta) - rho, high - rho
    silent_high = np.minimum(high, theta - 1)
    may_fire, may_stay = high >= theta, low < theta
    both_low = np.where(may_fire, np.where(may_stay, np.minimum(low, fired_low), fired_low), low)
    both_high = np.where(
        may_fire, np.where(may_stay, np.maximum(silent_high, fired_high), fired_high), silent_high
    )
    return both_low, both_high


def _hull(low: Int64Array, high: Int64Array) -> Interval:
    return Interval(int(min(low.min(), 0)), int(max(high.max(), 0)))


def _joined(first: Interval, second: Interval) -> Interval:
    return Interval(min(first.low, second.low), max(first.high, second.high))
