"""Guards: a third may not vanish unnoticed, and what is usual is learned."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hygiene.quality import (
    FreshnessGuard,
    Verdict,
    Volume,
    VolumeGuard,
    guard_results,
    judge_freshness,
    judge_volumes,
)
from hygiene.quality.guards import GuardFinding, usual_change

NOW = datetime(2026, 1, 15, 6)  # noqa: DTZ001 - UTC-naive, as manifests have it


def judge(now: int, *past: int, **settings: object) -> GuardFinding:
    (finding,) = judge_volumes(
        [Volume("crm", "salesforce", "contact", now)],
        {"crm/contact": list(past)},
        VolumeGuard.model_validate(settings),
    )
    return finding


def test_more_than_a_third_gone_stops_the_publication() -> None:
    finding = judge(650, 1000)
    assert finding.verdict is Verdict.DROPPED
    assert finding.blocks
    assert "--accept-volume-drop crm/contact" in finding.text
    (result,) = guard_results([finding])
    assert (result.is_blocking, result.success, result.rows_failed) == (
        True,
        False,
        350,
    )


@pytest.mark.parametrize("now", [670, 1000, 5000])
def test_a_smaller_drop_and_growth_do_not(now: int) -> None:
    assert not judge(now, 1000).blocks


def test_everything_gone_stops_and_a_first_publication_does_not() -> None:
    assert judge(0, 1000).blocks
    assert judge(0).verdict is Verdict.LEARNING


def test_small_lists_may_jump() -> None:
    assert not judge(10, 99).blocks
    assert judge(10, 99, min_records=50).blocks


def test_a_drop_that_is_meant_passes() -> None:
    volumes = [Volume("crm", "salesforce", "contact", 10)]
    past = {"crm/contact": [1000]}
    for settings, options in [
        (VolumeGuard(accept=("crm/contact",)), {}),
        (VolumeGuard(), {"accepted": ["crm/contact"]}),
        (VolumeGuard(), {"accept_all": True}),
    ]:
        (finding,) = judge_volumes(volumes, past, settings, **options)
        assert finding.verdict is Verdict.ACCEPTED
        assert finding.holds
    assert judge_volumes(volumes, past, VolumeGuard(enabled=False)) == []
    (other,) = judge_volumes(volumes, past, VolumeGuard(), accepted=["crm/account"])
    assert other.blocks


def test_what_is_usual_is_learned_from_publications() -> None:
    calm = [1000, 1010, 1020, 1030, 1041, 1051]
    assert judge(1060, *calm).verdict is Verdict.USUAL
    odd = judge(1300, *calm)
    assert odd.verdict is Verdict.UNUSUAL
    assert not odd.blocks
    wild = [1000, 1300, 1000, 1400, 1000, 1350]
    assert judge(1000, *wild).verdict is Verdict.USUAL
    assert judge(1300, *calm[:3]).verdict is Verdict.LEARNING


def test_one_accident_does_not_move_what_is_usual() -> None:
    calm = [1000, 1010, 1020, 1030, 1041, 1051]
    accident = [1000, 1010, 20, 1030, 1041, 1051, 1062]
    assert usual_change(accident) == pytest.approx(usual_change(calm), abs=0.05)


@given(st.lists(st.integers(0, 10**7), min_size=1), st.integers(0, 10**7))
def test_any_history_gets_a_verdict(past: list[int], now: int) -> None:
    finding = judge(now, *past)
    assert finding.before == past[-1]
    lost = past[-1] >= 100 and now < past[-1] * (1 - 1 / 3) - 1e-6
    assert finding.blocks is lost or abs(now / past[-1] - 2 / 3) < 1e-6


def fresh(ages_in_days: list[float], **settings: object) -> GuardFinding:
    moments = [NOW - timedelta(days=age) for age in ages_in_days]
    (finding,) = judge_freshness(
        {("crm", "salesforce"): moments},
        FreshnessGuard.model_validate(settings),
        now=NOW,
    )
    return finding


def test_a_source_that_misses_its_rhythm_is_stale() -> None:
    weekly = [7.0 * week for week in range(1, 8)]
    assert fresh([age - 6 for age in weekly]).verdict is Verdict.USUAL
    late = fresh([age + 20 for age in weekly])
    assert late.verdict is Verdict.STALE
    assert not late.blocks
    assert fresh([age + 20 for age in weekly], blocking=True).blocks


def test_a_fixed_limit_needs_no_history() -> None:
    assert fresh([2.0], max_hours=24).verdict is Verdict.STALE
    assert fresh([0.5], max_hours=24).verdict is Verdict.USUAL
    assert fresh([400.0]).verdict is Verdict.LEARNING
    assert fresh([]).verdict is Verdict.LEARNING
