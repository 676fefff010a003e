"""What an inference costs: synaptic events, the synapses that spikes make work."""

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


def count_synaptic_events(network: Layered, x: NDArray[Any], made: Sequence[NDArray[Any]]) -> float:
    """Return the synapses that an average sample makes work; see `events_of_layers`."""
    return sum(events_of_layers(network, x, made)) / _samples(network, x)


def events_of_layers(network: Layered, x: NDArray[Any], made: Sequence[NDArray[Any]]) -> list[int]:
    """Return the synapses of each layer that all samples together make work.

    Every spike counts the synapses it reaches, in a convolution the entries of its patch; a spike of
    a recurrent layer also those back to the layer, unless there is no step any more. With the direct
    encoder every input that is not zero counts its synapses, once per sample.

    x       as the network takes it: samples, or recordings, of which every sample counts
    made    a [n, T, neurons] of 0 and 1 per layer, from a float or an integer simulation
    """
    x = check_samples(x, network)
    coding = network.steps, network.encoder_parameter
    arriving = x if network.encoder == "direct" else encoders.spikes(network.encoder, x, *coding)
    found = []
    for layer, spikes in zip(network.layers, made, strict=True):
        events = int(_counts(arriving) @ fan_out(layer.inputs, layer.maps, layer.geometry))
        if layer.recurrent is not None:
            events += int(np.count_nonzero(spikes[:, :-1])) * layer.neurons
        arriving = spikes
        found.append(events)
    return found


def _samples(network: Layered, x: NDArray[Any]) -> int:
    return x.size // network.channels


def _counts(signal: NDArray[Any]) -> NDArray[np.int64]:
    """Return int64[inputs], how often each input of a signal [..., inputs] was not zero."""
    return np.count_nonzero(signal.reshape(-1, signal.shape[-1]), axis=0)
