"""What must hold for any parameters and any customers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from hygiene.metrics import (
    BgNbd,
    ParetoNbd,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_pareto_nbd,
)
from hygiene.metrics.fitting import maximise
from hygiene.metrics.pareto_nbd import log_dropout_integral
from tests.hygiene.metrics.samples import cdnow_summary

shapes = st.floats(0.05, 8.0)
scales = st.floats(0.5, 60.0)
paretos = st.builds(ParetoNbd, r=shapes, alpha=scales, s=shapes, beta=scales)
simples = st.builds(BgNbd, r=shapes, alpha=scales, a=shapes, b=shapes)
models = st.one_of(paretos, simples)


@st.composite
def customers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One to six customers with any history."""
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 400), st.floats(0, 1), st.floats(0.1, 300)),
            min_size=1,
            max_size=6,
        )
    )
    x = np.array([float(row[0]) for row in rows])
    age = np.array([row[2] for row in rows])
    t_x = np.where(x > 0, age * np.array([row[1] for row in rows]), 0.0)
    return x, t_x, age


@settings(max_examples=25, derandomize=True, deadline=None)
@given(model=models, time=st.floats(0.5, 80))
def test_probabilities_of_all_counts_sum_to_one(
    model: ParetoNbd | BgNbd, time: float
) -> None:
    probabilities = model.purchase_probabilities(time, 6000)
    assert probabilities.min() >= -1e-12
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-6)
    mean = probabilities @ np.arange(6001.0)
    assert mean == pytest.approx(
        float(model.mean_purchases(np.array(time))), rel=1e-3, abs=1e-6
    )


@settings(max_examples=150, derandomize=True, deadline=None)
@given(model=models, people=customers())
def test_predictions_are_ordered_in_time(
    model: ParetoNbd | BgNbd, people: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    alive, silent = model.forecast((30.0, 90.0, 1e9), *people)
    assert np.all((alive >= 0) & (alive <= 1))
    assert np.all(silent[0] >= silent[1] - 1e-9)
    assert np.all(silent[1] >= 1 - alive - 1e-6)
    near = model.expected_purchases(30.0, *people)
    far = model.expected_purchases(90.0, *people)
    assert np.all(np.isfinite(far))
    assert np.all((near >= 0) & (far >= near - 1e-9 * (1 + near)))
    # Somebody who is expected to buy n times buys at least once with at most n chances in 1.
    assert np.all(1 - silent[1] <= far * (1 + 1e-6) + 1e-7)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(model=paretos, people=customers(), factor=st.floats(0.1, 30))
def test_the_unit_of_time_changes_alpha_and_beta_only(
    model: ParetoNbd,
    people: tuple[np.ndarray, np.ndarray, np.ndarray],
    factor: float,
) -> None:
    x, t_x, age = people
    other = ParetoNbd(model.r, model.alpha * factor, model.s, model.beta * factor)
    now = model.expected_purchases(39.0, x, t_x, age)
    then = other.expected_purchases(39.0 * factor, x, t_x * factor, age * factor)
    assert then == pytest.approx(now, rel=1e-6, abs=1e-12)
    shift = x * np.log(factor)
    assert other.log_likelihood(x, t_x * factor, age * factor) == pytest.approx(
        model.log_likelihood(x, t_x, age) - shift, rel=1e-7, abs=1e-6
    )


@settings(max_examples=150, derandomize=True, deadline=None)
@given(model=paretos, people=customers())
def test_the_integral_in_the_likelihood_is_the_published_closed_form(
    model: ParetoNbd, people: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    x, t_x, age = people
    x = np.minimum(x, 30.0)  # the closed form overflows beyond
    # Appendix of Fader and Hardie (2005): 2F1 in z = |alpha - beta| / (max + time).
    n = model.r + model.s + x
    larger = max(model.alpha, model.beta)
    exponent = model.s + 1.0 if model.alpha >= model.beta else model.r + x

    def term(time: np.ndarray) -> np.ndarray:
        z = abs(model.alpha - model.beta) / (larger + time)
        return hyp2f1(n, exponent, n + 1.0, z) / (larger + time) ** n

    closed = model.s / n * (term(t_x) - term(age))
    integral = model.s * np.exp(
        log_dropout_integral(
            model.r + x, model.s + 1.0, model.alpha + t_x, model.beta + t_x, age - t_x
        )
    )
    # The difference of two terms is less exact than the integral.
    np.testing.assert_allclose(
        integral, closed, rtol=1e-6, atol=1e-9 * float(np.max(term(t_x)))
    )


@pytest.mark.parametrize("near", [1.0, 1.0 + 1e-11, 1.0 - 1e-7, 1.0 + 1e-4])
def test_nothing_happens_where_a_formula_divides_by_zero(near: float) -> None:
    x, t_x, age = np.array([0.0, 3.0]), np.array([0.0, 20.0]), np.array([39.0, 39.0])
    pareto = [
        ParetoNbd(0.55, 10.6, s, 11.7).expected_purchases(39.0, x, t_x, age)
        for s in (near, near + 1e-3)
    ]
    simple = [
        BgNbd(0.24, 4.4, a, 2.4).expected_purchases(39.0, x, t_x, age)
        for a in (near, near + 1e-3)
    ]
    assert pareto[0] == pytest.approx(pareto[1], rel=2e-2)
    assert simple[0] == pytest.approx(simple[1], rel=2e-2)


@pytest.mark.parametrize(
    "model",
    [
        ParetoNbd(0.55, 10.6, 0.61, 11.7),
        ParetoNbd(0.55, 11.7, 0.61, 10.6),
        ParetoNbd(2.0, 10.0, 1.0, 10.0),
        BgNbd(0.24, 4.4, 0.79, 2.4),
        BgNbd(0.24, 4.4, 1.0, 2.4),
        BgNbd(0.24, 4.4, 2.5, 0.3),
    ],
)
def test_thousands_of_purchases_stay_finite(model: ParetoNbd | BgNbd) -> None:
    x = np.array([0.0, 1, 10, 100, 1000, 5000])
    for share in (0.01, 0.5, 1.0):
        t_x = np.where(x > 0, 39.0 * share, 0.0)
        age = np.full(6, 39.0)
        for values in (
            model.log_likelihood(x, t_x, age),
            model.expected_purchases(39.0, x, t_x, age),
            *model.forecast((13.0, 52.0), x, t_x, age)[1],
        ):
            assert np.all(np.isfinite(values))
    regular = model.expected_purchases(
        39.0, x, np.where(x > 0, 39.0, 0.0), np.full(6, 39.0)
    )
    # The more somebody has bought until today, the more is expected: no silent zeros.
    assert np.all(np.diff(regular[1:]) > 0)


def test_groups_fit_like_the_customers_they_stand_for() -> None:
    data = cdnow_summary()
    x, t_x, age = (data[name][:600] for name in ("x", "t_x", "T"))
    keys, weight = np.unique(np.column_stack([x, t_x, age]), axis=0, return_counts=True)
    grouped = [np.ascontiguousarray(column) for column in keys.T]
    for fit in (fit_pareto_nbd, fit_bg_nbd):
        one, first = fit(x, t_x, age)
        other, second = fit(*grouped, weight.astype(float))
        assert first.values == pytest.approx(second.values, rel=2e-3)
        assert first.log_likelihood == pytest.approx(second.log_likelihood, abs=1e-4)
        assert one.mean_purchases(np.array(39.0)) == pytest.approx(
            other.mean_purchases(np.array(39.0)), rel=1e-4
        )


def test_weeks_and_days_give_the_same_model() -> None:
    data = cdnow_summary()
    x, t_x, age = data["x"], data["t_x"], data["T"]
    weeks, _ = fit_pareto_nbd(x, t_x, age)
    days, _ = fit_pareto_nbd(x, t_x * 7, age * 7)
    assert (days.r, days.s) == pytest.approx((weeks.r, weeks.s), rel=1e-4)
    assert (days.alpha, days.beta) == pytest.approx(
        (weeks.alpha * 7, weeks.beta * 7), rel=1e-4
    )


def test_another_currency_scales_values_only() -> None:
    data = cdnow_summary()
    repeat = data["x"] > 0
    x, value = data["x"][repeat], data["zbar"][repeat]
    one, _ = fit_gamma_gamma(x, value)
    other, _ = fit_gamma_gamma(x, value * 130.0)
    assert (other.p, other.q) == pytest.approx((one.p, one.q), rel=1e-4)
    assert other.gamma == pytest.approx(one.gamma * 130.0, rel=1e-4)


@pytest.mark.parametrize("size", [30, 100])
@pytest.mark.parametrize("fit", [fit_pareto_nbd, fit_bg_nbd], ids=["pareto", "bg"])
def test_few_customers_converge_with_the_weak_prior(size: int, fit: object) -> None:
    data = cdnow_summary()
    rng = np.random.default_rng(7)
    for _ in range(10):
        some = rng.choice(len(data["x"]), size, replace=False)
        _, found = fit(  # type: ignore[operator]
            data["x"][some], data["t_x"][some], data["T"][some], prior_sd=1.5
        )
        assert found.converged
        assert max(found.values) < 1e4


@settings(max_examples=60, derandomize=True, deadline=None)
@given(model=paretos, people=customers())
def test_slopes_are_those_of_the_likelihood(
    model: ParetoNbd, people: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    weight = np.arange(1.0, len(people[0]) + 1)
    total, slopes = model.total_slopes(*people, weight)
    assert total == float(weight @ model.log_likelihood(*people))
    names = ("r", "alpha", "s", "beta")
    scale = abs(total)
    for name, slope in zip(names, slopes, strict=True):
        value = getattr(model, name)
        step = 1e-5 * value
        above, below = (
            float(
                weight
                @ dataclasses.replace(model, **{name: value + way}).log_likelihood(
                    *people
                )
            )
            for way in (step, -step)
        )
        # Differences lose digits of the total, slopes do not.
        assert slope * value == pytest.approx(
            (above - below) / (2 * step) * value, rel=1e-4, abs=1e-9 * scale / 1e-5
        )


def test_a_search_without_a_slope_has_not_converged() -> None:
    found = maximise(
        lambda p: -float(p[0]),
        start=np.array([1.0]),
        weight=1.0,
        prior_sd=None,
        slopes=lambda p: (-float(p[0]), np.array([np.nan])),
    )
    assert not found.converged
