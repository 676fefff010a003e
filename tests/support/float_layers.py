"""Make small float networks for tests."""

import numpy as np

from spikelet.networks.float_network import FloatLayer, FloatNetwork


def layer(weights, *, theta=1.0, beta=0.75, bias=0.0, reset="subtract", v_reset=0.0, v_start=0.0):
    """Return a layer of equal neurons."""
    weights = np.array(weights, float)
    ones = np.ones(weights.shape[1])
    return FloatLayer(
        weights,
        bias * ones,
        beta * ones,
        None if theta is None else theta * ones,
        reset,
        v_reset * ones,
        v_start * ones,
    )


def network(*layers, encoder="direct", steps=4, readout="max"):
    """Return a network whose classes are numbers."""
    classes = tuple(map(str, range(layers[-1].neurons)))
    return FloatNetwork(layers, encoder, steps, readout, classes)


def x(*rows):
    """Return samples."""
    return np.array(rows, np.uint8)
