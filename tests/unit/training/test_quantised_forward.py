"""The forward pass in integers has exactly the spikes of the reference simulator."""

from dataclasses import replace

import numpy as np
import pytest

from spikelet.conversion import convert
from spikelet.inputs import encoders
from spikelet.inputs.dataset import Dataset, load_digits, split
from spikelet.networks import lif_file
from spikelet.networks.float_network import FloatNetwork
from spikelet.training import quantised_forward, topology, train
from spikelet.training.gradients import Loss, loss_gradient
from spikelet.training.initial import initial_network
from spikelet.training.options import TrainingOptions
from spikelet.training.parameters import LayerParameters

SHAPES = {
    "dense": {"hidden": (24, 12)},
    "set": {"hidden": (24,), "reset": "set", "readout": "count"},
    "recurrent": {"hidden": (16,), "recurrent": True, "current": 0.75},
    "slow": {"hidden": (16,), "beta": 0.5, "slowest_beta": 0.995},
    "convolution": {"convolutions": "6k3s2p1,8k3q2p1", "hidden": (12,)},
}


def random_network(encoder, steps, **options):
    """Return a network for 8x8 images, with random biases."""
    random = np.random.default_rng(8)
    chosen = TrainingOptions(encoder=encoder, steps=steps, **options)
    layers = tuple(
        replace(cells, bias=random.normal(0, 0.2, cells.maps))
        for cells in topology.layers(chosen, 64, 10, random)
    )
    parameter = encoders.parameter(encoder, None)
    return FloatNetwork(
        layers, encoder, steps, chosen.readout, tuple("0123456789"), encoder_parameter=parameter
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("encoder", "steps"), [("direct", 4), ("rate", 8), ("phase", 8)])
@pytest.mark.parametrize("bits", [8, 4, 3])
def test_quantised_forward_equals_reference(bits, encoder, steps, shape):
    network, x = random_network(encoder, steps, **SHAPES[shape]), load_digits().x[:60]
    rounded = quantised_forward.quantise(network, bits)
    signal = encoders.signal(encoder, x, steps, network.encoder_parameter, np.float32)
    passes = quantised_forward.forward(rounded, signal)
    trace = convert.convert_network(network, bits=bits)[0].simulate(x)
    for layer_pass, spikes, ends, scale in zip(
        passes, trace.spikes, trace.membranes, rounded.scales, strict=True
    ):
        np.testing.assert_array_equal(layer_pass.window.spikes.swapaxes(0, 1), spikes)
        np.testing.assert_allclose(
            layer_pass.window.after[-1] * layer_pass.layer.each(scale), ends, rtol=1e-6
        )
    assert all(spikes.any() for spikes in trace.spikes[:-1])


@pytest.mark.parametrize("encoder", ["direct", "delta"])
def test_quantised_forward_of_stream_equals_reference(encoder):
    random = np.random.default_rng(9)
    walks = np.cumsum(random.integers(-30, 31, (20, 30, 6)), axis=1)
    x = np.clip(walks + 128, 0, 255).astype(np.uint8)
    options = TrainingOptions(encoder=encoder, hidden=(12,), recurrent=True, hop=10, steps=2)
    recordings = Dataset(x, np.arange(20) % 3, ("a", "b", "c"), "walks")
    network = initial_network(recordings, options, random)
    rounded = quantised_forward.quantise(network, 8)
    signal = encoders.signal(encoder, x, 2, network.encoder_parameter, np.float32)
    trace = rounded.integers.simulate(x)
    for layer_pass, spikes in zip(
        quantised_forward.forward(rounded, signal), trace.spikes, strict=True
    ):
        np.testing.assert_array_equal(layer_pass.window.spikes.swapaxes(0, 1), spikes)
    assert trace.spikes[0].any()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bits", [8, 4, 3])
def test_quantise_is_idempotent_under_conversion(bits, shape):
    rounded = quantised_forward.quantise(random_network("direct", 4, **SHAPES[shape]), bits)
    again, _ = convert.convert_network(rounded.network, bits=bits)
    assert lif_file.to_bytes(again) == lif_file.to_bytes(rounded.integers)


def test_loss_gradient_of_integers_passes_straight_through():
    network, samples = random_network("direct", 4, hidden=(24,)), split(load_digits())[1]
    rounded = quantised_forward.quantise(network, 3)
    signal = encoders.signal("direct", samples.x, 4, dtype=np.float32)
    passes = quantised_forward.forward(rounded, signal)
    parameters = [LayerParameters(one.weights, one.bias) for one in rounded.network.layers]
    result = loss_gradient(rounded.network, parameters, signal, samples.y, Loss(), passes=passes)
    trace = rounded.integers.simulate(samples.x)
    assert result.accuracy == (trace.answers == samples.y).mean()
    assert result.spikes == np.count_nonzero(trace.spikes[0]) / len(samples)
    assert all(np.abs(one.weights).max() > 0 for one in result.gradient)


@pytest.mark.parametrize("bits", [8, 4, 3])
def test_train_network_with_bits_reports_integer_accuracy(bits):
    digits = split(load_digits())[1]
    options = TrainingOptions(hidden=(16,), epochs=4, bits=bits, validation_fraction=0.3)
    result = train.train_network(digits, options)
    integers, _ = convert.convert_network(result.network, bits=bits)
    validation = split(digits, 0.3)[1]
    answers = integers.simulate(validation.x).answers
    assert result.accuracy == pytest.approx((answers == validation.y).mean())
