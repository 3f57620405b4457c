"""What assets and checks tell of themselves in the UI."""

import re

import dagster as dg

from hygiene.quality import record_rules
from hygiene.quality.settings import QualitySettings
from orchestration.assets.record_checks import check_names
from orchestration.assets.timing import SECONDS, timed


def test_an_asset_tells_how_long_it_took() -> None:
    @dg.asset
    @timed
    def measured(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        assert context.run.run_id
        return dg.MaterializeResult(metadata={"dagster/row_count": 3})

    done = dg.materialize([measured])
    (event,) = done.asset_materializations_for_node("measured")
    assert event.metadata["dagster/row_count"].value == 3
    assert 0 <= float(str(event.metadata[SECONDS].value)) < 60


def test_checks_of_rules_have_plain_and_different_names() -> None:
    rules = record_rules(QualitySettings())
    names = check_names(rules)
    assert names["DQ-A-301"] == "contact_email_domain_is_that_of_its_account"
    assert names["DQ-K-303"] == "one_person_has_one_owner"
    assert len(set(names.values())) == len(rules)
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names.values())


def test_rules_that_say_the_same_carry_their_id() -> None:
    first = record_rules(QualitySettings())[0]
    names = check_names([first, first.model_copy(update={"id": "ours-1"})])
    assert len(set(names.values())) == 2
    assert names["ours-1"].endswith("_ours_1")
