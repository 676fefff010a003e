"""What the digits cost in integers: the whole path from training to int8, over five seeds."""

import numpy as np
import pytest

from spikelet import conversion, dataset, evaluation, training


@pytest.mark.slow
def test_int8_digits_are_as_good_as_float_ones(digits):
    train = dataset.split(dataset.load_digits())[0]
    scores, losses = [], []
    for seed in range(5):
        network = training.train(train, training.TrainingOptions(seed=seed)).network
        before = evaluation.evaluate(network, digits)
        scores.append(evaluation.evaluate(conversion.convert(network)[0], digits))
        losses.append(before.accuracy - scores[-1].accuracy)
    accuracies = [score.accuracy for score in scores]
    assert min(accuracies) >= 0.965
    assert np.mean(accuracies) >= 0.97
    assert np.mean(losses) <= 0.003
    assert max(score.synaptic_events for score in scores) <= 2600
