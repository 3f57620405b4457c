"""Plain Splink on a standardised table: the baseline that the pipeline is held against.

What a capable person writes in an afternoon with Splink's own library: its comparisons,
six blocking rules, EM, a threshold of 0.95 and connected components. No guard of ours.

    python -m benchmarks.raw_splink data/stages/standardised_contacts.parquet
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

COLUMNS = (
    "source_record_key, given_name_match, family_name_match, email_match, phone_e164, "
    "company_name_match, postal_code_std"
)


def link(standardised: Path) -> dict[str, object]:
    """Block, train, predict and cluster; seconds per stage and sizes."""
    seconds: dict[str, float] = {}
    connection = duckdb.connect()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="source_record_key",
        comparisons=[
            cl.JaroWinklerAtThresholds("given_name_match", [0.92, 0.8]),
            cl.JaroWinklerAtThresholds("family_name_match", [0.92, 0.8]).configure(
                term_frequency_adjustments=True
            ),
            cl.ExactMatch("email_match").configure(term_frequency_adjustments=True),
            cl.ExactMatch("phone_e164").configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("company_name_match", [0.92]),
            cl.ExactMatch("postal_code_std"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("email_match"),
            block_on("given_name_match", "family_name_match"),
            block_on("family_name_match", "company_name_match"),
            block_on("given_name_match", "company_name_match"),
            block_on("phone_e164", "family_name_match"),
            block_on("family_name_match", "postal_code_std"),
        ],
    )

    def timed(name: str, began: float) -> None:
        seconds[name] = round(time.monotonic() - began, 2)

    began, cpu = time.monotonic(), time.process_time()
    connection.execute(
        f"create table records as select {COLUMNS} "
        f"from read_parquet('{standardised.as_posix()}')"
    )
    api = DuckDBAPI(connection)
    linker = Linker(api.register("records"), settings)
    timed("read", began)
    began = time.monotonic()
    linker.training.estimate_probability_two_random_records_match(
        [block_on("email_match")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(
        block_on("email_match")
    )
    linker.training.estimate_parameters_using_expectation_maximisation(
        block_on("given_name_match", "family_name_match")
    )
    timed("train", began)
    began = time.monotonic()
    predictions = linker.inference.predict(threshold_match_probability=0.01)
    pairs = connection.sql(
        f"select count(*) from {predictions.physical_name}"
    ).fetchall()[0][0]
    timed("predict", began)
    began = time.monotonic()
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predictions, threshold_match_probability=0.95
    )
    count = connection.sql(
        f"select count(distinct cluster_id) from {clusters.physical_name}"
    ).fetchall()[0][0]
    timed("cluster", began)
    return {
        "seconds": seconds,
        "total_seconds": round(sum(seconds.values()), 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "pairs": pairs,
        "clusters": count,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("standardised", type=Path)
    arguments = parser.parse_args()
    print(json.dumps(link(arguments.standardised)))


if __name__ == "__main__":
    main()
