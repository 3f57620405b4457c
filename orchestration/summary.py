"""What a sync achieved, in the words of a RevOps person.

Every number is read from the published file itself, so the summary cannot say more
than an analyst can find there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from hygiene.quality.scorecard import overall_score

_RECORDS = """
select
    (select count(*) from bridge_contact_source_records) as contact_records,
    (select count(*) from bridge_account_source_records) as account_records,
    (select count(*) from quarantined_records) as quarantined,
    (select count(*) from dim_contacts) as golden_contacts,
    (select count(*) from dim_accounts) as golden_accounts,
    (select count(*) from dim_customers where is_customer) as customers,
    (select count(*) from fct_opportunities) as opportunities,
    (select count(*) from bridge_opportunity_source_records) as opportunity_records
"""

_REVENUE = """
select
    coalesce(sum(amount_reporting), 0) as revenue_in,
    coalesce(sum(amount_reporting) filter (where is_counted), 0) as revenue_counted,
    count(*) filter (where amount_reporting is null) as without_rate
from fct_revenue_events
"""

_EXCLUDED = """
select exclusion_reason, count(*), coalesce(sum(amount_reporting), 0)
from fct_revenue_events
where not is_counted
group by 1
order by 1
"""

_CHECKS = """
select
    count(*) filter (where success),
    count(*) filter (where not success and severity = 'error'),
    count(*) filter (where not success and severity <> 'error')
from data_quality_results
"""


_SCORES = """
select * from data_quality_scorecard
where run_id = (select any_value(run_id) from publication)
"""


@dataclass(frozen=True, slots=True)
class ExcludedRevenue:
    """Revenue that came in and is not counted, with the reason."""

    reason: str
    events: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Summary:
    """The closing numbers of one publication; amounts in the reporting currency."""

    run_id: str
    as_of: str
    contact_records: int
    account_records: int
    quarantined: int
    golden_contacts: int
    golden_accounts: int
    customers: int
    opportunities: int
    opportunity_records: int
    revenue_in: Decimal
    revenue_counted: Decimal
    revenue_excluded: tuple[ExcludedRevenue, ...]
    events_without_rate: int
    checks_passed: int
    checks_failed: int
    checks_warned: int
    quality_score: float | None = None
    """Overall data quality, 0 to 100."""

    @property
    def records_in(self) -> int:
        """Contact and account records of all sources, quarantined ones included."""
        return self.contact_records + self.account_records + self.quarantined

    @property
    def duplicates_merged(self) -> int:
        """Records that joined another one in a golden record."""
        return (
            self.contact_records
            - self.golden_contacts
            + self.account_records
            - self.golden_accounts
        )

    def as_dict(self) -> dict[str, Any]:
        """All numbers, for `--json`; amounts as text, so that no cent is lost."""
        values = asdict(self)
        values["records_in"] = self.records_in
        values["duplicates_merged"] = self.duplicates_merged
        values["revenue_in"] = str(self.revenue_in)
        values["revenue_counted"] = str(self.revenue_counted)
        for item in values["revenue_excluded"]:
            item["amount"] = str(item["amount"])
        return values


def read_summary(published: Path) -> Summary:
    """Read the closing numbers from a published file."""
    with duckdb.connect(str(published), read_only=True) as reader:
        records = reader.execute(_RECORDS).fetchall()[0]
        revenue = reader.execute(_REVENUE).fetchall()[0]
        excluded = reader.execute(_EXCLUDED).fetchall()
        checks = reader.execute(_CHECKS).fetchall()[0]
        run_id, as_of = reader.execute(
            "select any_value(run_id), any_value(as_of_date)::varchar from publication"
        ).fetchall()[0]
        score = overall_score(reader.execute(_SCORES).pl()) if _scored(reader) else None
    names = (
        "contact_records",
        "account_records",
        "quarantined",
        "golden_contacts",
        "golden_accounts",
        "customers",
        "opportunities",
        "opportunity_records",
    )
    return Summary(
        run_id=run_id,
        as_of=as_of,
        **dict(zip(names, records, strict=True)),
        revenue_in=revenue[0],
        revenue_counted=revenue[1],
        revenue_excluded=tuple(ExcludedRevenue(*row) for row in excluded),
        events_without_rate=revenue[2],
        checks_passed=checks[0],
        checks_failed=checks[1],
        checks_warned=checks[2],
        quality_score=score,
    )


def _scored(reader: duckdb.DuckDBPyConnection) -> bool:
    """Whether the file was published by a version that scores quality."""
    found = reader.execute(
        "select 1 from duckdb_tables() where table_name = 'data_quality_scorecard'"
    ).fetchone()
    return found is not None
