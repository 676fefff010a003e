"""Adam, its weight decay, and the schedule of its learning rate."""

import numpy as np
import pytest

from spikelet.training.optimiser import Adam, cosine_rate


def test_adam_first_steps_equal_learning_rate():
    array = np.array([1.0, 2.0])
    adam = Adam([array], weight_decay=0.5)
    for _ in range(3):
        adam.step([np.array([0.001, -50.0])], rate=0.1)
    np.testing.assert_allclose(array, [0.7, 2.3], rtol=1e-4)


def test_adam_weight_decay_shrinks_matrices_only():
    weights, bias = np.ones((2, 2)), np.ones(2)
    Adam([weights, bias], weight_decay=0.5).step([0 * weights, 0 * bias], rate=0.1)
    assert weights == pytest.approx(0.95)
    assert bias == pytest.approx(1)


def test_cosine_rate_falls_to_zero():
    assert [cosine_rate(2, progress) for progress in (0, 0.5, 1)] == pytest.approx([2, 1, 0])
