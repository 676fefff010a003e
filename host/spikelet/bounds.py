"""The proof that a network never leaves int16, from its actual weights.

Intervals are followed through one step after the other: every operation of the integer neuron is
monotone, so the ends of an interval map to the ends of the next. Each neuron is taken by itself, and
any subset of its inputs may spike in any step, so the bounds hold for every input and in any order
of addition. Source: R. E. Moore, Interval Analysis (1966).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spikelet.network import Layer, Network

IntArray = NDArray[np.int64]

INT16_MIN, INT16_MAX = -0x8000, 0x7FFF
LIMIT_STEPS = 100_000  # a membrane with the slowest leak has settled long before


@dataclass(frozen=True)
class Interval:
    """The least and the largest value that something can take, in membrane units."""

    low: int
    high: int

    @property
    def fits(self) -> bool:
        """Whether all of it is int16."""
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
    """What one layer can reach.

    sums        partial sums of weights, before the gain
    drive       partial sums after gain and bias
    membrane    V and all that is computed on the way to it, in every step
    settled     whether the bounds hold for any number of steps, not only for the window
    """

    sums: Interval
    drive: Interval
    membrane: Interval
    settled: bool

    @property
    def reach(self) -> Interval:
        """The hull of all of them."""
        parts = (self.sums, self.drive, self.membrane)
        return Interval(min(p.low for p in parts), max(p.high for p in parts))


def prove(network: Network, *, endless: bool = False) -> list[LayerBounds]:
    """Return each layer's bounds over the window of `network.steps`, or, if endless, in the limit."""
    return [
        layer_bounds(
            layer,
            direct=network.encoder == "direct" and number == 0,
            steps=None if endless else network.steps,
        )
        for number, layer in enumerate(network.layers)
    ]


def layer_bounds(layer: Layer, *, direct: bool, steps: int | None) -> LayerBounds:
    """Return the bounds of one layer over so many steps, or for ever.

    direct    whether it takes values 0..255 instead of spikes
    """
    weights = layer.weights.astype(np.int64)
    below, above = np.minimum(weights, 0).sum(axis=0), np.maximum(weights, 0).sum(axis=0)
    sums = _hull(below, above)
    if direct:
        # a kernel may go through x bit by bit, adding each bit's rows to at most as much again
        sums = _hull(2 * below, 2 * above)
        below, above = (255 * below) >> 8, (255 * above) >> 8
    below, above = below << layer.gain, above << layer.gain
    bias = layer.bias.astype(np.int64)
    drive = _hull(below + np.minimum(bias, 0), above + np.maximum(bias, 0))
    membrane, settled = _follow(layer, (below, above), steps)
    return LayerBounds(sums, drive, membrane, settled)


def _follow(
    layer: Layer, sums: tuple[IntArray, IntArray], steps: int | None
) -> tuple[Interval, bool]:
    """Follow every neuron's V from its start; return what it can reach, and if it has settled.

    Each step only widens the interval; once it changes nothing any more, the bounds hold for ever.
    Without a number of steps, what does not settle is followed until it leaves int16.
    """
    bias = layer.bias.astype(np.int64)
    v_low = v_high = layer.v_start.astype(np.int64)
    reach = _hull(v_low, v_high)
    for _ in range(LIMIT_STEPS if steps is None else steps):
        low, high = _leaked(layer, v_low) + sums[0], _leaked(layer, v_high) + sums[1]
        # the drive is added in any order: with the bias first, last, or in between
        reach = _widened(reach, low + np.minimum(bias, 0), high + np.maximum(bias, 0))
        low, high = _fired(layer, low + bias, high + bias)
        reach = _widened(reach, low, high)
        low, high = np.minimum(low, v_low), np.maximum(high, v_high)
        if (low == v_low).all() and (high == v_high).all():
            return reach, True
        if steps is None and not reach.fits:
            break
        v_low, v_high = low, high
    return reach, False


def _leaked(layer: Layer, v: IntArray) -> IntArray:
    return v - ((v * layer.d.astype(np.int64)) >> layer.r)


def _fired(layer: Layer, low: IntArray, high: IntArray) -> tuple[IntArray, IntArray]:
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


def _hull(low: IntArray, high: IntArray) -> Interval:
    return Interval(int(min(low.min(), 0)), int(max(high.max(), 0)))


def _widened(reach: Interval, low: IntArray, high: IntArray) -> Interval:
    return Interval(min(reach.low, int(low.min())), max(reach.high, int(high.max())))
