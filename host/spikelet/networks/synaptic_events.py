"""Count synaptic events, the cost of an inference: synapses that spikes activate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikelet.networks.geometry import fan_out
from spikelet.networks.layer_shape import LayerShape


class CountedNetwork(Protocol):
    """A network, float or integer."""

    @property
    def layers(self) -> Sequence[LayerShape]: ...  # noqa: D102
    @property
    def steps(self) -> int: ...  # noqa: D102


class CountedTrace(Protocol):
    """A simulation of the network; see Trace and FloatTrace."""

    @property
    def inputs(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def spikes(self) -> tuple[NDArray[Any], ...]: ...  # noqa: D102


def count_synaptic_events(network: CountedNetwork, trace: CountedTrace) -> float:
    """Return the mean number of synaptic events per sample; see `events_of_layers`.

    Every sample of a recording counts.
    """
    recordings, steps, _ = trace.spikes[0].shape
    return sum(events_of_layers(network, trace)) / (recordings * steps // network.steps)


def events_of_layers(network: CountedNetwork, trace: CountedTrace) -> list[int]:
    """Return the synaptic events of each layer, of all samples together.

    Every spike counts the synapses that it reaches, in a convolution the entries of its patch. A spike
    of a recurrent layer also counts the synapses back to the layer, except in the last step. With the
    direct encoder every input that is not zero counts its synapses, once per sample.
    """
    arriving, by_layer = trace.inputs, []
    for layer, fired in zip(network.layers, trace.spikes, strict=True):
        events = int(arriving @ fan_out(layer.inputs, layer.maps, layer.geometry))
        if layer.recurrent is not None:
            events += int(np.count_nonzero(fired[:, :-1])) * layer.neurons
        arriving = np.count_nonzero(fired, axis=(0, 1))
        by_layer.append(events)
    return by_layer
