"""Import NIR graphs of other programs as float networks, and report on each node.

Graphs must be chains from Input to Output. A layer consists of synapses and neurons:

- synapses: any number of Linear, Affine, Scale, Conv1d, Conv2d, SumPool2d, AvgPool2d and Flatten
  nodes, folded into one matrix or one convolution;
- neurons: LIF, IF, CubaLIF, LI, I, CubaLI or Threshold. They may return to themselves through Linear,
  Affine and Scale nodes.

All other graphs are refused with an error that names the node.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nir

from spikelet.errors import RefusedInput, SpikeletError, UsageError
from spikelet.graphs import file, reader
from spikelet.graphs.axes import Grid
from spikelet.graphs.chain import read_chain
from spikelet.graphs.foreign import frameworks, synapses, values
from spikelet.graphs.foreign.account import APPROXIMATED, ASSUMED, EXACT, NodeReport, Texts
from spikelet.graphs.foreign.frameworks import Framework
from spikelet.graphs.foreign.nodes import Layers
from spikelet.graphs.foreign.synapses import Synapses
from spikelet.inputs import encoders
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.protocol import StreamWindow


@dataclass(frozen=True)
class ImportOptions:
    """Options of a network that NIR has no field for.

    Attributes
    ----------
    encoder, steps, readout
        As in FloatNetwork.
    dt : float or None
        Seconds per step; None: the framework's.
    reset : str or None
        "subtract" or "set"; None: the framework's.
    classes : sequence of str or None
        A name for each neuron of the last layer; None: their numbers.
    framework : str or None
        A name in frameworks.FRAMEWORKS; None: NIR's own equations apply.
    encoder_parameter : int or None
        As in inputs/encoders.py; None: the default of the encoder.
    stream : StreamWindow or None
        As in FloatNetwork.
    """

    encoder: str
    steps: int
    readout: str
    dt: float | None = None
    reset: str | None = None
    classes: Sequence[str] | None = None
    framework: str | None = None
    encoder_parameter: int | None = None
    stream: StreamWindow | None = None


@dataclass(frozen=True)
class Imported:
    """A network, and the report on its import.

    Attributes
    ----------
    network : FloatNetwork
    account : tuple of NodeReport
        Entries of the graph, then those of every node in the order of the chain.
    """

    network: FloatNetwork
    account: tuple[NodeReport, ...]


def read_foreign(path: str | Path, options: ImportOptions) -> Imported:
    """Return the network in a NIR file, and the report on its import.

    Raises
    ------
    SpikeletError
        If it cannot be imported; the message names the file and the node or the option.
    """
    graph = file.read_foreign(path)
    try:
        return foreign_from_nir(graph, options)
    except SpikeletError as error:
        raise type(error)(f"{path}: {error}") from error


def foreign_from_nir(graph: nir.NIRGraph, options: ImportOptions) -> Imported:
    """Return the network in a graph, and the report on its import.

    Raises
    ------
    SpikeletError
        If it cannot be imported; the message names the node or the option.
    """
    if reader.is_native(graph):
        raise RefusedInput("this graph is Spikelet's own and needs no import; convert it as it is")
    framework = frameworks.framework_named(options.framework)
    dt, reset = _dt(options.dt, framework), _reset(options.reset, framework)
    chain = read_chain(graph)
    first = chain.links[0].name
    samples = synapses.of_samples(values.sizes(chain.nodes[first], first))
    layers = Layers(chain, framework, dt, reset, samples)
    for link in chain.links:
        layers.add(link)
    last = layers.synapses.grid
    network = FloatNetwork(
        layers=tuple(layers.layers),
        encoder=options.encoder,
        steps=options.steps,
        readout=options.readout,
        classes=last.arranged(tuple(options.classes or map(str, range(last.values)))),
        dt=dt,
        encoder_parameter=encoders.parameter(options.encoder, options.encoder_parameter),
        stream=options.stream,
    )
    texts = _about(network, options, framework) + _about_order(layers, samples)
    of_graph = [NodeReport("", "NIRGraph", *text) for text in texts]
    return Imported(network, (*of_graph, *layers.account))


def _dt(dt: float | None, framework: Framework) -> float:
    """Return seconds per step; raises SpikeletError if neither option nor framework gives them."""
    if dt is None:
        dt = framework.dt
    if dt is None:
        raise UsageError(
            "the file does not say how long a step is, because NIR has no field for it; "
            "give it with --dt SECONDS, or name the framework with --from"
        )
    if not 0 < dt < math.inf:
        raise UsageError(f"dt is {dt:g}; it must be a positive number of seconds")
    if framework.only_dt and dt != framework.dt:
        raise UsageError(
            f"dt is {dt:g}, but {framework.title} writes time constants for {framework.dt:g} s, "
            "however long a step is; leave out --dt"
        )
    return dt


def _reset(reset: str | None, framework: Framework) -> str:
    """Return the reset rule; raises SpikeletError if neither option nor framework gives it."""
    reset = reset or framework.reset
    if reset is None:
        raise UsageError(
            "the file does not say how a spike resets the membrane, because NIR has no field for it; "
            "give it with --reset subtract or --reset set, or name the framework with --from"
        )
    return reset


def _about(network: FloatNetwork, options: ImportOptions, framework: Framework) -> Texts:
    """Return the entries of the report on the whole graph."""
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
        about.append((ASSUMED, "an input x of 0..255 means x / 256"))
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


def _about_order(layers: Layers, samples: Synapses) -> Texts:
    """Return the entries on the order of the values of samples, and of the classes."""
    texts: Texts = []
    inputs, outputs = layers.samples or samples.source, layers.synapses.grid
    if inputs.channels > 1 and inputs.size != (1, 1):
        text = f"the {inputs.channels} values of a pixel side by side, {_size(inputs)} pixels"
        texts.append((ASSUMED, f"samples are taken channels last: {text}"))
    if outputs.channels > 1 and outputs.size != (1, 1):
        text = f"the {outputs.channels} maps of a pixel side by side, {_size(outputs)} pixels"
        texts.append((EXACT, f"classes are in the order of neurons: {text}"))
    return texts


def _size(grid: Grid) -> str:
    """Return rows and columns as text."""
    return f"{grid.size[0]} x {grid.size[1]}"
