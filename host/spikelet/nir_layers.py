"""Layers of a float network from synapses and from neurons in steps, as an import finds them.

A float layer that resets by subtraction loses theta, its bias passes through its synaptic current, and
its current starts at 0. Where neurons do otherwise, the zero of their membranes is moved: counted
from c lower, w = v + c, neurons with v = beta v + i + rest become

    w = beta w + i + rest + (1 - beta) c,    theta + c,  v_reset + c,  start at v_start + c

Where a spike takes rho from the membrane instead of theta, c = rho - theta makes both the same. That is
the case where a reset by theta comes a step late: then rho = theta / beta. Without a synaptic current,
the constant rest + (1 - beta) c is a bias. With one it is best made 0, by c = -v_leak; where c is not
free, (1 - alpha) of it is a bias of the current, which reaches it in time but not at once: alpha**t of
it is missing in step t. Membranes that start alpha / (beta (1 - alpha beta)) of it higher are nearest
to those that miss nothing, in the sum of squares over all steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikelet.convolution import Geometry
from spikelet.errors import SpikeletError
from spikelet.float_network import FloatLayer
from spikelet.nir_account import APPROXIMATED, EXACT, Texts
from spikelet.nir_neurons import Neurons
from spikelet.nir_values import FloatArray, extent


class Drive(NamedTuple):
    """What feeds neurons: of their input and, a step later, of their own spikes.

    weights, geometry  as in FloatLayer
    bias               float64[maps]
    recurrent          as in FloatLayer
    """

    weights: FloatArray
    geometry: Geometry | None
    bias: FloatArray
    recurrent: FloatArray | None


def layer(drive: Drive, neurons: Neurons, reset: str, *, late: bool) -> tuple[FloatLayer, Texts]:
    """Return the layer, and what to say of it.

    reset    "subtract" or "set"
    late     whether a subtraction comes a step after the spike
    Raises SpikeletError where a number is not possible.
    """
    zero, texts = _zero(neurons, reset, late=late)
    constant = _constant(neurons, zero)
    made = FloatLayer(
        weights=drive.weights * neurons.gain,
        bias=drive.bias * neurons.gain + constant.bias,
        beta=neurons.beta,
        theta=None if neurons.theta is None else neurons.theta + zero,
        reset=reset,
        v_reset=neurons.v_reset + (0 if neurons.theta is None else zero),
        v_start=neurons.v_start + zero + constant.start,
        recurrent=None if drive.recurrent is None else drive.recurrent * neurons.gain,
        alpha=neurons.alpha,
        geometry=drive.geometry,
    )
    return made, texts + constant.texts


def _zero(neurons: Neurons, reset: str, *, late: bool) -> tuple[FloatArray, Texts]:
    """Return by how much lower the zero of membranes is, float64[maps]."""
    none = np.zeros_like(neurons.beta)
    if reset == "subtract" and neurons.theta is not None:
        return _late_zero(neurons.theta, neurons.beta) if late else (none, [])
    if neurons.alpha is None or not neurons.rest.any():
        return none, []
    zero, leaks = none.copy(), neurons.beta < 1
    zero[leaks] = -neurons.rest[leaks] / (1 - neurons.beta[leaks])
    if neurons.theta is None and (zero != zero[0]).any():  # its membranes are compared
        return none, []
    return zero, [(EXACT, f"membranes are counted from v_leak, a zero {extent(zero)} lower")]


def _late_zero(theta: FloatArray, beta: FloatArray) -> tuple[FloatArray, Texts]:
    if not beta.all():
        raise SpikeletError(
            "a neuron with beta 0 has no memory from which its threshold could be subtracted a step "
            "after the spike; if its reset is to zero, say --reset set"
        )
    zero = theta / beta - theta
    text = "the reset a step late is a loss of theta / beta at once"
    return zero, [(EXACT, f"{text}; membranes are counted from a zero {extent(zero)} lower")]


class _Constant(NamedTuple):
    """What adds the constant, each float64[maps]: to the bias, and to membranes at the start."""

    bias: FloatArray
    start: FloatArray
    texts: Texts


def _constant(neurons: Neurons, zero: FloatArray) -> _Constant:
    """Return what makes membranes gain, step by step, what they gain whatever the drive."""
    constant = neurons.rest + (1 - neurons.beta) * zero
    none = np.zeros_like(constant)
    if neurons.alpha is None:
        return _Constant(constant, none, [])
    meant = np.abs(constant) > np.finfo(float).eps * np.abs(neurons.rest)
    if not meant.any():
        return _Constant(none, none, [])
    if (neurons.alpha[meant] == 1).any():
        raise SpikeletError(
            f"a synaptic current that never leaks cannot hold the constant {extent(constant)} that "
            "membranes gain in each step, from v_leak or from a reset a step late; say --reset set"
        )
    missing = constant * neurons.alpha
    text = (
        f"membranes gain {extent(constant)} in each step, from v_leak or the reset; it comes "
        f"through the current, so {extent(missing)} is missing in the first step "
        f"and {extent(neurons.alpha)} times that in each one that follows"
    )
    remembered = neurons.beta > 0
    start = np.zeros_like(constant)
    start[remembered] = (missing / (1 - neurons.alpha * neurons.beta))[remembered]
    start[remembered] /= neurons.beta[remembered]
    return _Constant((1 - neurons.alpha) * constant, start, [(APPROXIMATED, text)])
