"""NIR graphs that other programs wrote, as float networks, with an account of what became of each node.

Imported are chains from Input to Output, of layers that each consist of synapses, which are any number
of Linear, Affine, Scale and Flatten nodes and fold into one matrix and one bias, and of neurons, which
are LIF, IF, LI, I or Threshold. Everything else is refused by name.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nir
import numpy as np

from spikelet import encoding, frameworks, nir_graph, nir_neurons, nir_synapses
from spikelet.errors import SpikeletError
from spikelet.float_network import FloatLayer, FloatNetwork
from spikelet.frameworks import Framework
from spikelet.nir_neurons import APPROXIMATED, ASSUMED, EXACT, Neurons, Texts
from spikelet.nir_synapses import Synapses

MAX_WIDTH = 0xFFFF  # inputs or neurons of a layer in a .lif file


@dataclass(frozen=True)
class ImportOptions:
    """What a network needs and NIR has no field for.

    encoder, steps, readout  as in FloatNetwork
    dt                       seconds per step; None: the framework's
    reset                    "subtract" or "set"; None: the framework's
    classes                  a name for each neuron of the last layer; None: their numbers
    framework                a name in frameworks.FRAMEWORKS; None: NIR's own equations hold
    encoder_parameter        as in encoding.py; None: its default
    """

    encoder: str
    steps: int
    readout: str
    dt: float | None = None
    reset: str | None = None
    classes: Sequence[str] | None = None
    framework: str | None = None
    encoder_parameter: int | None = None


@dataclass(frozen=True)
class Entry:
    """One thing that became of a node, or of the whole graph.

    node   its name; "" for the graph
    kind   its type in NIR
    grade  "exact": nothing is lost but float64's rounding; "approximated": something is, the text
           says what; "assumed": the file does not say
    text   what became of it
    """

    node: str
    kind: str
    grade: str
    text: str


@dataclass(frozen=True)
class Imported:
    """A network, and the account of the graph and then of every node, in the order of the chain."""

    network: FloatNetwork
    account: tuple[Entry, ...]


def read(path: str | Path, options: ImportOptions) -> Imported:
    """Return the network in a NIR file.

    Raises SpikeletError, naming the file and the node or the option, where it cannot be imported.
    """
    graph = nir_graph.read_foreign(path)
    try:
        return from_nir(graph, options)
    except SpikeletError as error:
        raise SpikeletError(f"{path}: {error}") from error


def from_nir(graph: nir.NIRGraph, options: ImportOptions) -> Imported:
    """Return the network in a graph.

    Raises SpikeletError, naming the node or the option, where it cannot be imported.
    """
    if nir_graph.is_native(graph):
        raise SpikeletError("this graph is Spikelet's own and needs no import; convert it as it is")
    framework = frameworks.named(options.framework)
    dt, reset = _dt(options.dt, framework), _reset(options.reset, framework)
    names = nir_graph.chain(graph)
    chain = _Chain(
        framework, dt, reset, nir_synapses.passing(_width(graph.nodes[names[0]], names[0]))
    )
    for name in names:
        chain.add(name, graph.nodes[name])
    last = chain.layers[-1]
    network = FloatNetwork(
        layers=tuple(chain.layers),
        encoder=options.encoder,
        steps=options.steps,
        readout=options.readout,
        classes=tuple(options.classes or map(str, range(last.neurons))),
        dt=dt,
        encoder_parameter=encoding.parameter(options.encoder, options.encoder_parameter),
    )
    of_graph = [Entry("", "NIRGraph", *said) for said in _about(network, options, framework)]
    return Imported(network, (*of_graph, *chain.account))


def _dt(dt: float | None, framework: Framework) -> float:
    """Return seconds per step, which must be given where the framework has no habit."""
    if dt is None:
        dt = framework.dt
    if dt is None:
        raise SpikeletError(
            "the file does not say how long a step is, for NIR has no field for it; "
            "give it with --dt SECONDS, or name the framework with --from"
        )
    if not 0 < dt < math.inf:
        raise SpikeletError(f"dt is {dt:g}; it must be a positive number of seconds")
    if framework.only_dt and dt != framework.dt:
        raise SpikeletError(
            f"dt is {dt:g}, but {framework.title} writes time constants for {framework.dt:g} s, "
            "however long a step is; leave out --dt"
        )
    return dt


def _reset(reset: str | None, framework: Framework) -> str:
    """Return the reset rule, which must be given where the framework has no habit."""
    reset = reset or framework.reset
    if reset is None:
        raise SpikeletError(
            "the file does not say how a spike resets the membrane, for NIR has no field for it; "
            "give it with --reset subtract or --reset set, or name the framework with --from"
        )
    return reset


def _about(network: FloatNetwork, options: ImportOptions, framework: Framework) -> Texts:
    """Return what holds for the whole graph."""
    about = []
    if options.dt is None:
        habit = "which its exporter always takes" if framework.only_dt else "its default"
        about.append((ASSUMED, f"dt is {network.dt:g} s as in {framework.title}, {habit}"))
    if options.reset is None:
        about.append((ASSUMED, f"reset is {framework.reset}, the default of {framework.title}"))
    if framework is frameworks.PLAIN_NIR:
        about.append((ASSUMED, "membranes start at 0"))
    if not options.classes:
        about.append((ASSUMED, "classes are called by the numbers of their neurons"))
    if network.encoder == "direct":
        about.append((ASSUMED, "an input x of 0..255 stands for x / 256"))
    if any(layer.theta is not None for layer in network.layers):
        text = "neurons fire at v >= v_threshold, not only above it, which differs at equality"
        about.append((APPROXIMATED, text))
    fires = network.layers[-1].theta is not None
    if framework.resets_late and fires and network.readout != "count":
        text = (
            f"readout {network.readout} takes membranes after the reset, "
            f"where {framework.title} returns those before it"
        )
        about.append((APPROXIMATED, text))
    return about


@dataclass
class _Chain:
    """The layers so far, what comes before the next one, and the account of all nodes so far.

    dt     seconds
    reset  of all neurons
    """

    framework: Framework
    dt: float
    reset: str
    synapses: Synapses
    layers: list[FloatLayer] = field(default_factory=list)
    account: list[Entry] = field(default_factory=list)

    def add(self, name: str, node: nir.NIRNode) -> None:
        """Take the next node; raises SpikeletError naming it."""
        kind = type(node).__name__
        if kind not in _TAKE:
            raise SpikeletError(
                f"node {name!r} is {kind}, which cannot be imported yet; "
                f"only chains of {', '.join(_TAKE)} can"
            )
        if self.layers and self.layers[-1].theta is None and kind not in ("Flatten", "Output"):
            raise SpikeletError(
                f"node {name!r} comes after neurons that never fire; only the last may be LI or I"
            )
        self.account += [Entry(name, kind, *said) for said in _TAKE[kind](self, name, node)]


def _take_input(chain: _Chain, name: str, node: nir.NIRNode) -> Texts:
    return [(EXACT, f"{chain.synapses.width} values")]


def _take_matrix(chain: _Chain, name: str, node: nir.NIRNode) -> Texts:
    weight = nir_neurons.numbers(node.weight, name, "weight")
    if weight.ndim != 2 or not 0 < len(weight) <= MAX_WIDTH:
        raise SpikeletError(
            f"node {name!r} has weights of shape {list(weight.shape)}, where only "
            f"[outputs, inputs] with 1..{MAX_WIDTH} outputs can be imported"
        )
    outputs, inputs = weight.shape
    _check_width(chain, name, inputs)
    bias = nir_neurons.spread(getattr(node, "bias", 0), outputs, name, "bias")
    chain.synapses.multiply(weight.T, bias)
    return [(EXACT, f"weights [{inputs}, {outputs}]{chain.synapses.fold(name)}")]


def _take_scale(chain: _Chain, name: str, node: nir.NIRNode) -> Texts:
    factors = nir_neurons.spread(node.scale, chain.synapses.width, name, "scale")
    chain.synapses.scale(factors)
    return [(EXACT, f"factors {nir_neurons.extent(factors)}{chain.synapses.fold(name)}")]


def _take_flatten(chain: _Chain, name: str, node: nir.NIRNode) -> Texts:
    """Do nothing: signals are flat already, the last axis fastest, which is how NIR flattens."""
    if node.input_type["input"] is not None:
        _check_width(chain, name, _width(node, name))
    return [(EXACT, "nothing to do, signals are flat already")]


def _take_neurons(chain: _Chain, name: str, node: nir.NIRNode) -> Texts:
    synapses, framework = chain.synapses, chain.framework
    neurons, texts = nir_neurons.in_steps(node, name, synapses.width, framework, chain.dt)
    parts = ", ".join(map(repr, [*synapses.names, name]))
    try:
        layer = _layer(synapses, neurons, chain.reset)
        if framework.resets_late and chain.reset == "subtract" and layer.theta is not None:
            layer = nir_neurons.with_late_subtraction(layer)
            shift = nir_neurons.extent(layer.v_start - neurons.v_start)
            text = "the reset a step late is a loss of theta / beta at once"
            texts.append((EXACT, f"{text}; membranes are counted from a zero {shift} lower"))
    except SpikeletError as error:
        raise SpikeletError(f"{'nodes' if synapses.names else 'node'} {parts}: {error}") from error
    if neurons.v_start.any():
        v_start = nir_neurons.extent(neurons.v_start)
        texts.append((ASSUMED, f"membranes start at {v_start}, as in {framework.title}"))
    if not synapses.names:
        texts.append((EXACT, "has no synapses of its own, so each input has one weight"))
    if layer.theta is not None and chain.reset == "subtract" and neurons.v_reset.any():
        v_reset = nir_neurons.extent(neurons.v_reset)
        texts.append((ASSUMED, f"v_reset {v_reset} means nothing where reset is subtract"))
    chain.layers.append(layer)
    chain.synapses = nir_synapses.passing(synapses.width)
    return texts


def _layer(synapses: Synapses, neurons: Neurons, reset: str) -> FloatLayer:
    return FloatLayer(
        weights=synapses.matrix() * neurons.gain,
        bias=synapses.bias * neurons.gain + neurons.rest,
        beta=neurons.beta,
        theta=neurons.theta,
        reset=reset,
        v_reset=neurons.v_reset,
        v_start=neurons.v_start,
    )


def _take_output(chain: _Chain, name: str, node: nir.NIRNode) -> Texts:
    if chain.synapses.names or not chain.layers:
        raise SpikeletError(
            f"node {name!r} does not follow neurons, which is where Spikelet reads its answer; "
            "end the chain with LIF, IF, LI or I"
        )
    _check_width(chain, name, _width(node, name))
    return [(EXACT, f"{chain.synapses.width} values")]


def _check_width(chain: _Chain, name: str, width: int) -> None:
    if width != chain.synapses.width:
        raise SpikeletError(f"node {name!r} takes {width} values, but gets {chain.synapses.width}")


def _width(node: nir.NIRNode, name: str) -> int:
    """Return the number of values that go into an Input, Flatten or Output; raises SpikeletError."""
    shape = node.input_type["input"]
    sizes = nir_neurons.numbers([] if shape is None else shape, name, "shape").ravel()
    width = math.prod(sizes)
    whole = len(sizes) and (sizes >= 1).all() and (sizes == np.rint(sizes)).all()
    if not whole or width > MAX_WIDTH:
        sizes_text = ", ".join(f"{size:g}" for size in sizes)
        raise SpikeletError(
            f"node {name!r} has shape [{sizes_text}]; it must hold 1..{MAX_WIDTH} values"
        )
    return int(width)


_TAKE: dict[str, Callable[[_Chain, str, nir.NIRNode], Texts]] = {
    "Input": _take_input,
    "Linear": _take_matrix,
    "Affine": _take_matrix,
    "Scale": _take_scale,
    "Flatten": _take_flatten,
    "LIF": _take_neurons,
    "IF": _take_neurons,
    "LI": _take_neurons,
    "I": _take_neurons,
    "Threshold": _take_neurons,
    "Output": _take_output,
}
"""What takes a node of each type, and returns what became of it."""
