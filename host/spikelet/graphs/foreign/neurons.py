"""Convert NIR's neurons to steps of dt, as each framework means their parameters.

NIR's neurons live in continuous time: tau dv/dt = (v_leak - v) + r i with a leak, dv/dt = r i without.
A synaptic current i follows tau_syn di/dt = -i + w_in s. With k = dt / tau, a step of forward Euler,
the current first, gives

    v = (1 - k) v + k r i + k v_leak        LIF, LI: beta = 1 - k, gain = k r
    v = v + dt r i                          IF, I: beta = 1, gain = dt r
    v = i                                   Threshold: beta = 0, gain = 1
    i = (1 - k_syn) i + k_syn w_in s        CubaLIF, CubaLI: alpha = 1 - k_syn, and for a current in
                                            units of its effect on v, gain = k r k_syn w_in

Source: Pedersen et al., Neuromorphic intermediate representation, Nature Communications 15 (2024);
frameworks.py lists the deviations of each framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import nir
import numpy as np

from spikelet.arrays import Float64Array
from spikelet.conversion import convert
from spikelet.errors import RefusedInput, SpikeletError
from spikelet.graphs.axes import Grid, Shape
from spikelet.graphs.foreign.account import APPROXIMATED, ASSUMED, EXACT, Texts
from spikelet.graphs.foreign.frameworks import PLAIN_NIR, Framework
from spikelet.graphs.foreign.values import broadcast_parameter, extent, per_map

# Relative: far above the rounding of tau / dt in float32, far below another meaning.
R_ROUNDING = 1e-4
# Seconds.
SLOW_TAU = 1.0
# Excess of dt / tau above 1 that float32 may cause.
K_ROUNDING = 1e-6


class Neurons(NamedTuple):
    """Neurons with v = beta v + gain i + (1 - beta) v_leak in each step.

    Attributes
    ----------
    alpha : float64[maps] or None
        Share of the synaptic current that is kept. The drive feeds the current, and the current feeds v.
        None: no synaptic current.
    beta : float64[maps]
        Share of the membrane that is kept.
    gain : float64[maps]
        Membrane units per unit of drive.
    v_leak : float64[maps]
        Membranes at rest, in membrane units.
    v_start : float64[maps]
        Membranes before the first step.
    theta : float64[maps] or None
        Membrane units; None: they never fire.
    v_reset : float64[maps]
        Membrane units; zeros if the node has none.
    """

    alpha: Float64Array | None
    beta: Float64Array
    gain: Float64Array
    v_leak: Float64Array
    v_start: Float64Array
    theta: Float64Array | None
    v_reset: Float64Array


@dataclass(frozen=True)
class NeuronParameters:
    """A node's parameters, each with one value per map of neurons.

    Attributes
    ----------
    node : nir.NIRNode
    name : str
    grid : Grid
        The grid of its neurons.
    shape : tuple of int
        The shape of its neurons in NIR.
    """

    node: nir.NIRNode
    name: str
    grid: Grid
    shape: Shape

    def __getitem__(self, key: str) -> Float64Array:
        """Return float64[maps]; raises SpikeletError naming node and parameter."""
        values = broadcast_parameter(getattr(self.node, key), self.shape, self.name, key)
        return per_map(values, self.grid, self.name, key)


def in_steps(
    parameters: NeuronParameters, framework: Framework, dt: float
) -> tuple[Neurons, Texts]:
    """Return a node's neurons in steps of dt seconds, and their entries of the report.

    Raises
    ------
    SpikeletError
        If a parameter has another size or differs within a map, or if no step of Euler exists. The
        message names the node.
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
    """A state that keeps 1 - k of itself and gains `gain` times its input, each float64[maps]."""

    k: Float64Array
    gain: Float64Array
    texts: Texts


def _leaky(parameters: NeuronParameters, framework: Framework, dt: float) -> tuple[Neurons, Texts]:
    """Return LIF or LI neurons in steps."""
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


def _with_current(
    parameters: NeuronParameters, framework: Framework, dt: float
) -> tuple[Neurons, Texts]:
    """Return CubaLIF or CubaLI neurons in steps."""
    v_leak = parameters["v_leak"]
    leak = _leak(parameters, ("tau_mem", "r"), framework, dt)
    current = _leak(parameters, ("tau_syn", "w_in"), framework, dt)
    feed = parameters["w_in"] if framework.current_jumps else current.gain
    gain = leak.gain * feed
    text = f"alpha {extent(1 - current.k)}, beta {extent(1 - leak.k)}, drive times {extent(gain)}"
    texts = [*_scaled(framework), *leak.texts, *current.texts, (EXACT, text)]
    if framework.current_jumps:
        text = "a spike adds w_in to its current at once, regardless of tau_syn"
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


def _integrators(
    parameters: NeuronParameters, framework: Framework, dt: float
) -> tuple[Neurons, Texts]:
    """Return IF or I neurons in steps."""
    r = parameters["r"]
    gain = r if framework.counts_steps else r * dt
    texts: Texts = [(EXACT, f"beta 1, drive times {extent(gain)}")]
    if framework.counts_steps:
        text = f"r times the drive is added in each step, regardless of dt, as in {framework.title}"
        texts.append((ASSUMED, text))
    theta, v_reset = _firing(parameters)
    zeros = np.zeros_like(gain)
    v_start = v_reset if framework.starts_at_rest else zeros
    return Neurons(None, zeros + 1, gain, zeros, v_start, theta, v_reset), texts


def _forgetful(parameters: NeuronParameters) -> tuple[Neurons, Texts]:
    """Return Threshold neurons in steps."""
    theta = parameters["threshold"]
    zeros = np.zeros_like(theta)
    texts = [(EXACT, "beta 0, drive times 1"), *_warning(zeros)]
    return Neurons(None, zeros, zeros + 1, zeros, zeros, theta, zeros), texts


def _firing(parameters: NeuronParameters) -> tuple[Float64Array | None, Float64Array]:
    """Return theta and v_reset."""
    if isinstance(parameters.node, nir.LI | nir.I | nir.CubaLI):
        return None, np.zeros(parameters.grid.channels)
    return parameters["v_threshold"], parameters["v_reset"]


def _leak(
    parameters: NeuronParameters, keys: tuple[str, str], framework: Framework, dt: float
) -> _Leak:
    """Return a leak; `keys` are the names of its time constant and of the factor of its input."""
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
        raise RefusedInput(
            f"node {name!r} has {key} {tau.max():g} s, which is hardly meant; {framework.too_slow}"
        )
    with np.errstate(divide="ignore"):
        k = dt / tau
    # NaN is wrong too.
    wrong = ~((k > 0) & (k <= 1 + K_ROUNDING))
    if wrong.any():
        i = int(wrong.argmax())
        fast = tau[i] > 0 and k[i] > 1
        hint = framework.too_fast if fast else f"{key} must be positive and finite"
        raise RefusedInput(
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

    The exporter makes both infinite for a share of 1, and negative for one above 1.
    """
    with np.errstate(divide="ignore"):
        k = dt / tau
    wrong = np.isnan(k) | ~np.isclose(factor, tau / dt, rtol=R_ROUNDING)
    if wrong.any():
        i = int(wrong.argmax())
        raise RefusedInput(
            f"node {name!r} has {keys[1]} {factor[i]:g} and {keys[0]} {tau[i]:g} s, but "
            f"{framework.title} writes {keys[1]} as {keys[0]} / {dt:g}; import it without --from"
        )
    return k


def _scaled(framework: Framework) -> Texts:
    """Return the entry on time constants that are not in seconds."""
    if framework.time_factor == 1:
        return []
    text = f"tau times {framework.time_factor:g}, because {framework.title} writes it too small"
    return [(ASSUMED, text)]


def _decay(share: str, key: str, k: Float64Array, framework: Framework) -> Texts:
    """Return the entry on the difference between Euler's share and that of the equation."""
    if framework.steps_by_euler:
        return []
    error = np.abs(np.exp(-k) - (1 - k)).max()
    text = f"{share} is Euler's; the equation keeps exp(-dt / {key}), {error:.2g} more"
    return [(APPROXIMATED, text)]


def _warning(share: Float64Array) -> Texts:
    """Return the error that conversion will raise for this leak, so that users learn it now."""
    try:
        convert.leak_integers(share)
    except SpikeletError as error:
        return [(EXACT, f"in floats, but `spikelet convert` will refuse it: it {error}")]
    return []
