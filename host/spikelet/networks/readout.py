"""Compute the scores of the classes from spikes and membranes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.networks.protocol import NetworkProtocol


def class_scores(
    network: NetworkProtocol, spikes: NDArray[Any], membranes: NDArray[Any]
) -> NDArray[Any]:
    """Return the scores of the classes; the class with the largest score is the answer.

    Parameters
    ----------
    network : NetworkProtocol
    spikes, membranes : array[n, T, neurons]
        Of the last layer.

    Returns
    -------
    array[n, classes] or array[n, answers, classes]
        Three dimensions for a stream.
    """
    stream = network.stream
    if stream is None:
        return pooled(network.readout, spikes, membranes)
    hop = stream.hop * network.steps
    shape = len(spikes), spikes.shape[1] // hop, hop, spikes.shape[2]
    by_hop = pooled(network.readout, spikes.reshape(shape), membranes.reshape(shape))
    if network.readout == "last":
        return by_hop
    merge = np.add if network.readout == "count" else np.maximum
    scores = by_hop.copy()
    for back in range(1, min(stream.window // stream.hop, shape[1])):
        scores[:, back:] = merge(scores[:, back:], by_hop[:, :-back])
    return scores


def pooled(readout: str, spikes: NDArray[Any], membranes: NDArray[Any]) -> NDArray[Any]:
    """Reduce the steps of [..., T, classes] to [..., classes], as the readout defines."""
    if readout == "count":
        return spikes.sum(axis=-2, dtype=spikes.dtype if spikes.dtype.kind == "f" else np.int64)
    return membranes.max(axis=-2) if readout == "max" else membranes[..., -1, :]
