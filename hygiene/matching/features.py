"""From standardised records to the feature table that is compared.

What belongs here: picking the columns, numbering the records and the order of the steps.
What does not: comparing anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from hygiene.matching.blocking import build_keys, find_hot_keys
from hygiene.matching.custom_fields import (
    choose_custom_fields,
    value_sql,
    with_custom_fields,
)
from hygiene.matching.frequencies import build_frequencies
from hygiene.matching.handles import (
    HANDLES,
    contact_features_sql,
    find_handles,
    other_script_sql,
)
from hygiene.matching.name_repair import repair_names
from hygiene.matching.name_spelling import repair_spellings
from hygiene.matching.namesakes import build_namesakes
from hygiene.matching.raw_values import (
    birth_date_sql,
    email_sql,
    generation_sql,
    phone_sql,
    short_street_sql,
    street_sql,
    without_generation_sql,
)
from hygiene.matching.report import HotKeys, SharedIdentifier
from hygiene.matching.settings import MatchSettings
from hygiene.matching.shared_identifiers import silence_role_names, silence_shared
from hygiene.matching.specification import Entity, Specification
from hygiene.matching.vectors import build_comparable
from hygiene.parquet_exchange import (
    quote_identifier,
    register_parquet,
)

_CONTACT_COLUMNS = dict.fromkeys(
    (
        "full_name",
        "full_name_std",
        "given_name_match",
        "given_name_group",
        "family_name_match",
        "middle_name_std",
        "suffix_std",
        "email",
        "email_std",
        "email_status",
        "email_match",
        "email_domain",
        "phone_e164",
        "mobile_phone_e164",
        "domain_std",
        "company_name_match",
        "street_std",
        "postal_code_std",
        "city_std",
        "birth_date",
        "job_title_std",
        "external_id",
        "phone",
        "phone_status",
        "mobile_phone",
        "mobile_phone_status",
    ),
    "VARCHAR",
) | {
    "is_role_email": "BOOLEAN",
    "is_free_email": "BOOLEAN",
    "is_test_record": "BOOLEAN",
    "birth_date_std": "DATE",
}

_CONTACT_FACTS = """
SELECT
    source_record_key,
    nullif({given}, '') AS given,
    coalesce(nullif({given_group}, ''), nullif({given}, '')) AS given_group,
    nullif({family}, '') AS family,
    lower(full_name) AS full_name,
    {other_script} AS is_other_script,
    nullif(lower(middle_name_std), '') AS middle,
    {generation} AS suffix,
    CASE WHEN NOT coalesce(is_role_email, false) THEN {email} END AS email,
    CASE WHEN NOT coalesce(is_role_email, false)
        AND coalesce(given_name_match, family_name_match, '') = ''
        THEN strip_accents(lower(split_part(email, '@', 1))) END AS mailbox,
    CASE WHEN is_role_email THEN nullif(email_match, '') END AS role_email,
    {phone} AS phone,
    {mobile_phone} AS mobile,
    coalesce(
        CASE WHEN NOT coalesce(is_free_email, false) THEN nullif(email_domain, '') END,
        nullif(domain_std, '')
    ) AS work_domain,
    nullif(company_name_match, '') AS company,
    {street} AS street,
    nullif(lower(replace(postal_code_std, ' ', '')), '') AS postcode,
    nullif(lower(city_std), '') AS city,
    {birth_date} AS birth_date,
    nullif(lower(job_title_std), '') AS title,
    nullif(external_id, '') AS identifier,
    {is_test_record} AS is_test_record,
    least(substr(given_group, 1, 1), substr(family, 1, 1))
        || greatest(substr(given_group, 1, 1), substr(family, 1, 1)) AS name_mark
    {custom}
FROM standardised
"""

_ACCOUNT_COLUMNS = dict.fromkeys(
    (
        "account_name_match",
        "domain_std",
        "phone_e164",
        "street_std",
        "postal_code_std",
        "city_std",
        "country_code",
        "parent_source_record_key",
        "external_id",
        "phone",
        "phone_status",
    ),
    "VARCHAR",
) | {"is_free_domain": "BOOLEAN", "is_test_record": "BOOLEAN"}

_ACCOUNT_FACTS = """
SELECT
    source_record_key,
    nullif(account_name_match, '') AS name,
    CASE WHEN NOT coalesce(is_free_domain, false) THEN nullif(domain_std, '') END
        AS domain,
    {phone} AS phone,
    {street} AS street,
    nullif(lower(replace(postal_code_std, ' ', '')), '') AS postcode,
    nullif(lower(city_std), '') AS city,
    nullif(upper(country_code), '') AS country,
    nullif(external_id, '') AS identifier,
    {is_test_record} AS is_test_record,
    substr(account_name_match, 1, 2) AS name_mark,
    nullif(regexp_extract({street}, '[0-9]+'), '') AS house
    {custom}
FROM standardised
"""

_NAME_WORDS = """
CREATE TEMP TABLE name_tokens AS
WITH tokens AS (
    SELECT name, unnest(list_distinct(string_split_regex(name, '[^a-z0-9]+'))) AS token
    FROM (SELECT DISTINCT name FROM facts WHERE name IS NOT NULL)
), counted AS (
    SELECT token, count(*) AS names FROM tokens WHERE token <> '' GROUP BY token
)
SELECT
    tokens.name,
    string_agg(token, ' ' ORDER BY token) AS name_sorted,
    arg_min(token, (names, -length(token), token)) AS name_rare,
    CASE WHEN count(*) > 1 THEN list_sort(list_slice(
        list(token ORDER BY names, length(token) DESC, token), 1, 2
    ))[1] || ' ' || list_sort(list_slice(
        list(token ORDER BY names, length(token) DESC, token), 1, 2
    ))[2] END AS name_rare_pair
FROM tokens INNER JOIN counted USING (token)
GROUP BY tokens.name
"""

_ACCOUNT_FEATURES = """
SELECT
    facts.*,
    name_sorted,
    name_rare,
    name_rare_pair,
    split_part(domain, '.', 1) AS domain_label,
    CASE WHEN name IS NOT NULL THEN hash(substr(name, 1, 5)) END AS name_code
FROM numbered_facts AS facts LEFT JOIN name_tokens USING (name)
"""


_FEWEST_TESTS = 50
"""A handful of tests in a handful of records says nothing about where they come from."""


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """What `build_features` made in the connection, table `features`.

    Attributes:
        records: Records in the table, keyed by `unique_id` in the order of their keys.
        test_records: Records that take no part because they are test data.
        shared: Identifiers that lost their vote.
        hot_keys: Blocking keys that were left out.
        specification: The model, with the table's custom fields.
        unused_fields: Custom fields that carry no evidence, and why.
        notes: What else a reader of the run should know.
    """

    records: int
    test_records: int
    shared: tuple[SharedIdentifier, ...]
    hot_keys: tuple[HotKeys, ...]
    specification: Specification
    unused_fields: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def build_features(
    connection: duckdb.DuckDBPyConnection,
    standardised: Path,
    specification: Specification,
    settings: MatchSettings,
) -> FeatureTable:
    """Create the table `features` from a standardised Parquet file.

    Columns that the file lacks count as missing values, so that a table with names and
    postcodes only can be matched as well.

    Args:
        connection: An open connection; gets the tables `facts` and `features`.
        standardised: The Parquet file, one row per source record.
        specification: The model of the entity, without custom fields.
        settings: Limits for shared identifiers and blocking keys.

    Returns:
        Counts of what was taken out, and the model with the table's custom fields.
    """
    is_contact = specification.entity is Entity.CONTACT
    expected = _CONTACT_COLUMNS if is_contact else _ACCOUNT_COLUMNS
    columns = register_parquet(
        connection,
        "standardised_file",
        standardised,
        required=["source_record_key"],
        task=f"Matching {specification.entity}s",
    )
    absent = [
        f"CAST(NULL AS {kind}) AS {quote_identifier(name)}"
        for name, kind in expected.items()
        if name not in columns
    ]
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW standardised AS "
        f"SELECT {', '.join(['*', *absent])} FROM standardised_file"
    )
    custom = choose_custom_fields(connection, "standardised", specification.entity)
    specification = with_custom_fields(specification, custom.used)
    facts = (_CONTACT_FACTS if is_contact else _ACCOUNT_FACTS).format(
        email=email_sql("email_match", "email", "email_status"),
        phone=phone_sql("phone_e164", "phone", "phone_status"),
        mobile_phone=phone_sql(
            "mobile_phone_e164", "mobile_phone", "mobile_phone_status"
        ),
        street=(
            street_sql("street_std")
            if is_contact
            else short_street_sql(street_sql("street_std"))
        ),
        given=without_generation_sql("given_name_match"),
        given_group=without_generation_sql("given_name_group"),
        family=without_generation_sql("family_name_match"),
        generation=generation_sql(
            "suffix_std", "family_name_match", "given_name_match"
        ),
        birth_date=birth_date_sql(connection, "standardised") if is_contact else "NULL",
        other_script=other_script_sql("full_name_std"),
        is_test_record=(
            "coalesce(is_test_record, false)"
            if settings.exclude_test_records
            else "false"
        ),
        custom="".join(
            f", {value_sql(item.column)} AS {item.name}" for item in custom.used
        ),
    )
    connection.execute(f"CREATE TEMP TABLE facts AS {facts}")
    notes = _take_back_test_records(
        connection,
        settings,
        address="email_std" if is_contact else "domain_std",
    )
    if is_contact:
        repair_names(connection)
    else:
        repair_spellings(connection)
    role_names = (
        (silence_role_names(connection, settings.max_mailboxes_per_name),)
        if is_contact
        else ()
    )
    name, premises = ("name_mark",), ("name_mark", "house")
    limits: tuple[tuple[tuple[str, ...], int, tuple[str, ...]], ...] = (
        (("email",), settings.max_names_per_email, name),
        (("phone", "mobile"), settings.max_names_per_phone, name),
        (("identifier",), settings.max_names_per_identifier, name),
    )
    if not is_contact:
        limits = (
            (("domain",), settings.max_names_per_domain, name),
            (("phone",), settings.max_names_per_phone, premises),
            (("identifier",), settings.max_names_per_identifier, name),
        )
    shared = tuple(
        report
        for alike, most, holders in limits
        for report in silence_shared(connection, alike, most, holders)
    )
    _number(connection)
    if is_contact:
        find_handles(connection, "numbered_facts")
        query = contact_features_sql("numbered_facts")
    else:
        connection.execute(_NAME_WORDS)
        query = _ACCOUNT_FEATURES
    connection.execute(f"CREATE TABLE features AS {query}")
    connection.execute("DROP VIEW numbered_facts")
    connection.execute("DROP TABLE numbers")
    connection.execute("DROP TABLE facts")
    connection.execute(f"DROP TABLE IF EXISTS {HANDLES}")
    build_keys(connection, specification.blocking_rules)
    hot_keys = find_hot_keys(
        connection, specification.blocking_rules, settings.max_block_size
    )
    build_frequencies(connection, specification.frequencies)
    build_namesakes(connection, specification.namesakes)
    build_comparable(connection, specification)
    counts = connection.execute(
        "SELECT count(*), count(*) FILTER (is_test_record) FROM features"
    ).fetchone()
    records, tests = counts if counts else (0, 0)
    return FeatureTable(
        int(records),
        int(tests),
        (*role_names, *shared),
        hot_keys,
        specification,
        custom.unused,
        notes,
    )


def _number(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `numbered_facts`: `facts` with unique_id, in the order of their keys.

    Sorting carries every column along, so the keys are numbered alone.
    """
    connection.execute(
        "CREATE TEMP TABLE numbers AS SELECT rowid AS place, "
        "(row_number() OVER (ORDER BY source_record_key, rowid) - 1)::BIGINT "
        "AS unique_id FROM facts"
    )
    connection.execute(
        "CREATE TEMP VIEW numbered_facts AS SELECT numbers.unique_id, facts.* "
        "FROM facts INNER JOIN numbers ON facts.rowid = numbers.place"
    )


def _take_back_test_records(
    connection: duckdb.DuckDBPyConnection, settings: MatchSettings, *, address: str
) -> tuple[str, ...]:
    """Match test records as well where they are too many to be exceptions.

    A sandbox, or a copy with masked addresses, looks like tests all over: leaving them
    out would leave nothing to match. Where few records have an address, those few show it.
    The warehouse decides alike (macro `is_test_record`).
    """
    if not settings.exclude_test_records:
        return ()
    counts = connection.execute(
        "SELECT count(*), count(*) FILTER (is_test_record), "
        f"count({address}), count({address}) FILTER (is_test_record) FROM standardised"
    ).fetchone()
    records, tests, addressed, masked = counts if counts else (0, 0, 0, 0)
    share = settings.max_test_share
    if tests < _FEWEST_TESTS or (
        tests <= share * records and masked <= share * addressed
    ):
        return ()
    connection.execute("UPDATE facts SET is_test_record = false")
    return (
        f"{tests:,} of {records:,} records look like tests ({masked:,} of the "
        f"{addressed:,} with an address), so this is a sandbox or a masked copy: they were "
        "matched like all others.",
    )
