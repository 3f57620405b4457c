"""Search over the records of one type, with the limits of the real one.

Belongs here: filters, sorting and paging. What makes search awkward is kept: a cap on the
results of one query, a lag behind every change, no archived records, filters that let
records without the property through.
"""

from __future__ import annotations

import bisect
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.sandbox.hubspot_portal import (
    ObjectStore,
    PortalSettings,
    Record,
    parse_moment,
)

MAX_PAGE = 200
MAX_GROUPS, MAX_FILTERS, MAX_FILTERS_IN_ALL = 5, 6, 18
_RANGE = {"GTE", "GT", "LT", "LTE", "EQ", "BETWEEN"}


class SearchRefusedError(Exception):
    """A query that the service answers with 400; the text is for the error body."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of results; `after` is None on the last."""

    total: int
    records: Sequence[Record]
    after: int | None


def search(
    store: ObjectStore, body: Mapping[str, Any], settings: PortalSettings, now: int
) -> Found:
    """Run one query.

    Raises:
        SearchRefusedError: A limit is exceeded, or the query makes no sense.
    """
    groups = body.get("filterGroups") or []
    _check(groups)
    limit = int(body.get("limit") or 10)
    start = int(body.get("after") or 0)
    if not 0 < limit <= MAX_PAGE:
        raise SearchRefusedError(f"limit must be from 1 to {MAX_PAGE}")
    if start >= settings.search_cap or start + limit > settings.search_cap:
        raise SearchRefusedError(
            f"You cannot page through more than {settings.search_cap} search results"
        )
    sorts = body.get("sorts") or []
    if len(sorts) > 1:
        raise SearchRefusedError("only one sort is supported")
    fresh = now - settings.search_lag_ms
    records = _candidates(store, groups, fresh)
    if groups:
        records = [
            record
            for record in records
            if any(
                all(_matches(store, record, each) for each in group["filters"])
                for group in groups
            )
        ]
    query = str(body.get("query") or "").casefold()
    if query:
        records = [
            record
            for record in records
            if any(query in value.casefold() for value in record.properties.values())
        ]
    records = _sorted(store, records, sorts)
    page = records[start : start + limit]
    end = start + len(page)
    return Found(len(records), page, end if end < len(records) else None)


def _check(groups: Sequence[Mapping[str, Any]]) -> None:
    sizes = [len(group.get("filters") or []) for group in groups]
    if len(groups) > MAX_GROUPS:
        raise SearchRefusedError(f"at most {MAX_GROUPS} filterGroups are allowed")
    if sizes and (max(sizes) > MAX_FILTERS or sum(sizes) > MAX_FILTERS_IN_ALL):
        raise SearchRefusedError(
            f"at most {MAX_FILTERS} filters per group and {MAX_FILTERS_IN_ALL} in all "
            "are allowed"
        )


def _candidates(
    store: ObjectStore, groups: Sequence[Mapping[str, Any]], fresh: int
) -> list[Record]:
    """Narrow by the time of change where one group asks for it; oldest first."""
    low, high = 0, fresh
    if len(groups) == 1:
        for each in groups[0]["filters"]:
            if each["propertyName"] != store.type.modified:
                continue
            moment = parse_moment(str(each.get("value", "")))
            operator = each["operator"]
            if moment is None or operator not in _RANGE:
                continue
            if operator in ("GTE", "GT", "EQ", "BETWEEN"):
                low = max(low, moment)
            if operator in ("LTE", "LT", "EQ"):
                high = min(high, moment)
    first = bisect.bisect_left(store.by_update, (low, -1))
    last = bisect.bisect_right(store.by_update, (high, 1 << 62))
    return [store.records[number] for _, number in store.by_update[first:last]]


def _sorted(
    store: ObjectStore, records: list[Record], sorts: Sequence[Any]
) -> list[Record]:
    if not sorts:
        return sorted(records, key=lambda record: record.id)
    sort = sorts[0]
    if isinstance(sort, str):
        name, descending = sort.lstrip("-"), sort.startswith("-")
    else:
        name = str(sort.get("propertyName"))
        descending = sort.get("direction", "ASCENDING") == "DESCENDING"
    if name == store.type.modified:
        # Ties come in no useful order, as in the real index.
        return sorted(records, key=lambda r: (r.updated, -r.id), reverse=descending)
    if name == "hs_object_id":
        return sorted(records, key=lambda r: r.id, reverse=descending)
    return sorted(records, key=lambda r: store.value(r, name) or "", reverse=descending)


def _fold(text: str) -> str:
    """Ignore case and accents, as search does on everything but enumerations."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def _matches(store: ObjectStore, record: Record, each: Mapping[str, Any]) -> bool:
    name, operator = str(each["propertyName"]), str(each["operator"])
    definition = store.properties.get(name)
    if definition is None:
        raise SearchRefusedError(f"There was a problem with the request: {name}")
    value = store.value(record, name)
    if operator == "HAS_PROPERTY":
        return value is not None
    if operator == "NOT_HAS_PROPERTY":
        return value is None
    exact = definition.type == "enumeration"
    fold = str if exact else _fold
    wanted = str(each.get("value", ""))
    if operator in ("NEQ", "NOT_IN", "NOT_CONTAINS_TOKEN"):
        positive = {"NEQ": "EQ", "NOT_IN": "IN", "NOT_CONTAINS_TOKEN": "CONTAINS_TOKEN"}
        return value is None or not _matches(
            store, record, {**each, "operator": positive[operator]}
        )
    if value is None:
        return False
    if operator == "IN":
        return fold(value) in {fold(str(item)) for item in each.get("values", [])}
    if operator == "CONTAINS_TOKEN":
        return fold(wanted.strip("*")) in fold(value)
    left, right = _ordered(definition.type, value), _ordered(definition.type, wanted)
    if operator == "EQ":
        return left == right if left is not None else fold(value) == fold(wanted)
    if left is None or right is None:
        raise SearchRefusedError(f"{operator} cannot compare property {name}")
    if operator == "BETWEEN":
        top = _ordered(definition.type, str(each.get("highValue", "")))
        return top is not None and right <= left <= top
    if operator not in ("GT", "GTE", "LT", "LTE"):
        raise SearchRefusedError(f"unknown operator {operator}")
    return {
        "GT": left > right,
        "GTE": left >= right,
        "LT": left < right,
        "LTE": left <= right,
    }[operator]


def _ordered(kind: str, text: str) -> float | None:
    if kind in ("datetime", "date"):
        return parse_moment(text)
    if kind == "number":
        try:
            return int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError:
            return None
    return None
