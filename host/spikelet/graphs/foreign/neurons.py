"""NIR's neurons in steps: what a framework's nodes with a state do from step to step.

NIR's neurons live in continuous time: tau dv/dt = (v_leak - v) + r i, or dv/dt = r i where nothing
leaks, and tau_syn di/dt = -i + w_in s where i is a synaptic current. With k = dt / tau, a step of
forward Euler, the current first, makes of that

    v = (1 - k) v + k r i + k v_leak        LIF, LI: beta = 1 - k, gain = k r
    v = v + dt r i                          IF, I: beta = 1, gain = dt r
    v = i                                   Threshold: beta = 0, gain = 1
    i = (1 - k_syn) i + k_syn w_in s        CubaLIF, CubaLI: alpha = 1 - k_syn, and for a current that
                                            is counted in what it adds to v, gain = k r k_syn w_in

Source: Pedersen et al., Neuromorphic intermediate representation, Nature Communications 15 (2024);
what a framework does otherwise stands in frameworks.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import nir
import numpy as np

from spikelet.arrays import Float64Array
from spikelet.conversion import convert
from spikelet.errors import SpikeletError
from spikelet.graphs.axes import Grid, Shape
from spikelet.graphs.foreign import values as nir_values
from spikelet.graphs.foreign.account import APPROXIMATED, ASSUMED, EXACT, Texts
from spikelet.graphs.foreign.frameworks import PLAIN_NIR, Framework
from spikelet.graphs.foreign.values import extent

R_ROUNDING = 1e-4  # relative: far above what float32 does to tau / dt, far below another meaning
SLOW_TAU = 1.0  # seconds
K_ROUNDING = 1e-6  # by so much float32 may make dt / tau exceed 1


class Neurons(NamedTuple):
    """Neurons that take v = beta v + gain i + (1 - beta) v_leak in each step, each float64[maps].

    alpha    share of a synaptic current that is kept, which is fed by the drive and feeds v in its
             place; None: there is none
    beta     share of the membrane that is kept
    gain     membrane units per unit of drive
    v_leak   membrane units, where membranes rest
    v_start  membranes before the first step
    theta    membrane units; None: they never fire
    v_reset  membrane units; zeros where the node has none
    """

    alpha: Float64Array | None
    beta: Float64Array
    gain: Float64Array
    v_leak: Float64Array
    v_start: Float64Array
    theta: Float64Array | None
    v_reset: Float64Array


@dataclass(frozen=True)
class Parameters:
    """A node's parameters, one of each for a map of neurons.

    grid   where its neurons stand
    shape  of them in NIR
    """

    node: nir.NIRNode
    name: str
    grid: Grid
    shape: Shape

    def __getitem__(self, key: str) -> Float64Array:
        """Return float64[maps]; raises SpikeletError naming node and parameter."""
        values = nir_values.spread(getattr(self.node, key), self.shape, self.name, key)
        return nir_values.per_map(values, self.grid, self.name, key)


def in_steps(parameters: Parameters, framework: Framework, dt: float) -> tuple[Neurons, Texts]:
    """Return a node's neurons in steps of dt seconds.

    Raises SpikeletError naming the node if a parameter has another size, or differs within a map, or
    if no step of Euler exists.
    """
    node = parameters.node
    if isinstance(node, nir.CubaLIF | nir.CubaLI):
        return _with_current(parameters, framework, dt)
    if isinstance(node, nir.LIF | nir.LI):
        return _leaky(parameters, framework, dt)
    if isinstance(node, nir.IF | nir.I):
        return _integrators(parameters, framework, dt)
    return _forgetful(parameters)


class _Leak(NamedTuple):
    """A state that keeps 1 - k of itself and gains `gain` times what feeds it, each float64[maps]."""

    k: Float64Array
    gain: Float64Array
    texts: Texts


def _leaky(parameters: Parameters, framework: Framework, dt: float) -> tuple[Neurons, Texts]:
    v_leak = parameters["v_leak"]
    leak = _leak(parameters, ("tau", "r"), framework, dt)
    rest = leak.k * v_leak
    texts = _scaled(framework) + leak.texts
    texts.append((EXACT, f"beta {extent(1 - leak.k)}, drive times {extent(leak.gain)}"))
    if rest.any():
        texts.append((EXACT, f"v_leak {extent(v_leak)} is a bias of {extent(rest)}"))
    texts += _decay("beta", "tau", leak.k, framework) + _warning(1 - leak.k)
    v_start = v_leak if framework.starts_at_rest else np.zeros_like(v_leak)
    neurons = Neurons(None, 1 - leak.k, leak.gain, v_leak, v_start, *_firing(parameters))
    return neurons, texts


def _with_current(parameters: Parameters, framework: Framework, dt: float) -> tuple[Neurons, Texts]:
    v_leak = parameters["v_leak"]
    leak = _leak(parameters, ("tau_mem", "r"), framework, dt)
    current = _leak(parameters, ("tau_syn", "w_in"), framework, dt)
    feed = parameters["w_in"] if framework.current_jumps else current.gain
    gain = leak.gain * feed
    text = f"alpha {extent(1 - current.k)}, beta {extent(1 - leak.k)}, drive times {extent(gain)}"
    texts = [*_scaled(framework), *leak.texts, *current.texts, (EXACT, text)]
    if framework.current_jumps:
        text = "a spike adds w_in to its current at once, whatever tau_syn"
        texts.append((ASSUMED, f"{text}, as in {framework.title}"))
    if framework is PLAIN_NIR:
        text = "in a step the current comes first, and the membrane takes it as it then is"
        texts.append((ASSUMED, text))
    texts += _decay("alpha", "tau_syn", current.k, framework)
    texts += _decay("beta", "tau_mem", leak.k, framework)
    texts += _warning(1 - current.k) + _warning(1 - leak.k)
    v_start = v_leak if framework.starts_at_rest else np.zeros_like(v_leak)
    neurons = Neurons(1 - current.k, 1 - leak.k, gain, v_leak, v_start, *_firing(parameters))
    return neurons, texts


def _integrators(parameters: Parameters, framework: Framework, dt: float) -> tuple[Neurons, Texts]:
    r = parameters["r"]
    gain = r if framework.counts_steps else r * dt
    texts: Texts = [(EXACT, f"beta 1, drive times {extent(gain)}")]
    if framework.counts_steps:
        text = f"r times the drive is added in each step, whatever dt, as in {framework.title}"
        texts.append((ASSUMED, text))
    theta, v_reset = _firing(parameters)
    zeros = np.zeros_like(gain)
    v_start = v_reset if framework.starts_at_rest else zeros
    return Neurons(None, zeros + 1, gain, zeros, v_start, theta, v_reset), texts


def _forgetful(parameters: Parameters) -> tuple[Neurons, Texts]:
    theta = parameters["threshold"]
    zeros = np.zeros_like(theta)
    texts = [(EXACT, "beta 0, drive times 1"), *_warning(zeros)]
    return Neurons(None, zeros, zeros + 1, zeros, zeros, theta, zeros), texts


def _firing(parameters: Parameters) -> tuple[Float64Array | None, Float64Array]:
    """Return theta and v_reset."""
    if isinstance(parameters.node, nir.LI | nir.I | nir.CubaLI):
        return None, np.zeros(parameters.grid.channels)
    return parameters["v_threshold"], parameters["v_reset"]


def _leak(parameters: Parameters, keys: tuple[str, str], framework: Framework, dt: float) -> _Leak:
    """Return a leak by a time constant, and the factor of what feeds it, by the names of both."""
    tau = parameters[keys[0]] * framework.time_factor
    factor = parameters[keys[1]]
    if not framework.unscaled_drive:
        k = _k(tau, keys[0], parameters.name, framework, dt)
        return _Leak(k, k * factor, [])
    raw = _unscaled(tau, factor, keys, parameters.name, framework, dt)
    k = np.clip(raw, 0, 1)
    texts = []
    if (k != raw).any():
        share = "alpha" if keys[0] == "tau_syn" else "beta"
        text = f"{share} {extent(1 - raw)} is cut to 0..1, as {framework.title} does in each step"
        texts.append((EXACT, text))
    return _Leak(k, np.ones_like(raw), texts)


def _k(tau: Float64Array, key: str, name: str, framework: Framework, dt: float) -> Float64Array:
    """Return dt / tau; raises SpikeletError with the numbers unless it lies in 0..1."""
    if framework.too_slow and (tau >= SLOW_TAU).any():
        raise SpikeletError(
            f"node {name!r} has {key} {tau.max():g} s, which is hardly meant; {framework.too_slow}"
        )
    with np.errstate(divide="ignore"):
        k = dt / tau
    wrong = ~((k > 0) & (k <= 1 + K_ROUNDING))  # not a number is wrong too
    if wrong.any():
        i = int(wrong.argmax())
        fast = tau[i] > 0 and k[i] > 1
        hint = framework.too_fast if fast else f"{key} must be positive and finite"
        raise SpikeletError(
            f"node {name!r} has {key} {tau[i]:g} s, so dt / {key} is {k[i]:g} at dt {dt:g} s, "
            f"where a step of Euler needs more than 0 and at most 1; {hint}"
        )
    return np.minimum(k, 1)


def _unscaled(
    tau: Float64Array,
    factor: Float64Array,
    keys: tuple[str, str],
    name: str,
    framework: Framework,
    dt: float,
) -> Float64Array:
    """Return dt / tau of a framework whose factor is tau / dt; raises SpikeletError if it is not.

    A share of 1 has made both infinite, one above 1 negative.
    """
    with np.errstate(divide="ignore"):
        k = dt / tau
    wrong = np.isnan(k) | ~np.isclose(factor, tau / dt, rtol=R_ROUNDING)
    if wrong.any():
        i = int(wrong.argmax())
        raise SpikeletError(
            f"node {name!r} has {keys[1]} {factor[i]:g} and {keys[0]} {tau[i]:g} s, but "
            f"{framework.title} writes {keys[1]} as {keys[0]} / {dt:g}; import it without --from"
        )
    return k


def _scaled(framework: Framework) -> Texts:
    if framework.time_factor == 1:
        return []
    text = f"tau times {framework.time_factor:g}, for {framework.title} writes it too small"
    return [(ASSUMED, text)]


def _decay(share: str, key: str, k: Float64Array, framework: Framework) -> Texts:
    """Return what Euler's share differs by from that of the equation."""
    if framework.steps_by_euler:
        return []
    error = np.abs(np.exp(-k) - (1 - k)).max()
    text = f"{share} is Euler's; the equation keeps exp(-dt / {key}), {error:.2g} more"
    return [(APPROXIMATED, text)]


def _warning(share: Float64Array) -> Texts:
    """Return what conversion will say against a leak, so that nobody learns it only then."""
    try:
        convert.leak_integers(share)
    except SpikeletError as error:
        return [(EXACT, f"in floats, but `spikelet convert` will refuse it: it {error}")]
    return []
