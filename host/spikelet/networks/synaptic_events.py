"""Count synaptic events, the cost of an inference: synapses that spikes activate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikelet.inputs import encoders
from spikelet.networks.geometry import fan_out
from spikelet.networks.layer_shape import LayerShape
from spikelet.networks.protocol import NetworkProtocol, check_samples


class Layered(NetworkProtocol, Protocol):
    """A network, float or integer."""

    @property
    def layers(self) -> Sequence[LayerShape]: ...  # noqa: D102


def count_synaptic_events(
    network: Layered, x: NDArray[Any], spikes: Sequence[NDArray[Any]]
) -> float:
    """Return the mean number of synaptic events per sample; see `events_of_layers`."""
    return sum(events_of_layers(network, x, spikes)) / _samples(network, x)


def events_of_layers(
    network: Layered, x: NDArray[Any], spikes: Sequence[NDArray[Any]]
) -> list[int]:
    """Return the synaptic events of each layer, of all samples together.

    Every spike counts the synapses that it reaches, in a convolution the entries of its patch. A spike
    of a recurrent layer also counts the synapses back to the layer, except in the last step. With the
    direct encoder every input that is not zero counts its synapses, once per sample.

    Parameters
    ----------
    network : Layered
    x : array
        Samples or recordings that the network takes. Every sample of a recording counts.
    spikes : sequence of array[n, T, neurons]
        0 or 1, of each layer, from a float or an integer simulation.
    """
    x = check_samples(x, network)
    coding = network.steps, network.encoder_parameter
    arriving = x if network.encoder == "direct" else encoders.spikes(network.encoder, x, *coding)
    by_layer = []
    for layer, fired in zip(network.layers, spikes, strict=True):
        events = int(_counts(arriving) @ fan_out(layer.inputs, layer.maps, layer.geometry))
        if layer.recurrent is not None:
            events += int(np.count_nonzero(fired[:, :-1])) * layer.neurons
        arriving = fired
        by_layer.append(events)
    return by_layer


def _samples(network: Layered, x: NDArray[Any]) -> int:
    return x.size // network.channels


def _counts(signal: NDArray[Any]) -> NDArray[np.int64]:
    """Return int64[inputs], the number of values that are not zero, per input of a signal."""
    return np.count_nonzero(signal.reshape(-1, signal.shape[-1]), axis=0)
