"""Gradients through time, against finite differences."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from float_layers import layer, network, x

from spikelet.inputs import encoders
from spikelet.networks.geometry import Geometry
from spikelet.training import gradients
from spikelet.training.gradients import Firing, Loss, loss_gradient
from spikelet.training.parameters import LayerParameters

SMOOTH_SPIKES = {
    "fast-sigmoid": lambda u: 0.5 + u / (1 + gradients.SURROGATE_SLOPE * np.abs(u)),
    "arctan": lambda u: 0.5 + np.arctan(gradients.SURROGATE_SLOPE * u) / gradients.SURROGATE_SLOPE,
    "boxcar": lambda u: np.clip(u + 0.5, 0, 1),
}


@pytest.mark.parametrize("surrogate", gradients.SURROGATES)
def test_surrogate_is_derivative_of_its_smooth_spike(surrogate):
    u = np.linspace(-2, 2, 400)
    spike = SMOOTH_SPIKES[surrogate]
    slope = (spike(u + 1e-6) - spike(u - 1e-6)) / 2e-6
    np.testing.assert_allclose(gradients.SURROGATES[surrogate](u), slope, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("surrogate", gradients.SURROGATES)
def test_surrogate_keeps_float32(surrogate):
    assert gradients.SURROGATES[surrogate](np.zeros(1, np.float32)).dtype == np.float32


def numeric_gradient(loss, arrays, step=1e-6):
    """Return the central differences of loss() by every element of the arrays."""
    slopes = [np.zeros_like(array) for array in arrays]
    for array, slope in zip(arrays, slopes, strict=True):
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + step
            above = loss()
            array[index] = value - step
            slope[index] = (above - loss()) / (2 * step)
            array[index] = value
    return slopes


def check_gradient(chain, signal, surrogate="fast-sigmoid", trained=None, objective=None):
    """Compare the gradient by all parameters with finite differences.

    Parameters
    ----------
    trained : list of LayerParameters, optional
        Parameters for each layer; by default the layer's weights and random biases.
    """
    random = np.random.default_rng(4)
    parameters = trained or [
        LayerParameters(cells.weights, random.normal(0, 0.3, cells.maps)) for cells in chain.layers
    ]
    y = random.integers(0, len(chain.classes), signal.shape[1])
    objective = objective or Loss(spike_penalty=0.01, label_smoothing=0.1)
    firing = Firing(SMOOTH_SPIKES[surrogate], gradients.SURROGATES[surrogate])

    def result():
        return loss_gradient(chain, parameters, signal, y, objective, firing)

    arrays = [array for one in parameters for array in one if array is not None]
    exact = [array for one in result().gradient for array in one if array is not None]
    for slopes, expected in zip(
        exact, numeric_gradient(lambda: result().loss, arrays), strict=True
    ):
        assert np.linalg.norm(expected) > 1e-6
        assert np.linalg.norm(slopes - expected) < 1e-5 * np.linalg.norm(expected)


@pytest.mark.parametrize("surrogate", gradients.SURROGATES)
@pytest.mark.parametrize("encoder", ["direct", "rate"])
@pytest.mark.parametrize("readout", ["max", "last", "count"])
@pytest.mark.parametrize("reset", ["subtract", "set"])
def test_gradient_agrees_with_finite_differences(reset, readout, encoder, surrogate):
    random = np.random.default_rng(3)
    layers = [
        layer(random.normal(0, 1.2, shape), reset=reset, theta=0.9, v_reset=-0.2, v_start=0.1)
        for shape in pairwise((5, 6, 4, 3))
    ]
    if readout != "count":
        layers[-1] = replace(layers[-1], theta=None)
    chain = network(*layers, encoder=encoder, steps=5, readout=readout)
    samples = random.integers(0, 256, (7, 5)).astype(np.uint8)
    check_gradient(chain, encoders.signal(encoder, samples, 5), surrogate)


@pytest.mark.parametrize("readout", ["max", "count"])
def test_gradient_with_rho_other_than_theta(readout):
    random = np.random.default_rng(8)
    layers = [
        replace(
            layer(random.normal(0, 1.2, shape), theta=0.9), rho=random.uniform(0.3, 2.0, shape[1])
        )
        for shape in pairwise((5, 6, 3))
    ]
    chain = network(*layers, steps=6, readout=readout)
    samples = random.integers(0, 256, (7, 5)).astype(np.uint8)
    check_gradient(chain, encoders.signal("direct", samples, 6))


def with_leaks(layers, random):
    """Return layers with different leaks, and all of their parameters."""
    changed, trained = [], []
    for cells in layers:
        leaks = {"beta": random.uniform(0.5, 0.95, cells.maps)}
        if cells.alpha is not None:
            leaks["alpha"] = random.uniform(0.3, 0.8, cells.maps)
        changed.append(replace(cells, **leaks))
        bias = random.normal(0, 0.3, cells.maps)
        trained.append(LayerParameters(cells.weights, bias, cells.recurrent, **leaks))
    return changed, trained


@pytest.mark.parametrize("surrogate", ["fast-sigmoid", "arctan"])
@pytest.mark.parametrize("current", [False, True], ids=["", "current"])
@pytest.mark.parametrize("recurrent", [False, True], ids=["", "recurrent"])
@pytest.mark.parametrize("readout", ["max", "last", "count"])
@pytest.mark.parametrize("reset", ["subtract", "set"])
def test_gradient_through_recurrence_currents_and_leaks(
    reset, readout, recurrent, current, surrogate
):
    random = np.random.default_rng(5)
    layers = [
        replace(
            layer(random.normal(0, 1.2, shape), reset=reset, theta=0.9, v_reset=-0.2, v_start=0.1),
            recurrent=random.normal(0, 0.7, (shape[1],) * 2) if recurrent else None,
            alpha=np.zeros(shape[1]) if current else None,
        )
        for shape in pairwise((5, 4, 3))
    ]
    if readout != "count":
        layers[-1] = replace(layers[-1], theta=None, recurrent=None)
    layers, trained = with_leaks(layers, random)
    chain = network(*layers, encoder="rate", steps=6, readout=readout)
    samples = random.integers(0, 256, (5, 5)).astype(np.uint8)
    check_gradient(chain, encoders.signal("rate", samples, 6), surrogate, trained)


GEOMETRIES = (
    Geometry((6, 5), 1, (3, 3), (3, 3), stride=(2, 2), padding=(1, 1)),
    Geometry((3, 3), 3, (2, 1), (2, 3), padding=(1, 0)),
    Geometry((2, 3), 2, (2, 1), (1, 1), pool=(1, 2)),
)


@pytest.mark.parametrize("encoder", ["direct", "rate"])
@pytest.mark.parametrize("readout", ["max", "count"])
@pytest.mark.parametrize("reset", ["subtract", "set"])
def test_gradient_through_convolutions(reset, readout, encoder):
    random = np.random.default_rng(6)
    layers = [
        replace(
            layer(random.normal(0, 0.6, (9, 3)), reset=reset, theta=0.9, v_reset=-0.2),
            geometry=GEOMETRIES[0],
        ),
        replace(
            layer(random.normal(0, 0.8, (6, 2)), reset=reset, theta=0.9, v_start=0.1),
            geometry=GEOMETRIES[1],
            alpha=np.zeros(2),
        ),
        replace(layer(random.normal(0, 1, (4, 3)), theta=0.9), geometry=GEOMETRIES[2]),
    ]
    if readout != "count":
        layers[-1] = replace(layers[-1], theta=None)
    layers, trained = with_leaks(layers, random)
    chain = network(*layers, encoder=encoder, steps=4, readout=readout)
    samples = random.integers(0, 256, (4, 30)).astype(np.uint8)
    check_gradient(chain, encoders.signal(encoder, samples, 4), trained=trained)


def test_gradient_with_class_weights():
    random = np.random.default_rng(7)
    chain = network(layer(random.normal(0, 1, (4, 3)), theta=None), steps=3)
    samples = random.integers(0, 256, (6, 4)).astype(np.uint8)
    objective = Loss(label_smoothing=0.1, class_weights=np.array([0.5, 2.0, 1.0]))
    check_gradient(chain, encoders.signal("direct", samples, 3), objective=objective)


def test_class_weights_count_in_loss_and_accuracy():
    chain = network(layer(np.eye(2), theta=None))
    parameters = [LayerParameters(chain.layers[0].weights, np.zeros(2))]
    signal = encoders.signal("direct", x([200, 0], [200, 0], [200, 0]), 4)
    y = np.array([0, 0, 1])
    plain = loss_gradient(chain, parameters, signal, y, Loss())
    even = loss_gradient(chain, parameters, signal, y, Loss(class_weights=np.array([0.75, 1.5])))
    assert plain.accuracy == pytest.approx(2 / 3)
    assert even.accuracy == pytest.approx(1 / 2)
    assert even.loss > plain.loss


def test_loss_gradient_reports_accuracy_and_hidden_spikes():
    chain = network(layer([[256.0, 0.0]]), layer(np.eye(2), theta=None), steps=4)
    parameters = [LayerParameters(cells.weights, cells.bias) for cells in chain.layers]
    signal = encoders.signal("direct", x([1], [0]), 4)
    result = loss_gradient(chain, parameters, signal, np.array([0, 1]), Loss(spike_penalty=0.5))
    # The second sample is silent, and class 0 wins its tie.
    assert (result.accuracy, result.spikes) == (0.5, 2)
    free = loss_gradient(chain, parameters, signal, np.array([0, 1]), Loss())
    assert result.loss == pytest.approx(free.loss + 0.5 * 2)
