"""Settings of matching, as a user writes them under `matching:` in tidycrm.yml.

What belongs here: every number that carries policy, with its meaning and its default.
What does not: model parameters, which are learned and live in a model file.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Training(StrEnum):
    """When the model's parameters are learned from the user's own records."""

    WHEN_ABSENT = "when_absent"
    NEVER = "never"
    ALWAYS = "always"


class Engine(StrEnum):
    """Which backend of Splink compares the pairs."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class SparkSettings(BaseModel):
    """Where Spark runs, for `engine: spark`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    master: Annotated[
        str | None,
        Field(
            description="Spark's master, such as local[4], yarn or spark://host:7077; "
            "none: what the environment of the cluster says."
        ),
    ] = "local[*]"
    options: Annotated[
        Mapping[str, str],
        Field(description="Further settings of the session, by Spark's own names."),
    ] = {}
    exchange: Annotated[
        Path | None,
        Field(
            description="Folder for tables on their way to and from Spark; every worker "
            "must see it under this path. None: beside the results, for local masters."
        ),
    ] = None


class MatchSettings(BaseModel):
    """How records are matched; the defaults need no change for a usual CRM.

    Example:
        >>> MatchSettings(max_block_size=80).max_block_size
        80
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_dir: Annotated[
        Path | None,
        Field(description="Folder of trained models; none: only the shipped model."),
    ] = None
    training: Annotated[
        Training,
        Field(
            description="when_absent: learn once and keep the model file; never: use "
            "the shipped or kept model; always: learn in every run."
        ),
    ] = Training.WHEN_ABSENT
    min_training_records: Annotated[
        int,
        Field(ge=100, description="Fewer records than this use the shipped model."),
    ] = 500
    auto_match_weight: Annotated[
        float | None,
        Field(
            description="Match weight (log2 odds) from which records are merged; "
            "none: derived from the data in every run."
        ),
    ] = None
    review_weight: Annotated[
        float | None,
        Field(
            description="Match weight from which a pair goes to review; none: "
            "review_margin below the merge threshold."
        ),
    ] = None
    review_margin: Annotated[
        float,
        Field(ge=0, description="Width of the review zone in match weight."),
    ] = 6.0
    kept_margin: Annotated[
        float,
        Field(
            ge=0,
            description="Scored pairs further below the review zone than this are "
            "counted but not written to the edges.",
        ),
    ] = 4.0
    max_block_size: Annotated[
        int,
        Field(ge=2, description="A blocking key with more records is left out."),
    ] = 50
    max_names_per_email: Annotated[
        int,
        Field(ge=1, description="A mailbox used by more names is no evidence."),
    ] = 4
    max_names_per_phone: Annotated[
        int,
        Field(
            ge=1,
            description="A phone used by more names, or by more premises of an "
            "organisation, is no evidence.",
        ),
    ] = 3
    max_names_per_domain: Annotated[
        int,
        Field(ge=1, description="A web domain used by more names is no evidence."),
    ] = 5
    max_names_per_identifier: Annotated[
        int,
        Field(ge=1, description="An id used by more names is no evidence."),
    ] = 4
    max_mailboxes_per_name: Annotated[
        int,
        Field(
            ge=1,
            description="A name used with more role mailboxes (Front Desk, Accounts) "
            "is not a person's.",
        ),
    ] = 3
    exclude_test_records: Annotated[
        bool,
        Field(description="Leave test records alone: no pair is formed with them."),
    ] = True
    max_test_share: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="If more records than this share look like tests, or more of those "
            "with an address, the table is a sandbox or a masked copy, and they are matched.",
        ),
    ] = 1 / 3
    max_component_size: Annotated[
        int,
        Field(
            ge=10,
            description="Larger groups of loosely connected records are first split "
            "at higher thresholds, before every pair inside is scored.",
        ),
    ] = 200
    engine: Annotated[
        Engine,
        Field(
            description="duckdb: this machine; spark: Splink's Spark backend compares "
            "the pairs, with the same result (extra `spark`, Java 17)."
        ),
    ] = Engine.DUCKDB
    spark: Annotated[SparkSettings, Field(description="Where Spark runs.")] = (
        SparkSettings()
    )
    seed: Annotated[int, Field(description="Seed of every sample.")] = 1
    threads: Annotated[
        int | None, Field(ge=1, description="Threads of the engine; none: all.")
    ] = None
    memory_limit: Annotated[
        str | None,
        Field(description="Memory of the engine, for example 8GB; none: its default."),
    ] = None
