"""Plain Splink on a table of contacts: the baseline that the pipeline is held against.

What a capable person writes in an afternoon with Splink's own library: values normalised
with a few expressions, Splink's comparisons, seven blocking rules, EM, a threshold of 0.95
and connected components. No guard of ours. Addresses that more than fifty records share are
placeholders, and frequent first parts of addresses are kept out of blocking: without that
the seventh rule alone makes tens of millions of pairs.

    python -m benchmarks.raw_splink data/stages/standardised_contacts.parquet

`--standardised` starts from the columns that tidycrm standardised and leaves out the rule on
parts of addresses: what matching alone costs plain Splink, on half as many pairs.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.blocking_analysis import count_comparisons_from_blocking_rules

MOST_HOLDERS = 50
"""Records with one address, or first part of one, above which it says nothing."""

STANDARDISED = """
    create table records as
    select source_record_key, given_name_match, family_name_match, email_match, phone_e164,
        company_name_match, postal_code_std
    from read_parquet(?)
"""

NORMALISED = f"""
    create table records as
    with normalised as (
        select
            source_record_key,
            nullif(trim(regexp_replace(lower(strip_accents(
                coalesce(first_name, split_part(trim(full_name), ' ', 1))
            )), '[^a-z ]', '', 'g')), '') as given_name_match,
            nullif(trim(regexp_replace(lower(strip_accents(
                coalesce(last_name, regexp_extract(trim(full_name), '\\S+$'))
            )), '[^a-z ]', '', 'g')), '') as family_name_match,
            case when email like '%_@_%._%' then lower(trim(email)) end as email_match,
            nullif(right(regexp_replace(
                coalesce(phone, mobile_phone), '[^0-9]', '', 'g'
            ), 9), '') as phone_e164,
            nullif(trim(regexp_replace(regexp_replace(
                lower(strip_accents(company_name)), '[^a-z0-9 ]', '', 'g'
            ), '\\b(the|inc|incorporated|corp|llc|ltd|limited|gmbh|ag|bv|spa|sa|plc|co)\\b',
            '', 'g')), '') as company_name_match,
            nullif(upper(regexp_replace(postal_code, '[^0-9A-Za-z]', '', 'g')), '')
                as postal_code_std
        from read_parquet(?)
    ),
    parts as (
        select *, split_part(split_part(email_match, '@', 1), '+', 1) as part from normalised
    )
    select
        * exclude (part) replace (
            case when count(*) over (partition by email_match) <= {MOST_HOLDERS}
                then email_match end as email_match
        ),
        case when count(*) over (partition by part) <= {MOST_HOLDERS} then part end
            as email_part
    from parts
"""


def link(table: Path, *, standardised: bool = False) -> dict[str, object]:
    """Normalise, block, train, predict and cluster; seconds per stage and sizes.

    Args:
        table: Standardised contacts, which still have the columns as they came.
        standardised: Start from the standardised columns, without the seventh rule.
    """
    seconds: dict[str, float] = {}
    connection = duckdb.connect()
    rules = [
        block_on("email_match"),
        block_on("given_name_match", "family_name_match"),
        block_on("family_name_match", "company_name_match"),
        block_on("given_name_match", "company_name_match"),
        block_on("phone_e164", "family_name_match"),
        block_on("family_name_match", "postal_code_std"),
        *([] if standardised else [block_on("email_part")]),
    ]
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
        blocking_rules_to_generate_predictions=[*rules],
    )

    def timed(name: str, began: float) -> None:
        seconds[name] = round(time.monotonic() - began, 2)

    began, cpu = time.monotonic(), time.process_time()
    connection.execute(STANDARDISED if standardised else NORMALISED, [table.as_posix()])
    api = DuckDBAPI(connection)
    records = api.register("records")
    linker = Linker(records, settings)
    timed("read" if standardised else "normalise", began)
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
    cpu_seconds = round(time.process_time() - cpu, 2)
    scored = count_comparisons_from_blocking_rules(
        records,
        blocking_rules=rules,
        link_type="dedupe_only",
        unique_id_column_name="source_record_key",
        record_sample_proportion=1.0,
    )[-1]["cumulative_comparison_count"]
    return {
        "seconds": seconds,
        "total_seconds": round(sum(seconds.values()), 2),
        "cpu_seconds": cpu_seconds,
        "scored_pairs": scored,
        "pairs": pairs,
        "clusters": count,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--standardised", action="store_true")
    arguments = parser.parse_args()
    print(json.dumps(link(arguments.table, standardised=arguments.standardised)))


if __name__ == "__main__":
    main()
