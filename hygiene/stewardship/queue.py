"""The review queue: pairs that a person should look at, by the money at stake.

One pair stands for two golden records: the likeliest of all that are doubtful between
them, because one ruling joins them or keeps them apart.

What belongs here: which pairs are doubtful and in which order. What does not: the files
that a steward fills in (`sheets.py`) and money itself, which callers hand in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import polars as pl

from hygiene.matching import MatchSettings
from hygiene.matching.explaining import explain_pairs
from hygiene.parquet_exchange import open_connection, quote_identifier, register_parquet
from hygiene.stewardship.fingerprints import load_fingerprints
from hygiene.stewardship.rulings import RulingBook
from hygiene.stewardship.wording import arguments


class Doubt(StrEnum):
    """Why a pair is in the queue."""

    REVIEW = "between the thresholds"
    CLUSTER = "joined only through others"
    LAPSED = "ruled before, data has changed"
    SUSPECTED = "a duplicate rule of the CRM suspects it"


SHOWN: dict[str, tuple[tuple[str, str], ...]] = {
    "contact": (
        ("name", "coalesce(full_name_std, full_name)"),
        ("email", "coalesce(email_std, email)"),
        ("phone", "coalesce(phone_e164, phone)"),
        ("mobile", "coalesce(mobile_phone_e164, mobile_phone)"),
        ("company", "coalesce(company_name_std, company_name)"),
        ("job title", "coalesce(job_title_std, job_title)"),
        ("street", "coalesce(street_std, street)"),
        ("city", "coalesce(city_std, city)"),
        ("postcode", "coalesce(postal_code_std, postal_code)"),
        ("country", "coalesce(country_code, country)"),
        ("birth date", "birth_date"),
        ("owner", "owner_name"),
        ("created", "created_at"),
    ),
    "account": (
        ("name", "coalesce(account_name_std, account_name)"),
        ("domain", "coalesce(domain_std, domain)"),
        ("phone", "coalesce(phone_e164, phone)"),
        ("street", "coalesce(street_std, street)"),
        ("city", "coalesce(city_std, city)"),
        ("postcode", "coalesce(postal_code_std, postal_code)"),
        ("country", "coalesce(country_code, country)"),
        ("industry", "industry"),
        ("parent", "parent_source_record_key"),
        ("owner", "owner_name"),
        ("created", "created_at"),
    ),
}
"""What a steward sees of a record: heading, and SQL over the standardised columns."""

_COLUMNS = {
    "contact": [
        "full_name_std",
        "full_name",
        "email_std",
        "email",
        "phone_e164",
        "phone",
        "mobile_phone_e164",
        "mobile_phone",
        "company_name_std",
        "company_name",
        "job_title_std",
        "job_title",
        "street_std",
        "street",
        "city_std",
        "city",
        "postal_code_std",
        "postal_code",
        "country_code",
        "country",
        "birth_date",
        "owner_name",
        "created_at",
        "is_deleted",
    ],
    "account": [
        "account_name_std",
        "account_name",
        "domain_std",
        "domain",
        "phone_e164",
        "phone",
        "street_std",
        "street",
        "city_std",
        "city",
        "postal_code_std",
        "postal_code",
        "country_code",
        "country",
        "industry",
        "parent_source_record_key",
        "owner_name",
        "created_at",
        "is_deleted",
    ],
}

_QUEUE = """
CREATE TABLE queue AS
WITH doubtful AS (
    SELECT source_record_key_l, source_record_key_r, match_weight,
        CASE decided_by WHEN 'crm_duplicate' THEN 0 ELSE 1 END AS kind
    FROM edges_file WHERE decision = 'review'
    UNION ALL
    SELECT source_record_key_l, source_record_key_r, match_weight, 2 AS kind
    FROM edges_file
    INNER JOIN clusters_file
        ON edges_file.source_record_key_l = clusters_file.source_record_key
    WHERE decision = 'auto_match' AND decided_by = 'model' AND match_weight < 0
    QUALIFY row_number() OVER (
        PARTITION BY {golden} ORDER BY match_weight, source_record_key_l,
        source_record_key_r
    ) = 1
    UNION ALL
    SELECT source_record_key_l, source_record_key_r, NULL, 3 AS kind
    FROM rulings WHERE status = 'lapsed'
), pairs AS (
    SELECT source_record_key_l, source_record_key_r,
        max(match_weight) AS match_weight, max(kind) AS kind
    FROM doubtful
    ANTI JOIN (SELECT * FROM rulings WHERE status IN ('in_force', 'unsure')) AS settled
        USING (source_record_key_l, source_record_key_r)
    GROUP BY ALL
)
SELECT
    pairs.source_record_key_l, pairs.source_record_key_r, pairs.kind,
    coalesce(edges_file.match_weight, pairs.match_weight) AS match_weight,
    edges_file.match_probability,
    l.{golden} AS golden_id_l, r.{golden} AS golden_id_r,
    coalesce(money_l.amount, 0)
        + CASE WHEN l.{golden} = r.{golden} THEN 0 ELSE coalesce(money_r.amount, 0) END
        AS money
FROM pairs
INNER JOIN clusters_file AS l ON pairs.source_record_key_l = l.source_record_key
INNER JOIN clusters_file AS r ON pairs.source_record_key_r = r.source_record_key
LEFT JOIN edges_file ON pairs.source_record_key_l = edges_file.source_record_key_l
    AND pairs.source_record_key_r = edges_file.source_record_key_r
LEFT JOIN money AS money_l ON l.{golden} = money_l.golden_id
LEFT JOIN money AS money_r ON r.{golden} = money_r.golden_id
QUALIFY row_number() OVER (
    PARTITION BY least(l.{golden}, r.{golden}), greatest(l.{golden}, r.{golden}),
    greatest(kind, 1)
    ORDER BY pairs.match_weight DESC NULLS LAST, pairs.source_record_key_l,
    pairs.source_record_key_r
) = 1 OR kind = 3
"""


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """Doubtful pairs of one entity, the most valuable first.

    Attributes:
        entity: contact or account.
        pairs: One row per pair, as `SHEET_COLUMNS` and the record columns say.
        waiting: Doubtful pairs in all; `pairs` may hold fewer.
    """

    entity: str
    pairs: pl.DataFrame
    waiting: int


def build_queue(
    standardised: Path,
    edges: Path,
    clusters: Path,
    rulings_status: pl.DataFrame,
    money: pl.DataFrame,
    *,
    entity: Literal["contact", "account"],
    settings: MatchSettings,
    model_dir: Path | None,
    limit: int,
    scratch: Path,
) -> ReviewQueue:
    """Find the pairs that a person should look at.

    Args:
        standardised: Parquet of standardised records.
        edges: Parquet of decided edges.
        clusters: Parquet with the golden id of each record.
        rulings_status: Rulings with their status, as `put_rulings_in_force` writes.
        money: Columns golden_id and amount: what a golden record is worth.
        entity: contact or account.
        settings: How the run matched.
        model_dir: Folder of the kept model.
        limit: Most pairs to give.
        scratch: Folder for temporary files.

    Returns:
        The queue, by money, then the likeliest first, then by key.

    Raises:
        InputError: If a file is missing or malformed.
    """
    task = f"Building the review queue of {entity}s"
    golden = f"golden_{entity}_id"
    with open_connection(scratch) as connection:
        register_parquet(
            connection,
            "edges_file",
            edges,
            required=["source_record_key_l", "source_record_key_r", "decision"],
            task=task,
        )
        register_parquet(
            connection, "clusters_file", clusters, required=[golden], task=task
        )
        connection.register("rulings", rulings_status)
        connection.register("money", money)
        connection.execute(_QUEUE.format(golden=quote_identifier(golden)))
        waiting = connection.execute("SELECT count(*) FROM queue").fetchall()[0][0]
        load_fingerprints(connection, standardised, entity, task=task)
        columns = [
            str(row[0])
            for row in connection.execute("DESCRIBE records_file").fetchall()
        ]
        connection.execute(_records_sql(entity, columns))
        shown = [name for name, _ in SHOWN[entity]]
        sides = ", ".join(
            f"{side}.{quote_identifier(name)} AS {quote_identifier(f'{name} {mark}')}"
            for name in [*shown, "source", "deleted"]
            for side, mark in (("l", "A"), ("r", "B"))
        )
        found = connection.sql(
            f"SELECT queue.*, {sides}, "
            "l.fingerprint AS fingerprint_l, r.fingerprint AS fingerprint_r FROM queue "
            "INNER JOIN records AS l ON source_record_key_l = l.source_record_key "
            "INNER JOIN records AS r ON source_record_key_r = r.source_record_key "
            "ORDER BY money DESC, match_weight DESC NULLS LAST, source_record_key_l, "
            f"source_record_key_r LIMIT {int(limit)}"
        ).pl()
    keys = list(found.select("source_record_key_l", "source_record_key_r").iter_rows())
    explained = (
        explain_pairs(
            standardised,
            edges,
            keys,
            entity=entity,
            settings=settings,
            model_dir=model_dir,
            scratch=scratch,
        )
        if keys
        else []
    )
    words = [arguments(item) for item in explained]
    held = [
        f"not merged by weight alone: {', '.join(item.doubts)}" if item.doubts else ""
        for item in explained
    ]
    kinds = {0: Doubt.SUSPECTED, 1: Doubt.REVIEW, 2: Doubt.CLUSTER, 3: Doubt.LAPSED}
    pairs = found.with_columns(
        pl.Series("speaks_for", [one for one, _ in words], pl.String),
        pl.Series(
            "speaks_against",
            [
                "; ".join(part for part in (other, doubt) if part)
                for (_, other), doubt in zip(words, held, strict=True)
            ],
            pl.String,
        ),
        pl.col("kind").replace_strict(
            {number: kind.value for number, kind in kinds.items()},
            return_dtype=pl.String,
        ),
        pl.Series(
            "match_weight",
            [
                item.total if weight is None else weight
                for item, weight in zip(explained, found["match_weight"], strict=True)
            ],
            pl.Float64,
        ),
    )
    return ReviewQueue(entity, pairs, int(waiting))


def queue_status(book: Path, status: Path) -> pl.DataFrame:
    """Read the status of rulings, if a run wrote one; a book without a run counts too.

    Args:
        book: The book of rulings.
        status: What `put_rulings_in_force` wrote last.

    Returns:
        Pair, status and when: the book's newest rulings are in force until a run says
        otherwise.
    """
    newest = (
        RulingBook(book)
        .read()
        .sort("place")
        .unique(["source_record_key_l", "source_record_key_r"], keep="last")
        .with_columns(
            pl.when(pl.col("ruling").is_in(["unsure", "withdrawn"]))
            .then(pl.col("ruling"))
            .otherwise(pl.lit("in_force"))
            .alias("status")
        )
    )
    columns = ["source_record_key_l", "source_record_key_r", "ruled_at", "line"]
    if not status.is_file():
        return newest.select(*columns, "status").sort(columns)
    judged = pl.read_parquet(status).select(*columns, pl.col("status").alias("judged"))
    return (
        newest.select(*columns, "status")
        .join(judged, on=columns, how="left")
        .with_columns(pl.coalesce("judged", "status").alias("status"))
        .drop("judged")
        .sort(columns)
    )


def _records_sql(entity: str, columns: list[str]) -> str:
    absent = [
        f"CAST(NULL AS VARCHAR) AS {quote_identifier(name)}"
        for name in [*_COLUMNS[entity], "source_name", "source_object"]
        if name not in columns
    ]
    shown = ", ".join(
        f"CAST({source} AS VARCHAR) AS {quote_identifier(name)}"
        for name, source in SHOWN[entity]
    )
    return (
        "CREATE TABLE records AS SELECT source_record_key, fingerprint, "
        f"{shown}, concat_ws(' ', source_name, source_object) AS source, "
        "CASE WHEN coalesce(is_deleted::BOOLEAN, false) THEN 'deleted' END AS deleted "
        f"FROM (SELECT {', '.join(['records_file.*', *absent])} FROM records_file) "
        "INNER JOIN fingerprints USING (source_record_key) "
        "WHERE source_record_key IN (SELECT source_record_key_l FROM queue "
        "UNION SELECT source_record_key_r FROM queue)"
    )
