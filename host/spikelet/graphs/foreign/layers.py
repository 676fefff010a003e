"""Make layers of a float network from imported synapses and neurons.

A late reset by subtraction is v = beta v + i - theta s, with the spikes s of the step before. It equals
an immediate one of rho = theta / beta: v = beta (v - rho s) + i.

In each step neurons gain (1 - beta) v_leak from v_leak, which is a bias. Behind a synaptic current,
which would filter a bias, membranes are counted from v_leak instead. With w = v + c, c = -v_leak,

    w = beta w + i,    theta + c,  v_reset + c,  start at v_start + c

and rho is unchanged. Neurons that never fire are compared by their membranes, which must have one
zero for all. If they rest at different v_leak, the bias goes through the current, multiplied by
(1 - alpha). In step t it lacks the share alpha**t.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikelet.arrays import Float64Array
from spikelet.errors import RefusedInput
from spikelet.graphs.foreign.account import APPROXIMATED, EXACT, Texts
from spikelet.graphs.foreign.neurons import Neurons
from spikelet.graphs.foreign.values import extent
from spikelet.networks.float_network import FloatLayer
from spikelet.networks.geometry import Geometry


class Drive(NamedTuple):
    """Inputs of neurons: their synapses and, one step later, their own spikes.

    Attributes
    ----------
    weights, geometry
        As in FloatLayer.
    bias : float64[maps]
    recurrent
        As in FloatLayer.
    """

    weights: Float64Array
    geometry: Geometry | None
    bias: Float64Array
    recurrent: Float64Array | None


def make_layer(
    drive: Drive, neurons: Neurons, reset: str, *, late: bool
) -> tuple[FloatLayer, Texts]:
    """Return the layer, and its entries of the report.

    Parameters
    ----------
    drive : Drive
    neurons : Neurons
    reset : str
        "subtract" or "set".
    late : bool
        Whether a subtraction comes one step after the spike.

    Raises
    ------
    SpikeletError
        If a number is out of range.
    """
    rest = _rest(neurons)
    rho, texts = _rho(neurons, rest, late=late) if reset == "subtract" else (None, [])
    layer = FloatLayer(
        weights=drive.weights * neurons.gain,
        bias=drive.bias * neurons.gain + rest.bias,
        beta=neurons.beta,
        theta=None if neurons.theta is None else neurons.theta + rest.zero,
        reset=reset,
        v_reset=neurons.v_reset + (0 if neurons.theta is None else rest.zero),
        v_start=neurons.v_start + rest.zero,
        rho=rho,
        recurrent=None if drive.recurrent is None else drive.recurrent * neurons.gain,
        alpha=neurons.alpha,
        geometry=drive.geometry,
    )
    return layer, texts + rest.texts


class _Rest(NamedTuple):
    """The effect of v_leak on membranes at rest.

    Attributes
    ----------
    bias : float64[maps]
        Added to that of the drive.
    zero : float64[maps]
        Added to thresholds, resets and starts, because membranes are counted from another zero.
    texts
        Entries of the report.
    """

    bias: Float64Array
    zero: Float64Array
    texts: Texts


def _rest(neurons: Neurons) -> _Rest:
    """Return the effect of v_leak: a bias, or another zero."""
    v_leak, zeros = neurons.v_leak, np.zeros_like(neurons.v_leak)
    rest = (1 - neurons.beta) * v_leak
    if neurons.alpha is None or not v_leak.any():
        return _Rest(rest, zeros, [])
    if neurons.theta is None and np.ptp(v_leak) > 0:
        missing = rest * neurons.alpha
        text = (
            f"membranes gain {extent(rest)} in each step, from v_leak; it comes through the "
            f"current, so {extent(missing)} is missing in the first step and "
            f"{extent(neurons.alpha)} times that in each one that follows"
        )
        return _Rest((1 - neurons.alpha) * rest, zeros, [(APPROXIMATED, text)])
    text = f"membranes are counted from v_leak {extent(v_leak)}, which is their zero"
    return _Rest(zeros, -v_leak, [(EXACT, text)])


def _rho(neurons: Neurons, rest: _Rest, *, late: bool) -> tuple[Float64Array | None, Texts]:
    """Return the loss of a spike, float64[maps]; None if it is the layer's theta."""
    if neurons.theta is None:
        return None, []
    if not late:
        return (neurons.theta if rest.zero.any() else None), []
    if not neurons.beta.all():
        raise RefusedInput(
            "a neuron with beta 0 has no memory from which its threshold could be subtracted a step "
            "after the spike; if its reset is to zero, say --reset set"
        )
    rho = neurons.theta / neurons.beta
    text = f"the reset a step late is a loss of theta / beta at once, {extent(rho)}"
    return rho, [(EXACT, text)]
