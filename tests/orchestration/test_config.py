"""tidycrm.yml: every mistake is told at once, with its place and its fix."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.config import (
    Config,
    connector_config,
    json_schema,
    load_config,
    parse_config,
)
from orchestration.errors import ConfigError

MINIMAL = """
version: 1
sources:
  - name: sf
    type: salesforce_files
    path: exports/sf
"""


def parse(text: str, tmp_path: Path, **environment: str) -> Config:
    return parse_config(text, path=tmp_path / "tidycrm.yml", environment=environment)


def problems(text: str, tmp_path: Path, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, tmp_path, **environment)
    return [str(problem) for problem in caught.value.problems]


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = parse(MINIMAL, tmp_path)
    assert str(config.sources[0].path) == str(tmp_path / "exports/sf")  # type: ignore[union-attr]


def test_five_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = """
version: 1
sources:
  - name: sf
    type: salesforce_files
    path: a
    colour: red
  - name: sf2
    type: sapforce
    path: b
metrics:
  reporting_currency: euro
  timezone: Mars/Olympus
schedule:
  cron: every now and then
"""
    found = problems(text, tmp_path)
    assert len(found) == 5
    assert any("colour" in line and "line 7" in line for line in found)
    assert any("sources[1]" in line and "salesforce_files" in line for line in found)
    assert any("'euro' is not an ISO 4217 currency" in line for line in found)
    assert any("Mars/Olympus" in line and "Europe/Berlin" in line for line in found)
    assert any("schedule.cron" in line for line in found)


def test_a_list_whose_only_entry_is_wrong_is_not_called_empty(tmp_path: Path) -> None:
    text = """
version: 1
sources:
  - name: sheet
    type: spreadsheet
    tables: [{path: a.csv, object: contacts, columns: {colour: Colour}}]
"""
    (found,) = problems(text, tmp_path)
    assert "colour: no such column of contacts" in found


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    text = MINIMAL + "  - {name: sf, type: hubspot_files, path: hs}\n"
    (found,) = problems(text, tmp_path)
    assert "sf" in found
    assert "more than one source" in found


def test_two_orgs_of_one_vendor_are_accepted(tmp_path: Path) -> None:
    text = MINIMAL + "  - {name: sf_us, type: salesforce_files, path: us}\n"
    assert [source.name for source in parse(text, tmp_path).sources] == ["sf", "sf_us"]


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    (found,) = problems(MINIMAL + "version: 1\n", tmp_path)
    assert "version" in found
    assert "twice" in found


def test_references_are_read_from_the_environment(tmp_path: Path) -> None:
    text = MINIMAL.replace("exports/sf", "${SF_EXPORTS}/sf")
    config = parse(text, tmp_path, SF_EXPORTS="/srv/exports")
    assert str(config.sources[0].path) == "/srv/exports/sf"  # type: ignore[union-attr]


def test_an_unset_reference_is_a_mistake_with_its_name(tmp_path: Path) -> None:
    (found,) = problems(MINIMAL.replace("exports/sf", "${SF_EXPORTS}/sf"), tmp_path)
    assert "SF_EXPORTS" in found


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "just words"], ids=repr)
def test_a_file_that_is_no_mapping_is_refused(text: str, tmp_path: Path) -> None:
    (found,) = problems(text, tmp_path)
    assert "sources" in found


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    (found,) = problems("version: 1\nsources: [\n", tmp_path)
    assert "YAML" in found
    assert "line" in found


def test_a_missing_file_points_to_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tidycrm init"):
        load_config(tmp_path / "absent.yml", {})


def test_fingerprint_ignores_what_cannot_change_a_row(tmp_path: Path) -> None:
    base = parse(MINIMAL, tmp_path).fingerprint()
    scheduled = MINIMAL + "schedule: {cron: '1 1 * * *'}\n"
    other_currency = MINIMAL + "metrics: {reporting_currency: USD}\n"
    assert parse(scheduled, tmp_path).fingerprint() == base
    assert parse(other_currency, tmp_path).fingerprint() != base


def test_shipped_template_is_valid(tmp_path: Path) -> None:
    template = Path("orchestration/tidycrm_template.yml").resolve()
    text = template.read_text(encoding="utf-8")
    assert parse(text, tmp_path).sources[0].name == "salesforce"


def test_json_schema_describes_every_source_type() -> None:
    text = str(json_schema())
    for kind in ("salesforce_files", "hubspot_files", "spreadsheet"):
        assert kind in text


def test_how_a_source_is_operated_changes_nothing_that_lands(tmp_path: Path) -> None:
    plain = parse(MINIMAL, tmp_path)
    operated = parse(
        MINIMAL + "    max_staleness: 3d\n    schedule: '0 * * * *'\n    owner: ops\n",
        tmp_path,
    )
    assert operated.sources[0].tolerance == timedelta(days=3)
    assert operated.fingerprint() == plain.fingerprint()
    first, second = (connector_config(each.sources[0]) for each in (plain, operated))
    assert first == second
    assert first.settings_fingerprint(1) == second.settings_fingerprint(1)


def test_files_have_no_tolerance_and_live_services_a_day(tmp_path: Path) -> None:
    text = MINIMAL + "  - {name: hs, type: hubspot_api, access_token: abcdefgh}\n"
    config = parse(text, tmp_path)
    assert [each.tolerance for each in config.sources] == [
        timedelta(),
        timedelta(hours=24),
    ]


@pytest.mark.parametrize("value", ["soon", "-1h", "24", "24 hours"])
def test_a_length_of_time_needs_a_number_and_a_unit(tmp_path: Path, value: str) -> None:
    (found,) = problems(MINIMAL + f"    max_staleness: {value!r}\n", tmp_path)
    assert "max_staleness" in found
    assert "such as 24h" in found


def test_mistakes_in_channels_and_secrets_are_told_in_their_own_words(
    tmp_path: Path,
) -> None:
    text = MINIMAL + (
        "publish:\n"
        "  masked: {salt: '${SALT}'}\n"
        "alerts:\n"
        "  channels:\n"
        "    - {type: email, host: h, sender: a@example.com, to: [b@example.com],\n"
        "       port: many}\n"
        "    - {type: discord, url: x}\n"
        "    - type: slack\n"
        "      webhook_url: ${HOOK}\n"
    )
    # Short or unset: each is told once, and no secret is shown.
    assert problems(text, tmp_path, SALT="s3cret") == [
        "alerts.channels[2].webhook_url (line 15): refers to the environment variable "
        "HOOK, which is not set",
        "publish.masked.salt (line 8): is too short; at least 16 characters are expected",
        "alerts.channels[0].port (line 12): Input should be a valid integer, unable to "
        "parse string as an integer",
        "alerts.channels[1] (line 13): `type` 'discord' is unknown; it is one of slack, "
        "teams, email, webhook",
    ]
    assert not any("16" in each for each in problems(text, tmp_path))
