"""NIR's neurons in steps: what a framework's LIF, IF, LI, I and Threshold nodes do from step to step.

NIR's neurons live in continuous time, tau dv/dt = (v_leak - v) + r i, or dv/dt = r i where nothing
leaks. With k = dt / tau, a step of forward Euler makes of that

    v = (1 - k) v + k r i + k v_leak        LIF, LI: beta = 1 - k, gain = k r, rest = k v_leak
    v = v + dt r i                          IF, I: beta = 1, gain = dt r, rest = 0
    v = i                                   Threshold: beta = 0, gain = 1, rest = 0

Source: Pedersen et al., Neuromorphic intermediate representation, Nature Communications 15 (2024);
what a framework does otherwise stands in frameworks.py.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import nir
import numpy as np
from numpy.typing import NDArray

from spikelet import conversion
from spikelet.errors import SpikeletError
from spikelet.float_network import FloatLayer
from spikelet.frameworks import Framework

R_ROUNDING = 1e-4  # relative: far above what float32 does to tau / dt, far below another meaning
SLOW_TAU = 1.0  # seconds
K_ROUNDING = 1e-6  # by so much float32 may make dt / tau exceed 1

EXACT, APPROXIMATED, ASSUMED = "exact", "approximated", "assumed"

FloatArray = NDArray[np.float64]

Texts = list[tuple[str, str]]
"""Grades and sentences: what became of a node."""


class Neurons(NamedTuple):
    """Neurons that take v = beta v + gain i + rest in each step, each float64[neurons].

    beta     share of the membrane that is kept
    gain     membrane units per unit of drive
    rest     membrane units
    v_start  membranes before the first step
    theta    membrane units; None: they never fire
    v_reset  membrane units; zeros where the node has none
    """

    beta: FloatArray
    gain: FloatArray
    rest: FloatArray
    v_start: FloatArray
    theta: FloatArray | None
    v_reset: FloatArray


def in_steps(
    node: nir.NIRNode, name: str, width: int, framework: Framework, dt: float
) -> tuple[Neurons, Texts]:
    """Return the neurons of a LIF, LI, IF, I or Threshold node in steps of dt seconds.

    width  number of neurons; parameters are one for all of them, or one for each
    Raises SpikeletError naming the node if a parameter has another size, or no step of Euler exists.
    """
    if isinstance(node, nir.LIF | nir.LI):
        return _leaky(node, name, width, framework, dt)
    if isinstance(node, nir.IF | nir.I):
        return _integrators(node, name, width, framework, dt)
    return _forgetful(node, name, width)


def numbers(value: Any, name: str, what: str) -> FloatArray:
    """Return a node's parameter as float64; raises SpikeletError naming both."""
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise SpikeletError(f"node {name!r} has a {what} that is no array of numbers") from None


def spread(value: Any, width: int, name: str, what: str) -> FloatArray:
    """Return a node's parameter as float64[width], from one value for all or one for each.

    Raises SpikeletError naming node and parameter if there is another number of values.
    """
    values = numbers(value, name, what).ravel()
    if values.size not in (1, width):
        raise SpikeletError(f"node {name!r} has {values.size} values of {what}, but gets {width}")
    return np.broadcast_to(values, (width,)).copy()


def extent(values: FloatArray) -> str:
    """Return the values in few words: one number, or the least and the largest."""
    low, high = f"{values.min():.6g}", f"{values.max():.6g}"
    return low if low == high else f"{low}..{high}"


def with_late_subtraction(layer: FloatLayer) -> FloatLayer:
    """Return a layer that resets at once, and spikes as `layer` does if theta leaves a step late.

    Late: u[t+1] = beta u[t] + i[t+1] - theta s[t], where s[t] tells whether u[t] is above theta. At
    once, that is a loss of rho = theta / beta. Membranes counted from c = rho - theta lower,
    w = u + c, make rho their threshold as well: w[t+1] = beta (w[t] - rho s[t]) + i[t+1] +
    (1 - beta) c, with s[t] telling whether w[t] is above rho.
    Raises SpikeletError if a beta is 0, for then no rho is large enough.
    """
    if layer.theta is None:
        return layer
    if not layer.beta.all():
        raise SpikeletError(
            "a neuron with beta 0 has no memory from which its threshold could be subtracted a step "
            "after the spike; if its reset is to zero, say --reset set"
        )
    rho = layer.theta / layer.beta
    shift = rho - layer.theta
    return replace(
        layer,
        theta=rho,
        bias=layer.bias + (1 - layer.beta) * shift,
        v_start=layer.v_start + shift,
    )


def _leaky(
    node: nir.NIRNode, name: str, width: int, framework: Framework, dt: float
) -> tuple[Neurons, Texts]:
    tau = spread(node.tau, width, name, "tau") * framework.time_factor
    r, v_leak = (spread(getattr(node, key), width, name, key) for key in ("r", "v_leak"))
    k, gain, texts = _leak(tau, r, name, framework, dt)
    rest = k * v_leak
    if rest.any():
        texts.append((EXACT, f"v_leak {extent(v_leak)} is a bias of {extent(rest)}"))
    if not framework.steps_by_euler:
        error = np.abs(np.exp(-k) - (1 - k)).max()
        texts.append(
            (APPROXIMATED, f"beta is Euler's; the equation keeps exp(-dt / tau), {error:.2g} more")
        )
    texts += _warning(1 - k)
    v_start = v_leak if framework.starts_at_rest else np.zeros(width)
    return Neurons(1 - k, gain, rest, v_start, *_firing(node, name, width)), texts


def _leak(
    tau: FloatArray, r: FloatArray, name: str, framework: Framework, dt: float
) -> tuple[FloatArray, FloatArray, Texts]:
    """Return k and gain."""
    texts = []
    if framework.time_factor != 1:
        text = f"tau times {framework.time_factor:g}, for {framework.title} writes it too small"
        texts.append((ASSUMED, text))
    if framework.unscaled_drive:
        raw = _unscaled(tau, r, name, framework, dt)
        k, gain = np.clip(raw, 0, 1), np.ones_like(raw)
        if (k != raw).any():
            text = f"beta {extent(1 - raw)} is cut to 0..1, as {framework.title} does in each step"
            texts.append((EXACT, text))
    else:
        k = _k(tau, name, framework, dt)
        gain = k * r
    return k, gain, [*texts, (EXACT, f"beta {extent(1 - k)}, drive times {extent(gain)}")]


def _integrators(
    node: nir.NIRNode, name: str, width: int, framework: Framework, dt: float
) -> tuple[Neurons, Texts]:
    gain = spread(node.r, width, name, "r") * (1 if framework.counts_steps else dt)
    zeros = np.zeros(width)
    theta, v_reset = _firing(node, name, width)
    v_start = v_reset if framework.starts_at_rest else zeros
    texts = [(EXACT, f"beta 1, drive times {extent(gain)}")]
    if framework.counts_steps:
        texts.append((ASSUMED, f"r counts steps, not seconds, as {framework.title}'s does"))
    return Neurons(zeros + 1, gain, zeros, v_start, theta, v_reset), texts


def _forgetful(node: nir.NIRNode, name: str, width: int) -> tuple[Neurons, Texts]:
    theta, zeros = spread(node.threshold, width, name, "threshold"), np.zeros(width)
    texts = [(EXACT, "neurons with beta 0"), *_warning(zeros)]
    return Neurons(zeros, zeros + 1, zeros, zeros, theta, zeros), texts


def _firing(node: nir.NIRNode, name: str, width: int) -> tuple[FloatArray | None, FloatArray]:
    """Return theta and v_reset."""
    if isinstance(node, nir.LI | nir.I):
        return None, np.zeros(width)
    theta = spread(node.v_threshold, width, name, "v_threshold")
    return theta, spread(node.v_reset, width, name, "v_reset")


def _k(tau: FloatArray, name: str, framework: Framework, dt: float) -> FloatArray:
    """Return dt / tau; raises SpikeletError with the numbers unless it lies in 0..1."""
    if framework.too_slow and (tau >= SLOW_TAU).any():
        raise SpikeletError(
            f"node {name!r} has tau {tau.max():g} s, which is hardly meant; {framework.too_slow}"
        )
    with np.errstate(divide="ignore"):
        k = dt / tau
    wrong = ~((k > 0) & (k <= 1 + K_ROUNDING))  # not a number is wrong too
    if wrong.any():
        i = int(wrong.argmax())
        fast = tau[i] > 0 and k[i] > 1
        hint = framework.too_fast if fast else "tau must be positive and finite"
        raise SpikeletError(
            f"node {name!r} has tau {tau[i]:g} s, so dt / tau is {k[i]:g} at dt {dt:g} s, "
            f"where a step of Euler needs more than 0 and at most 1; {hint}"
        )
    return np.minimum(k, 1)


def _unscaled(
    tau: FloatArray, r: FloatArray, name: str, framework: Framework, dt: float
) -> FloatArray:
    """Return dt / tau of a framework whose r is tau / dt; raises SpikeletError if it is not.

    A beta of 1 has made both infinite, one above 1 negative.
    """
    with np.errstate(divide="ignore"):
        k = dt / tau
    wrong = np.isnan(k) | ~np.isclose(r, tau / dt, rtol=R_ROUNDING)
    if wrong.any():
        i = int(wrong.argmax())
        raise SpikeletError(
            f"node {name!r} has r {r[i]:g} and tau {tau[i]:g} s, but {framework.title} writes r as "
            f"tau / {dt:g}; import it without --from"
        )
    return k


def _warning(beta: FloatArray) -> Texts:
    """Return what conversion will say against beta, so that nobody learns it only then."""
    try:
        conversion.leak_integers(beta)
    except SpikeletError as error:
        return [(EXACT, f"in floats, but `spikelet convert` will refuse it: it {error}")]
    return []
