"""Where people work, against a known truth: accounts of leads, and job changes over time.

What belongs here: the arithmetic over finished tables. What does not: finding accounts.

The truth names companies, the tables name golden accounts: a golden account stands for
the company of most of its records, so an account that mixes two companies is right for
one of them only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hygiene.parquet_exchange import open_connection, register_parquet

_TASK = "Scoring accounts of people against the truth"

_COMPANIES = """
CREATE TEMP TABLE company_of AS
SELECT golden_account_id, arg_max(company_id, (n, company_id)) AS company_id
FROM (
    SELECT golden_account_id, company_id, count(*) AS n
    FROM account_clusters INNER JOIN truth_accounts USING (source_record_key)
    GROUP BY ALL
) GROUP BY golden_account_id
"""

_JUDGED = """
CREATE TEMP TABLE judged AS
SELECT
    matches.method,
    employers.company_id IS NOT NULL AS has_employer,
    employers.company_id IN (SELECT company_id FROM company_of) AS is_findable,
    matches.golden_account_id IS NOT NULL AS is_matched,
    coalesce(company_of.company_id = employers.company_id, false) AS is_right
FROM matches
INNER JOIN truth_contacts USING (source_record_key)
LEFT JOIN truth_employers AS employers USING (source_record_key)
LEFT JOIN company_of USING (golden_account_id)
-- Shared mailboxes, test records and buyers on orders have no employer in the truth.
WHERE truth_contacts.person_id LIKE 'p%'
    AND NOT matches.source_object = 'buyers'
"""

_JOBS = """
CREATE TEMP TABLE jobs AS
WITH person_of AS (
    SELECT golden_contact_id, arg_max(person_id, (n, person_id)) AS person_id
    FROM (
        SELECT golden_contact_id, person_id, count(*) AS n
        FROM contact_clusters INNER JOIN truth_contacts USING (source_record_key)
        WHERE person_id LIKE 'p%' GROUP BY ALL
    ) GROUP BY golden_contact_id
)
SELECT
    golden_contact_id,
    bool_or(company_of.company_id = people.company_id) AS knows_now,
    bool_or(company_of.company_id = people.previous_company_id) AS knows_before,
    bool_or(is_current AND company_of.company_id = people.company_id)
        AND NOT bool_or(is_current AND company_of.company_id <> people.company_id)
        AS is_current_right,
    bool_or(is_primary AND company_of.company_id = people.company_id)
        AS is_primary_right,
    min(date_diff('day', people.job_changed_on, valid_to_date))
        FILTER (company_of.company_id = people.previous_company_id) AS days_late
FROM spells
INNER JOIN person_of USING (golden_contact_id)
INNER JOIN truth_people AS people USING (person_id)
INNER JOIN company_of USING (golden_account_id)
WHERE people.company_id IS NOT NULL
GROUP BY golden_contact_id
"""


@dataclass(frozen=True, slots=True)
class MethodScore:
    """How often one reason was right.

    Attributes:
        method: The reason.
        leads: Leads that were matched by it.
        right: Those of them whose account is the true employer.
    """

    method: str
    leads: int
    right: int


@dataclass(frozen=True, slots=True)
class LeadAccountReport:
    """How well leads were given accounts.

    Attributes:
        leads: Leads whose truth is known.
        findable: Those whose employer is among the golden accounts.
        matched: Leads that were given an account.
        right: Those of them that were given their employer.
        precision: Right per matched; 1 if none was matched.
        recall: Right per findable; 1 if none is.
        without_employer: Leads whose employer is no golden account, or who have none.
        rightly_none: Those of them that were given none.
        methods: The same per reason.
    """

    leads: int
    findable: int
    matched: int
    right: int
    precision: float
    recall: float
    without_employer: int
    rightly_none: int
    methods: tuple[MethodScore, ...]


@dataclass(frozen=True, slots=True)
class JobReport:
    """How well employers over time were told.

    Attributes:
        people: Golden contacts with an employer, now, in the truth and an account.
        current_right: Share of them whose current account is the true one, and no other.
        changers: Those whose earlier and present employer are both known as accounts.
        changers_current_right: Share of changers whose current account is the true one.
        changers_primary_right: The same of the account that `dim_contacts` names.
        median_days_late: Days from the true change to the end of the earlier account:
            records follow jobs, so it is known late.
    """

    people: int
    current_right: float
    changers: int
    changers_current_right: float
    changers_primary_right: float
    median_days_late: float | None


def score_lead_accounts(
    matches: pl.DataFrame, account_clusters: Path, truth: Path
) -> LeadAccountReport:
    """Compare the accounts of leads with their true employers.

    Args:
        matches: source_record_key, source_object, golden_account_id, method.
        account_clusters: Parquet with the golden account of each account record.
        truth: Folder with truth_contacts, truth_accounts and truth_employers.

    Returns:
        Counts, precision, recall, and the same per reason.

    Raises:
        InputError: If a file is missing or malformed.
    """
    with open_connection(account_clusters.parent) as connection:
        connection.register("matches", matches)
        for view, path in (
            ("account_clusters", account_clusters),
            *((name, truth / f"{name}.parquet") for name in _TRUTH_OF_LEADS),
        ):
            register_parquet(
                connection, view, path, required=["source_record_key"], task=_TASK
            )
        connection.execute(_COMPANIES)
        connection.execute(_JUDGED)
        leads, findable, matched, right, without, none = connection.execute(
            "SELECT count(*), count(*) FILTER (is_findable), "
            "count(*) FILTER (is_matched), count(*) FILTER (is_right), "
            "count(*) FILTER (NOT coalesce(is_findable, false)), "
            "count(*) FILTER (NOT coalesce(is_findable, false) AND NOT is_matched) "
            "FROM judged"
        ).fetchall()[0]
        methods = connection.execute(
            "SELECT method, count(*), count(*) FILTER (is_right) FROM judged "
            "WHERE is_matched GROUP BY method ORDER BY count(*) DESC, method"
        ).fetchall()
    return LeadAccountReport(
        leads=int(leads),
        findable=int(findable),
        matched=int(matched),
        right=int(right),
        precision=right / matched if matched else 1.0,
        recall=right / findable if findable else 1.0,
        without_employer=int(without),
        rightly_none=int(none),
        methods=tuple(
            MethodScore(str(method), int(found), int(correct))
            for method, found, correct in methods
        ),
    )


def score_jobs(
    spells: pl.DataFrame,
    contact_clusters: Path,
    account_clusters: Path,
    truth: Path,
) -> JobReport:
    """Compare accounts of people over time with their true employers.

    Args:
        spells: golden_contact_id, golden_account_id, is_current, is_primary,
            valid_to_date.
        contact_clusters: Parquet with the golden contact of each contact record.
        account_clusters: The same of accounts.
        truth: Folder with truth_contacts, truth_accounts and truth_people.

    Returns:
        Shares, over everybody and over those who changed their job.

    Raises:
        InputError: If a file is missing or malformed.
    """
    with open_connection(account_clusters.parent) as connection:
        connection.register("spells", spells)
        for view, path in (
            ("contact_clusters", contact_clusters),
            ("account_clusters", account_clusters),
            *(
                (n, truth / f"{n}.parquet")
                for n in ("truth_contacts", "truth_accounts")
            ),
        ):
            register_parquet(
                connection, view, path, required=["source_record_key"], task=_TASK
            )
        register_parquet(
            connection,
            "truth_people",
            truth / "truth_people.parquet",
            required=["person_id"],
            task=_TASK,
        )
        connection.execute(_COMPANIES)
        connection.execute(_JOBS)
        people, current, changers, now, primary, late = connection.execute(
            "SELECT count(*), coalesce(avg(is_current_right::INT), 1), "
            "count(*) FILTER (knows_now AND knows_before), "
            "coalesce(avg(is_current_right::INT) "
            "FILTER (knows_now AND knows_before), 1), "
            "coalesce(avg(is_primary_right::INT) "
            "FILTER (knows_now AND knows_before), 1), "
            "median(days_late) FILTER (knows_now AND knows_before) FROM jobs"
        ).fetchall()[0]
    return JobReport(
        int(people),
        float(current),
        int(changers),
        float(now),
        float(primary),
        None if late is None else float(late),
    )


_TRUTH_OF_LEADS = ("truth_contacts", "truth_accounts", "truth_employers")
