"""The weights are Splink's own: the same pairs, scored by its `predict`."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import duckdb
import pytest

from hygiene.matching.blocking import find_pairs
from hygiene.matching.engine import splink_settings
from hygiene.matching.features import build_features
from hygiene.matching.frequencies import frequency_table
from hygiene.matching.parameters import shipped_parameters
from hygiene.matching.settings import MatchSettings
from hygiene.matching.specification import Entity
from hygiene.matching.specifications import specification_of
from hygiene.matching.vectors import compare_pairs, weigh_sql
from tests.hygiene.matching.people import contact, crowd, write_contacts


def test_weights_equal_those_of_splinks_predict(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    people = crowd(80)
    people += [
        contact(
            record["source_record_key"].replace("crowd", "copy"),
            record["given_name_match"][:4],
            record["family_name_match"],
            email=record["email_match"],
            company=record["company_name_match"],
            city="Leeds" if number % 2 else "Lyon",
        )
        for number, record in enumerate(people[:60])
    ]
    specification = specification_of(Entity.CONTACT)
    parameters = shipped_parameters(specification)
    with duckdb.connect() as connection:
        build_features(
            connection, write_contacts(tmp_path, people), specification, MatchSettings()
        )
        find_pairs(connection, specification.blocking_rules, "pairs")
        compare_pairs(connection, specification, "pairs", "vectors")
        weighed = weigh_sql(specification, parameters, "vectors")
        connection.execute(f"CREATE TABLE ours AS {weighed}")
        api = DuckDBAPI(connection)
        linker = Linker(
            api.register("features"),
            splink_settings(specification, parameters),
            validate_settings=False,
        )
        for item in specification.frequencies:
            linker.table_management.register_term_frequency_lookup(
                api.register(frequency_table(item.column)), item.column
            )
        connection.execute(
            "CREATE TABLE blocked AS SELECT '0' AS match_key, "
            "unique_id_l AS join_key_l, unique_id_r AS join_key_r FROM pairs"
        )
        linker.table_management.register_blocked_pairs_for_predict(
            api.table_to_splink_dataframe("__splink__blocked_id_pairs", "blocked")
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = linker.inference.predict(warning_mode="never").physical_name
        total = " + ".join(f"ours.mw_{item.name}" for item in specification.comparisons)
        rows = connection.sql(
            f"SELECT {total} AS ours, match_weight AS theirs FROM ours "
            f"INNER JOIN {theirs} USING (unique_id_l, unique_id_r)"
        ).fetchall()
        (count,) = connection.sql("SELECT count(*) FROM ours").fetchall()[0]
    assert len(rows) == count > 50
    for ours, splinks in rows:
        assert ours == pytest.approx(splinks, abs=1e-4)
