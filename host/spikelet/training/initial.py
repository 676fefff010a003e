"""Make the untrained network that training begins with."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import UsageError
from spikelet.inputs import encoders
from spikelet.inputs.dataset import Dataset
from spikelet.networks.float_network import FloatLayer, FloatNetwork
from spikelet.networks.protocol import StreamWindow
from spikelet.training import topology
from spikelet.training.forward import unfold_inputs
from spikelet.training.options import TrainingOptions

# Encoders whose drive is proportional to x.
CONSTANT = ("direct", "rate", "bernoulli")


def initial_network(
    dataset: Dataset, options: TrainingOptions, random: np.random.Generator
) -> FloatNetwork:
    """Return an untrained network of the requested shape, with random weights.

    Biases are 0, except in the first layer of a stream; see `_centred`.

    Raises
    ------
    SpikeletError
        If the options do not fit the samples.
    """
    inputs = encoders.inputs(options.encoder, dataset.x.shape[-1])
    layers = topology.layers(options, inputs, len(dataset.classes), random)
    stream = _stream(dataset, options)
    if stream and options.encoder in CONSTANT:
        layers = (_centred(layers[0], dataset.x), *layers[1:])
    return FloatNetwork(
        layers=layers,
        encoder=options.encoder,
        steps=options.steps,
        readout=options.readout,
        classes=dataset.classes,
        encoder_parameter=encoders.parameter(options.encoder, options.encoder_parameter),
        stream=stream,
    )


def _centred(layer: FloatLayer, x: NDArray[np.uint8]) -> FloatLayer:
    """Return a first layer whose bias cancels the mean drive by recordings x.

    Over a stream, slow membranes would add up the mean drive. The sum would be far larger than the
    changes that distinguish classes.
    """
    mean = x.mean(axis=(0, 1)) / encoders.DIRECT_SCALE
    drive = unfold_inputs(mean[None], layer.geometry) @ layer.weights
    return replace(layer, bias=-drive.reshape(-1, layer.maps).mean(axis=0))


def _stream(dataset: Dataset, options: TrainingOptions) -> StreamWindow | None:
    if dataset.x.ndim == 3:
        window = dataset.x.shape[1]
        return StreamWindow(window, options.hop or window)
    if options.hop is not None:
        raise UsageError(
            f"hop is {options.hop}, but {dataset.name} holds no recordings; "
            "only x [n, samples, channels] is answered again and again"
        )
    return None
