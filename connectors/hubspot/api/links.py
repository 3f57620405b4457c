"""Syncs the associations of one pair of objects.

Belongs here: which records' associations are read again, and which links are gone. An
association that changes touches no record, so that those of changed records are read at
every sync and those of all on a schedule. The entry of a pair in the cursor:

    through    the newest load of either object that was taken into account
    full_at    when the last reading of every record's associations began
    refresh    such a reading that is not at its end: when it began, and the id of the
               last record whose associations are landed

A reading of all is landed in portions. Whatever ends it, a limit, an outage or a kill, the
next sync reads those of changed records and goes on after the last portion.

Rows are one link of one kind: `<from>:<to>:<category>:<type id>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from connectors.hubspot.api.client import HubspotClient, next_page, results_of
from connectors.hubspot.api.config import HubspotApiConfig
from connectors.hubspot.api.schema import as_text
from connectors.hubspot.reference import SOURCE_TYPE
from connectors.landing import Landing, LoadMode, SnapshotBatch, TypeHint

LINK_COLUMNS = (
    "from_object_id",
    "to_object_id",
    "association_category",
    "association_type_id",
    "association_label",
)
_FLUSH_ROWS = 50_000
_ID = "_source_record_id"
_Row = tuple[str, str, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One direction between two objects: names in paths, and landing folders."""

    left: str
    right: str
    left_landing: str
    right_landing: str

    @property
    def object(self) -> str:
        """Landing folder of the links."""
        return f"associations_{self.left_landing}_{self.right_landing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPortion:
    """One step of a sync.

    Attributes:
        batch: To be landed; None when there is nothing to land.
        entry: Where the next sync goes on, valid once the batch is landed.
    """

    batch: SnapshotBatch | None
    entry: dict[str, Any]


class LinkSync:
    """Syncs one pair.

    Args:
        client: The portal.
        config: The source.
        landing: Where both objects lie already.
        pair: Which objects.
        entry: The pair's entry in the cursor; None at first.
        extracted_at: When this sync takes place (UTC).
        folder: For spool files.
    """

    def __init__(
        self,
        client: HubspotClient,
        config: HubspotApiConfig,
        landing: Landing,
        pair: Pair,
        *,
        entry: Mapping[str, Any] | None,
        extracted_at: datetime,
        folder: Path,
    ) -> None:
        self._client, self._config, self._landing = client, config, landing
        self._pair, self._entry, self._now = pair, dict(entry or {}), extracted_at
        self._folder = folder / pair.object
        self._folder.mkdir(parents=True, exist_ok=True)
        self._parts: list[Path] = []
        self._rows = 0

    def run(self) -> Iterator[LinkPortion]:
        """Read what may have changed; each portion is to be landed before the next."""
        through = {
            name: self._newest_load(name)
            for name in (self._pair.left_landing, self._pair.right_landing)
        }
        is_due = self._is_full_due()
        # A new reading of all meets the changed records anyway. One that goes on does
        # not: they may lie in the part that it has behind it.
        if not is_due or "refresh" in self._entry:
            yield self._read_changed(through)
        if is_due:
            yield from self._read_all(through)

    def _is_full_due(self) -> bool:
        full_at = self._entry.get("full_at")
        if full_at is None or "refresh" in self._entry:
            return True
        every = timedelta(hours=self._config.associations_refresh_every_hours)
        return self._now - datetime.fromisoformat(full_at) >= every

    def _read_changed(self, through: Mapping[str, str]) -> LinkPortion:
        batch: SnapshotBatch | None = None
        if through != self._entry.get("through"):
            asked = self._changed()
            frame, gone = self._read(asked), self._gone(asked).collect()
            if self._rows or gone.height:
                batch = self._batch(frame, LoadMode.DELTA, gone.lazy())
        self._entry["through"] = dict(through)
        return LinkPortion(batch=batch, entry=dict(self._entry))

    def _read_all(self, through: Mapping[str, str]) -> Iterator[LinkPortion]:
        """Read every record's links in the order of the records' ids."""
        state = self._entry.pop(
            "refresh", {"began": self._now.isoformat(), "after": ""}
        )
        self._entry["through"] = dict(through)
        ids = self._living(self._pair.left_landing)
        ids = ids.filter(ids > state["after"])
        size = self._config.portion_records
        for start in range(0, max(1, len(ids)), size):
            self._clear()
            asked, is_last = ids[start : start + size], start + size >= len(ids)
            if is_last and not state["after"]:
                # In one piece, the landing zone can tell by itself what is absent.
                batch = self._whole(asked)
            else:
                batch = self._part(asked, is_last=is_last)
            if is_last:
                entry = self._entry | {"full_at": state["began"]}
            else:
                state = state | {"after": asked[-1]}
                entry = self._entry | {"refresh": state}
            yield LinkPortion(batch=batch, entry=entry)

    def _whole(self, asked: pl.Series) -> SnapshotBatch | None:
        frame = self._read(asked)
        if not self._rows and self._links().select(pl.len()).collect().item() == 0:
            return None
        return self._batch(frame, LoadMode.FULL, None)

    def _part(self, asked: pl.Series, *, is_last: bool) -> SnapshotBatch | None:
        frame = self._read(asked)
        gone = self._gone(asked, with_dead=is_last).collect()
        if not self._rows and not gone.height:
            return None
        return self._batch(frame, LoadMode.DELTA, gone.lazy())

    def _changed(self) -> pl.Series:
        """Give the living left records whose links may differ now.

        A right record that is new (or back) can have taken over the links of others,
        as the winner of a merge does, without touching the left ones.
        """
        left, right = self._pair.left_landing, self._pair.right_landing
        changed = self._fresh(left).filter(~pl.col("_is_deleted")).select(_ID).collect()
        arrived = (
            self._fresh(right)
            .filter(~pl.col("_is_deleted"))
            .join(self._before(right), on=_ID, how="anti")
            .select(_ID)
            .collect()
        )
        ids = changed.to_series()
        if arrived.height:
            back = self._ask(self._pair.right, self._pair.left, arrived.to_series())
            linked = pl.Series(
                [row[1] for rows in back for row in rows], dtype=pl.String
            )
            known = self._living(left)
            ids = pl.concat([ids, linked.filter(linked.is_in(known.implode()))])
        return ids.unique().sort()

    def _gone(self, asked: pl.Series, *, with_dead: bool = True) -> pl.LazyFrame:
        """Give the known links of these records, and of records that are gone.

        Those that were read again are in the batch, which wins.
        """
        links = self._links()
        if "from_object_id" not in links.collect_schema():
            return pl.LazyFrame(schema={_ID: pl.String})
        again = pl.LazyFrame({"from_object_id": asked})
        parts = [links.join(again, on="from_object_id", how="semi")]
        if with_dead:
            left = self._dead(self._pair.left_landing)
            right = self._dead(self._pair.right_landing)
            parts += [
                links.join(left, left_on="from_object_id", right_on=_ID, how="semi"),
                links.join(right, left_on="to_object_id", right_on=_ID, how="semi"),
            ]
        return pl.concat([part.select(_ID) for part in parts]).unique()

    def _clear(self) -> None:
        """Remove the files of the portion before."""
        for path in self._parts:
            path.unlink(missing_ok=True)
        self._parts, self._rows = [], 0

    def _read(self, ids: pl.Series) -> pl.LazyFrame:
        held: list[_Row] = []
        for rows in self._ask(self._pair.left, self._pair.right, ids):
            held += rows
            if len(held) >= _FLUSH_ROWS:
                self._flush(held)
                held = []
        self._flush(held)
        return pl.concat([pl.scan_parquet(path) for path in self._parts])

    def _ask(self, left: str, right: str, ids: pl.Series) -> Iterator[list[_Row]]:
        """Read the links of records, following those with more than one page."""
        path = self._client.paths.associations(left, right)
        size = self._config.association_batch
        todo: list[dict[str, str]] = []
        for start in range(0, len(ids), size):
            todo += [{"id": each} for each in ids[start : start + size].to_list()]
            while todo:
                inputs, todo = todo[:size], todo[size:]
                document = self._client.post(path, {"inputs": inputs})
                rows: list[_Row] = []
                for result in results_of(document, f"POST {path}"):
                    record_id = str(result["from"]["id"])
                    rows += _rows(record_id, result.get("to") or [])
                    after = next_page(result)
                    if after is not None:
                        todo.append({"id": record_id, "after": after})
                self._client.count_rows(len(rows))
                yield rows
                # The rest of long lists goes along with the next records.
                if len(todo) < size and start + size < len(ids):
                    break

    def _flush(self, rows: Sequence[_Row]) -> None:
        frame = pl.DataFrame(
            rows, schema=dict.fromkeys(LINK_COLUMNS, pl.String), orient="row"
        ).with_columns(
            pl.concat_str(
                [pl.col(name).fill_null("") for name in LINK_COLUMNS[:4]], separator=":"
            ).alias(_ID)
        )
        self._rows += frame.height
        path = self._folder / f"links-{len(self._parts):06d}.parquet"
        frame.write_parquet(path, compression="lz4")
        self._parts.append(path)

    def _batch(
        self, frame: pl.LazyFrame, mode: LoadMode, gone: pl.LazyFrame | None
    ) -> SnapshotBatch:
        return SnapshotBatch(
            source_type=SOURCE_TYPE,
            object=self._pair.object,
            source_name=self._config.name,
            frame=frame,
            extracted_at=self._now,
            mode=mode,
            gone=gone,
            type_hints=dict.fromkeys(LINK_COLUMNS, TypeHint.TEXT),
            # Every record was asked for by its id: no link is an answer, not a fault.
            allow_empty=True,
        )

    def _newest_load(self, name: str) -> str:
        loads = self._landing.manifests(SOURCE_TYPE, name, self._config.name)
        return loads[-1].load_id if loads else ""

    def _fresh(self, name: str) -> pl.LazyFrame:
        return self._current(name).filter(pl.col("_load_id") > self._through(name))

    def _before(self, name: str) -> pl.LazyFrame:
        """Give the records that were alive when the pair was synced last."""
        versions = self._landing.versions(SOURCE_TYPE, name, self._config.name)
        known = versions.filter(pl.col("_load_id") <= self._through(name))
        return (
            known.group_by(_ID)
            .agg(pl.col("_is_deleted").sort_by("_load_id").last())
            .filter(~pl.col("_is_deleted"))
        )

    def _through(self, name: str) -> str:
        through: Mapping[str, str] = self._entry.get("through", {})
        return through.get(name, "")

    def _living(self, name: str) -> pl.Series:
        rows = self._current(name).filter(~pl.col("_is_deleted"))
        return rows.select(_ID).collect().to_series().sort()

    def _dead(self, name: str) -> pl.LazyFrame:
        return self._current(name).filter(pl.col("_is_deleted")).select(_ID)

    def _links(self) -> pl.LazyFrame:
        links = self._current(self._pair.object)
        return links.filter(~pl.col("_is_deleted"))

    def _current(self, name: str) -> pl.LazyFrame:
        return self._landing.current(SOURCE_TYPE, name, self._config.name)


def _rows(record_id: str, targets: Sequence[Mapping[str, Any]]) -> list[_Row]:
    return [
        (
            record_id,
            str(target["toObjectId"]),
            as_text(kind.get("category")),
            as_text(kind.get("typeId")),
            as_text(kind.get("label")),
        )
        for target in targets
        for kind in target.get("associationTypes") or [{}]
    ]
