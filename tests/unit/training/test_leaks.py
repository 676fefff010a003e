"""Learned leaks, and their representation by integers."""

import numpy as np
import pytest

from spikelet.conversion import convert
from spikelet.training import leaks


@pytest.mark.parametrize("beta", [0.0, 1 / 256, 0.5, 0.875, 0.99, 1.0])
def test_logits_give_initial_leak(beta):
    trained = leaks.logits(np.array([beta]))
    assert trained.dtype == np.float32
    assert leaks.representable_leaks(trained)[0] == pytest.approx(max(beta, 2 / 256), abs=2**-9)


def test_representable_leaks_of_any_logit_convert_exactly():
    random = np.random.default_rng(0)
    for scale in (1, 10, 1000):
        # The exponential in the sigmoid overflows for large logits.
        with np.errstate(over="ignore"):
            shares = leaks.representable_leaks(random.normal(0, scale, 40).astype(np.float32))
        d, r = convert.leak_integers(shares)
        np.testing.assert_array_equal(1 - d / 2.0**r, shares)


def test_slope_is_derivative_of_share_kept():
    trained, step = np.linspace(-4, 4, 9), 1e-6
    smooth = [1 / (1 + np.exp(-(trained + change))) for change in (step, -step)]
    numeric = (1 - leaks.FASTEST) * (smooth[0] - smooth[1]) / (2 * step)
    np.testing.assert_allclose(leaks.slope(trained), numeric, rtol=1e-6)


def test_spread_leaks_time_constants_are_even_on_log_scale():
    shares = leaks.spread_leaks(0.5, 0.98, 9)
    ratios = np.diff(np.log(-1 / np.log(shares)))
    assert (shares[0], shares[-1]) == pytest.approx((0.5, 0.98), abs=2**-9)
    np.testing.assert_allclose(ratios, ratios.mean(), rtol=0.1)
    np.testing.assert_array_equal(leaks.representable(shares), shares)
