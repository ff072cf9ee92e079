"""The local linear trend: the Kalman filter against the dense Gaussian process that it computes; what its end does."""

import numpy as np
import pytest

from datavolume.statistics.curves import Curve, fit, trend
from datavolume.statistics.curves.models import Frame

N = np.geomspace(100, 12_800, 15)
NOISE, WANDER = 4e-4, 0.3


def dense(log_n, log_y):
    """Level and slope at the end: integrated Wiener process from the first size on, its slope's prior N(0, DIFFUSE)."""
    t = log_n - log_n[0]
    early, late = np.minimum.outer(t, t), np.maximum.outer(t, t)
    wander = WANDER * early**2 * (3 * late - early) / 6
    covariance = wander + trend.DIFFUSE * np.outer(t, t) + 1e4  # 1e4: nothing is known of the level
    with_end = WANDER * t**2 / 2 + trend.DIFFUSE * t  # of each level with the slope at the end
    solved = np.linalg.solve(covariance + NOISE * np.eye(len(t)), log_y)
    return covariance[-1] @ solved, with_end @ solved


def test_the_filter_is_the_gaussian_process(monkeypatch):
    monkeypatch.setattr(trend, "WANDERS", np.array([WANDER]))
    monkeypatch.setattr(trend, "NOISES", np.array([1.0]))
    rng = np.random.default_rng(4)
    log_n, log_y = np.log(N), np.log(3 * N**-0.4) + rng.normal(0, 0.02, len(N))
    ends = np.array([15, 9])
    weight = (np.arange(15) < ends[:, None]) / NOISE
    u = log_n - log_n[ends - 1][:, None]
    frame = Frame(*(np.zeros(2) for _ in range(4)))
    found = trend.trend_fit(u, np.exp(np.broadcast_to(log_y, u.shape)), weight, frame)[:, 0]
    for row, end in zip(found, ends, strict=True):
        level, slope = dense(log_n[:end], log_y[:end])
        assert row == pytest.approx([level, -slope], abs=1e-5)


def test_a_power_law_goes_on():
    fitted = fit(Curve(N, 3.0 * N**-0.4, kind="loss"), "trend")
    assert fitted.predict([51_200])[0] == pytest.approx(3.0 * 51_200**-0.4, rel=1e-4)


def test_it_forgets_how_the_curve_began():
    """Level until 800, a power law from there: the end's slope is the power law's."""
    value = np.minimum(0.5, 0.5 * (N / 800) ** -0.5)
    fitted = fit(Curve(N, value), "trend")
    assert fitted.params["exponent"] == pytest.approx(0.5, abs=0.03)
    assert fit(Curve(N, value), "power").params["exponent"] < 0.4


def test_noise_at_the_end_does_not_turn_it():
    """A last size that lies 5 % too high moves the slope less than it moves a line through the last quarter."""
    value = 3.0 * N**-0.4 * np.exp(np.random.default_rng(8).normal(0, 0.02, 15))
    value[-1] *= 1.05
    slopes = {name: fit(Curve(N, value, kind="loss"), name).params["exponent"] for name in ("trend", "late_line")}
    assert abs(slopes["trend"] - 0.4) < abs(slopes["late_line"] - 0.4)


def test_two_sizes_are_joined():
    fitted = fit(Curve([100, 400], [0.4, 0.2]), "trend")
    assert fitted.predict([1600])[0] == pytest.approx(0.1, rel=0.01)
    assert fitted.note == "too few sizes: 2, trend needs 3"
