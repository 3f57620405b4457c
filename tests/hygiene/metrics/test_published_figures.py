"""The models give the figures that their papers print."""

from __future__ import annotations

import numpy as np
import pytest

from hygiene.metrics import (
    BgNbd,
    GammaGamma,
    ParetoNbd,
    ShiftedBetaGeometric,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_pareto_nbd,
    fit_shifted_beta_geometric,
    kaplan_meier,
)
from tests.hygiene.metrics.samples import cdnow_summary

HIGH_END = np.array([1000.0, 869, 743, 653, 593, 551, 517, 491])
HIGH_END_LATER = np.array([468.0, 445, 427, 409, 394])
REGULAR = np.array([1000.0, 631, 468, 382, 326, 289, 262, 241])
REGULAR_LATER = np.array([223.0, 207, 194, 183, 173])


def test_pareto_nbd_on_cdnow() -> None:
    data = cdnow_summary()
    model, found = fit_pareto_nbd(data["x"], data["t_x"], data["T"])
    published = (0.553, 10.578, 0.606, 11.669)
    assert (model.r, model.alpha, model.s, model.beta) == pytest.approx(
        published, rel=1e-3
    )
    assert found.log_likelihood == pytest.approx(-9595.0, abs=0.05)
    assert found.converged


def test_bg_nbd_on_cdnow() -> None:
    data = cdnow_summary()
    model, found = fit_bg_nbd(data["x"], data["t_x"], data["T"])
    # The paper prints three digits: .243 is within 0.2 % of anything it may stand for.
    assert (model.alpha, model.a, model.b) == pytest.approx(
        (4.414, 0.793, 2.426), rel=1e-3
    )
    assert round(model.r, 3) == 0.243
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_gamma_gamma_on_cdnow() -> None:
    data = cdnow_summary()
    repeat = data["x"] > 0
    model, _ = fit_gamma_gamma(data["x"][repeat], data["zbar"][repeat])
    assert (model.p, model.q, model.gamma) == pytest.approx(
        (6.25, 3.74, 15.44), rel=1.5e-3
    )


@pytest.mark.parametrize(
    ("cohort", "later", "published", "worst"),
    [
        pytest.param(HIGH_END, HIGH_END_LATER, (0.668, 3.806), 0.03, id="high end"),
        pytest.param(REGULAR, REGULAR_LATER, (0.704, 1.182), 0.02, id="regular"),
    ],
)
def test_sbg_and_its_hold_out(
    cohort: np.ndarray, later: np.ndarray, published: tuple[float, float], worst: float
) -> None:
    model, _ = fit_shifted_beta_geometric(cohort)
    assert (round(model.alpha, 3), round(model.beta, 3)) == published
    predicted = model.survival(np.arange(8.0, 13.0)) * cohort[0]
    assert np.mean(np.abs(predicted / later - 1)) <= worst


def test_residual_lifetime_is_the_discounted_sum_of_survival() -> None:
    model = ShiftedBetaGeometric(alpha=0.668, beta=3.806)
    ahead = np.arange(0.0, 2_000)
    for renewals in (1.0, 4.0):
        start = model.survival(np.array([renewals - 1.0]))[0]
        total = np.sum(model.survival(renewals + ahead) / start / 1.1**ahead)
        found = model.discounted_residual_lifetime(np.array([renewals]), 0.1)[0]
        assert found == pytest.approx(total, rel=1e-9)


def test_kaplan_meier_of_a_worked_example() -> None:
    # Freireich's 6-MP arm, the textbook example: S(6)=.857, S(10)=.753, S(23)=.448.
    times = np.array(
        [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35.0]
    )
    seen = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0.0])
    curve = kaplan_meier(times, seen)
    assert np.round(curve.at(np.array([0, 5.9, 6, 10, 23, 99.0])), 3).tolist() == [
        1.0,
        1.0,
        0.857,
        0.753,
        0.448,
        0.448,
    ]


@pytest.mark.filterwarnings("ignore")
def test_the_peer_package_predicts_the_same() -> None:
    lifetimes = pytest.importorskip("lifetimes")
    pandas = pytest.importorskip("pandas")
    data = cdnow_summary()
    x, t_x, age = data["x"], data["t_x"], data["T"]

    ours = ParetoNbd(r=0.5533, alpha=10.578, s=0.6062, beta=11.668)
    peer = lifetimes.ParetoNBDFitter()
    peer.params_ = pandas.Series(
        {"r": 0.5533, "alpha": 10.578, "s": 0.6062, "beta": 11.668}
    )
    theirs = peer.conditional_expected_number_of_purchases_up_to_time(39, x, t_x, age)
    assert np.max(np.abs(ours.expected_purchases(39.0, x, t_x, age) - theirs)) < 5e-4
    alive = peer.conditional_probability_alive(x, t_x, age)
    assert np.max(np.abs(ours.probability_alive(x, t_x, age) - alive)) < 1e-5

    simple = BgNbd(r=0.2426, alpha=4.4135, a=0.7929, b=2.4258)
    peer = lifetimes.BetaGeoFitter()
    peer.params_ = pandas.Series(
        {"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258}
    )
    theirs = peer.conditional_expected_number_of_purchases_up_to_time(39, x, t_x, age)
    assert np.max(np.abs(simple.expected_purchases(39.0, x, t_x, age) - theirs)) < 5e-4

    value = GammaGamma(p=6.2488, q=3.7446, gamma=15.4477)
    peer = lifetimes.GammaGammaFitter()
    peer.params_ = pandas.Series({"p": 6.2488, "q": 3.7446, "v": 15.4477})
    theirs = peer.conditional_expected_average_profit(x, data["zbar"])
    assert np.max(np.abs(value.expected_value(x, data["zbar"]) - theirs)) < 1e-6
