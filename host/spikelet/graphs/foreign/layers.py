"""Layers of a float network from synapses and from neurons in steps, as an import finds them.

A reset by subtraction that comes a step late, v = beta v + i - theta s of the step before, is one of
rho = theta / beta at once: v = beta (v - rho s) + i.

What neurons gain in each step from v_leak, (1 - beta) v_leak, is a bias. Behind a synaptic current,
which a bias would pass through, membranes are counted from v_leak instead. With w = v + c, c = -v_leak,

    w = beta w + i,    theta + c,  v_reset + c,  start at v_start + c

and rho is what it was. Neurons that never fire are compared by their membranes, which must have one
zero for all. Where they rest at different v_leak, it comes through the current, as a bias of (1 - alpha)
times as much, of which alpha**t is missing in step t.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikelet.arrays import Float64Array
from spikelet.errors import SpikeletError
from spikelet.graphs.foreign.account import APPROXIMATED, EXACT, Texts
from spikelet.graphs.foreign.neurons import Neurons
from spikelet.graphs.foreign.values import extent
from spikelet.networks.float_network import FloatLayer
from spikelet.networks.geometry import Geometry


class Drive(NamedTuple):
    """What feeds neurons: of their input and, a step later, of their own spikes.

    weights, geometry  as in FloatLayer
    bias               float64[maps]
    recurrent          as in FloatLayer
    """

    weights: Float64Array
    geometry: Geometry | None
    bias: Float64Array
    recurrent: Float64Array | None


def layer(drive: Drive, neurons: Neurons, reset: str, *, late: bool) -> tuple[FloatLayer, Texts]:
    """Return the layer, and what to say of it.

    reset    "subtract" or "set"
    late     whether a subtraction comes a step after the spike
    Raises SpikeletError where a number is not possible.
    """
    rest = _rest(neurons)
    rho, texts = _rho(neurons, rest, late=late) if reset == "subtract" else (None, [])
    made = FloatLayer(
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
    return made, texts + rest.texts


class _Rest(NamedTuple):
    """What makes membranes rest where they do.

    bias  float64[maps], added to that of the drive
    zero  float64[maps], by how much lower the zero of membranes is
    """

    bias: Float64Array
    zero: Float64Array
    texts: Texts


def _rest(neurons: Neurons) -> _Rest:
    v_leak, none = neurons.v_leak, np.zeros_like(neurons.v_leak)
    rest = (1 - neurons.beta) * v_leak
    if neurons.alpha is None or not v_leak.any():
        return _Rest(rest, none, [])
    if neurons.theta is None and np.ptp(v_leak) > 0:
        missing = rest * neurons.alpha
        text = (
            f"membranes gain {extent(rest)} in each step, from v_leak; it comes through the "
            f"current, so {extent(missing)} is missing in the first step and "
            f"{extent(neurons.alpha)} times that in each one that follows"
        )
        return _Rest((1 - neurons.alpha) * rest, none, [(APPROXIMATED, text)])
    text = f"membranes are counted from v_leak {extent(v_leak)}, which is their zero"
    return _Rest(none, -v_leak, [(EXACT, text)])


def _rho(neurons: Neurons, rest: _Rest, *, late: bool) -> tuple[Float64Array | None, Texts]:
    """Return what a spike subtracts, float64[maps]; None where that is the layer's theta."""
    if neurons.theta is None:
        return None, []
    if not late:
        return (neurons.theta if rest.zero.any() else None), []
    if not neurons.beta.all():
        raise SpikeletError(
            "a neuron with beta 0 has no memory from which its threshold could be subtracted a step "
            "after the spike; if its reset is to zero, say --reset set"
        )
    rho = neurons.theta / neurons.beta
    text = f"the reset a step late is a loss of theta / beta at once, {extent(rho)}"
    return rho, [(EXACT, text)]
