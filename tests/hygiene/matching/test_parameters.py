"""Model files: shipped ones are sound, damaged ones are refused, order is repaired."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.errors import ReferenceDataError
from hygiene.matching.parameters import (
    LevelParameters,
    load_parameters,
    make_monotone,
    save_parameters,
    shipped_parameters,
)
from hygiene.matching.settings import MatchSettings
from hygiene.matching.specification import Entity
from hygiene.matching.specifications import specification_of
from hygiene.matching.threshold import choose_threshold

_ENTITIES = [Entity.CONTACT, Entity.ACCOUNT]


@pytest.mark.parametrize("entity", _ENTITIES)
def test_the_shipped_model_covers_every_level_in_order(entity: Entity) -> None:
    specification = specification_of(entity)
    parameters = shipped_parameters(specification)
    assert (
        parameters.version == {"contact": "contact-v1", "account": "account-v2"}[entity]
    )
    for comparison in specification.comparisons:
        levels = parameters.levels[comparison.name]
        weights = [levels[level.name].weight for level in comparison.levels]
        assert all(a > b for a, b in pairwise(weights))
        assert weights[0] > 0 > weights[-1]
        assert sum(value.m for value in levels.values()) == pytest.approx(1, abs=0.05)


def test_a_saved_model_is_read_back(tmp_path: Path) -> None:
    specification = specification_of(Entity.CONTACT)
    parameters = shipped_parameters(specification)
    save_parameters(parameters, tmp_path / "model.json")
    again = load_parameters(tmp_path / "model.json", specification)
    for name, levels in parameters.levels.items():
        for level, value in levels.items():
            assert again.levels[name][level].weight == pytest.approx(
                value.weight, abs=1e-4
            )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, "format_version"),
        ({"entity": "account"}, "another entity"),
        ({"comparisons": {}}, "no valid m and u"),
    ],
    ids=["format", "entity", "levels"],
)
def test_a_model_that_does_not_fit_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    specification = specification_of(Entity.CONTACT)
    path = tmp_path / "model.json"
    save_parameters(shipped_parameters(specification), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ReferenceDataError, match=message):
        load_parameters(path, specification)


def test_a_model_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(ReferenceDataError, match="not readable as JSON"):
        load_parameters(tmp_path / "model.json", specification_of(Entity.CONTACT))


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.floats(1e-6, 0.9), st.floats(1e-6, 0.9)), min_size=6, max_size=6
    )
)
def test_repaired_levels_are_in_order_and_apart(
    values: list[tuple[float, float]],
) -> None:
    comparison = specification_of(Entity.CONTACT).comparison("email")
    names = [level.name for level in comparison.levels]
    repaired, _ = make_monotone(
        comparison,
        {
            name: LevelParameters(m, u)
            for name, (m, u) in zip(names, values, strict=True)
        },
    )
    weights = [repaired[name].weight for name in names]
    assert all(a - b > 5e-4 for a, b in pairwise(weights))
    assert all(abs(weight) > 5e-4 for weight in weights)
    assert all(0 < value.m < 1 and 0 < value.u < 1 for value in repaired.values())


def test_the_threshold_rises_until_few_false_pairs_are_expected() -> None:
    doubtful = np.concatenate(
        [np.full(500, 0.1), np.full(500, 3.0), np.full(2000, 20.0)]
    )
    chosen = choose_threshold(doubtful, MatchSettings(), records=9000, prior=1e-4)
    assert 0.1 < chosen.auto_match_weight <= 20.0
    assert chosen.review_weight == chosen.auto_match_weight - 6.0
    certain = choose_threshold(
        np.full(100, 20.0), MatchSettings(), records=9000, prior=1e-4
    )
    assert certain.auto_match_weight == pytest.approx(math.log2(3)), "three to one"


@pytest.mark.parametrize("certain_pairs", [0, 40])
def test_where_few_pairs_are_certain_one_in_twenty_may_be_false(
    certain_pairs: int,
) -> None:
    names_and_towns = np.concatenate(
        [np.full(certain_pairs, 20.0), np.full(100, 5.0), np.full(300, 3.0)]
    )
    chosen = choose_threshold(names_and_towns, MatchSettings(), records=900, prior=1e-3)
    assert 3.0 < chosen.auto_match_weight <= 5.0
    assert "limit 5%" in chosen.reason
    hopeless = choose_threshold(
        np.full(400, 3.0), MatchSettings(), records=900, prior=1e-3
    )
    assert hopeless.auto_match_weight > 3.0, "rather nothing than one in nine"


def test_the_limit_rises_only_as_far_as_most_matches_need() -> None:
    names_and_dates = np.concatenate([np.full(500, 20.0), np.full(400, 4.0)])
    chosen = choose_threshold(
        names_and_dates, MatchSettings(), records=5000, prior=1e-4
    )
    assert chosen.auto_match_weight < 4.0
    assert "limit 3%" in chosen.reason, "400 / 17 of 900 are expected to be false"
    few_doubtful = np.concatenate([np.full(5000, 20.0), np.full(200, 3.0)])
    chosen = choose_threshold(few_doubtful, MatchSettings(), records=9000, prior=1e-4)
    assert "limit 1%" in chosen.reason


def test_settings_override_the_threshold() -> None:
    chosen = choose_threshold(
        np.array([1.0]),
        MatchSettings(auto_match_weight=7.5, review_weight=2.0),
        records=2,
        prior=0.5,
    )
    assert (chosen.auto_match_weight, chosen.review_weight, chosen.rule) == (
        7.5,
        2.0,
        "settings",
    )


def test_no_pairs_at_all_is_a_valid_run() -> None:
    chosen = choose_threshold(np.zeros(0), MatchSettings(), records=1, prior=0.5)
    assert chosen.auto_match_weight == pytest.approx(math.log2(3))


def test_a_kept_model_that_is_too_old_for_a_level_is_completed(tmp_path: Path) -> None:
    specification = specification_of(Entity.ACCOUNT)
    shipped = shipped_parameters(specification)
    path = tmp_path / "model.json"
    save_parameters(shipped, path)
    older = json.loads(path.read_text())
    del older["comparisons"]["name"]["contained"]
    path.write_text(json.dumps(older))
    known = load_parameters(path, specification, complete_from=shipped)
    assert known.levels["name"]["contained"] == shipped.levels["name"]["contained"]
    with pytest.raises(ReferenceDataError, match=r"name\.contained"):
        load_parameters(path, specification)


def test_a_share_of_nearly_one_survives_saving(tmp_path: Path) -> None:
    """Rounded up to one it would make the next run refuse its own model."""
    specification = specification_of(Entity.CONTACT)
    shipped = shipped_parameters(specification)
    phone = {
        "exact": LevelParameters(1e-7, 1e-8),
        "otherwise": LevelParameters(1 - 1e-9, 1 - 1e-8),
    }
    model = replace(shipped, levels={**shipped.levels, "phone": phone})
    save_parameters(model, tmp_path / "model.json")
    read = load_parameters(tmp_path / "model.json", specification)
    assert read.levels["phone"]["otherwise"].m == pytest.approx(1 - 1e-9)
    assert read.levels["phone"]["otherwise"].m < 1
