"""How well any matcher could do: pairs that the exported values leave undecidable.

Belongs here: exact counting rules over what each record still tells after its dirt.
An oracle is assumed that undoes every repairable defect (typos, nicknames, notations)
but cannot guess what is missing, a placeholder or a shared mailbox. Hence the figures
are upper bounds: no real matcher reaches them.

Contacts. Two records of one person are decidable when they share one of: personal
e-mail; mobile number; name and company; family name and company, where nobody else of
that family name is recorded at the company; name and home address or home phone; name
and birth date; a link (CRM merge, sync id, lead conversion). A company is known by its
name, mail domain, switchboard or street. Pairs may also be reached through other records
of the person. Pairs of different people are forced errors when everything that both
records tell is equal and would decide a true pair.

Accounts. Two records of one company are decidable when they share domain, phone or
street address, or a name that only this company bears in the exports.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from connectors.synthetic.account_records import AccountRecords
from connectors.synthetic.customers import Buyers
from connectors.synthetic.rng import BoolArray, IntArray
from connectors.synthetic.world import Chunk

_TOLD = (
    "mail", "mobile", "home", "name", "family", "company", "address", "born", "suffix",
)  # fmt: skip


def _pairs_in_groups(sizes: pl.Series) -> int:
    return int((sizes.cast(pl.Int64) * (sizes.cast(pl.Int64) - 1) // 2).sum())


def _shares(*names: str) -> pl.Expr:
    return pl.all_horizontal(
        *((pl.col(n) >= 0) & (pl.col(n) == pl.col(f"{n}_r")) for n in names)
    )


_DECIDES = (
    _shares("mail")
    | _shares("mobile")
    | _shares("name", "company")
    | _shares("name", "address")
    | _shares("name", "home")
    | _shares("name", "born")
    | (_shares("family", "company") & pl.col("is_only"))
)


def _contradicts(name: str) -> pl.Expr:
    here, there = pl.col(name), pl.col(f"{name}_r")
    return (here >= 0) & (there >= 0) & (here != there)


@dataclass(slots=True)
class CeilingLog:
    """Adds up, chunk by chunk, what is decidable."""

    contact_records: int = 0
    contact_pairs: int = 0
    contact_reachable: int = 0
    contact_forced: int = 0
    contact_ambiguous: int = 0
    _accounts: list[pl.DataFrame] = field(default_factory=list)

    def add_contacts(
        self,
        tables: list[pl.DataFrame],
        links: list[tuple[int, int, IntArray]],
    ) -> None:
        """Count the pairs of one chunk.

        Args:
            tables: Evidence of each object's records.
            links: (left table, right table, right row per left row or -1).
        """
        offsets = np.cumsum([0, *(len(t) for t in tables)])
        frame = (
            pl.concat(tables)
            .with_row_index("row")
            .with_columns(pl.col("row").cast(pl.Int64))
        )
        linked = [
            pl.DataFrame(
                {
                    "row": offsets[left] + np.flatnonzero(target >= 0),
                    "row_r": offsets[right] + target[target >= 0],
                }
            )
            for left, right, target in links
        ]
        frame = frame.filter(pl.col("entity") >= 0)
        alone = pl.col("entity").n_unique().over("family", "company") == 1
        frame = frame.with_columns(is_only=alone)
        self.contact_records += len(frame)
        pairs = frame.join(frame, on="entity", suffix="_r").filter(
            pl.col("row") < pl.col("row_r")
        )
        self.contact_pairs += len(pairs)
        edges = pl.concat(
            [pairs.filter(_DECIDES).select("row", "row_r"), *linked]
        ).sort("row", "row_r")
        self.contact_reachable += self._reachable(frame, edges, int(offsets[-1]))
        told = frame.filter(
            (pl.col("mail") >= 0)
            | (pl.col("mobile") >= 0)
            | ((pl.col("name") >= 0) & (pl.col("company") >= 0))
            | ((pl.col("name") >= 0) & (pl.col("address") >= 0))
        )
        same = told.group_by(_TOLD).agg(pl.len().alias("n"))
        own = told.group_by([*_TOLD, "entity"]).agg(pl.len().alias("n"))
        self.contact_forced += _pairs_in_groups(same["n"]) - _pairs_in_groups(own["n"])
        self.contact_ambiguous += self._ambiguous(frame)

    @staticmethod
    def _reachable(frame: pl.DataFrame, edges: pl.DataFrame, size: int) -> int:
        """Count pairs that some chain of decidable pairs connects."""
        label = np.arange(size)
        left, right = edges["row"].to_numpy(), edges["row_r"].to_numpy()
        while True:
            before = label.copy()
            np.minimum.at(label, left, label[right])
            np.minimum.at(label, right, label[left])
            if (before == label).all():
                break
        parts = frame.with_columns(part=pl.Series(label[frame["row"].to_numpy()]))
        return _pairs_in_groups(
            parts.group_by("entity", "part").agg(pl.len().alias("n"))["n"]
        )

    @staticmethod
    def _ambiguous(frame: pl.DataFrame) -> int:
        """Count pairs of different people that look like one, nothing speaking against."""
        found: list[pl.DataFrame] = []
        for keys in (
            ["mail"],
            ["name", "company"],
            ["name", "address"],
            ["name", "home"],
        ):
            side = frame.filter(pl.all_horizontal(pl.col(k) >= 0 for k in keys))
            joined = side.join(side, on=keys, suffix="_r").filter(
                (pl.col("row") < pl.col("row_r"))
                & (pl.col("entity") != pl.col("entity_r"))
            )
            # A joined key has no right-hand twin: it agrees by construction.
            others = [n for n in ("mail", "mobile", "born", "suffix") if n not in keys]
            silent = ~pl.any_horizontal(*(_contradicts(n) for n in others))
            if keys == ["mail"]:
                silent &= (pl.col("name") == pl.col("name_r")) | (pl.col("name") < 0)
            found.append(joined.filter(silent).select("row", "row_r"))
        return pl.concat(found).unique().height

    def add_accounts(
        self, chunk: Chunk, records: AccountRecords, shown: BoolArray
    ) -> None:
        """Note what the account records of one CRM reveal."""
        real = (records.firm >= 0) & shown
        count = int((records.firm >= 0).sum())
        firm, keep = records.firm[:count], real[:count]
        known = {n: c.known()[:count] for n, c in records.columns.items()}
        domain = known["domain"] | known["website"]
        self._add_accounts(
            chunk, firm[keep], domain[keep], known["phone"][keep], known["street"][keep]
        )

    def add_buyer_companies(self, chunk: Chunk, sheets: list[Buyers]) -> None:
        """Note what implied companies reveal: a name, sometimes a domain."""
        for buyers in sheets:
            mine = buyers.firm >= 0
            firm, domain = (
                buyers.firm[mine],
                buyers.domain.is_not_null().to_numpy()[mine],
            )
            written = buyers.columns["company_name"].value.filter(pl.Series(mine))
            keys = (
                pl.DataFrame({"f": firm, "d": domain, "w": written.str.to_lowercase()})
                .with_row_index("at")
                .unique(["f", "d", "w"], maintain_order=True)
            )
            at = keys["at"].to_numpy()
            none = np.zeros(len(at), np.bool_)
            self._add_accounts(chunk, firm[at], domain[at], none, none)

    def _add_accounts(
        self,
        chunk: Chunk,
        firm: IntArray,
        domain: BoolArray,
        phone: BoolArray,
        street: BoolArray,
    ) -> None:
        companies, at = chunk.world.companies, pl.Series(firm)
        name = (
            pl.select(
                pl.concat_str(
                    [
                        pl.lit(companies.stem.gather(at)),
                        pl.lit(companies.descriptor.gather(at)),
                    ],
                    separator=" ",
                    ignore_nulls=True,
                )
            ).to_series()
            if len(firm)
            else pl.Series([], dtype=pl.String)
        )
        self._accounts.append(
            pl.DataFrame(
                {
                    "firm": firm,
                    "name": name.str.to_lowercase(),
                    "domain": domain,
                    "phone": phone,
                    "street": street,
                }
            )
        )

    def _account_counts(self) -> dict[str, int]:
        frame = pl.concat(self._accounts).with_row_index("row")
        bearers = frame.group_by("name").agg(pl.col("firm").n_unique().alias("bearers"))
        frame = frame.join(bearers, on="name", how="left")
        told = frame.drop("name")
        pairs = told.join(told, on="firm", suffix="_r").filter(
            pl.col("row") < pl.col("row_r")
        )
        decided = pairs.filter(
            (pl.col("domain") & pl.col("domain_r"))
            | (pl.col("phone") & pl.col("phone_r"))
            | (pl.col("street") & pl.col("street_r"))
            | (pl.col("bearers") == 1)
        )
        bare = frame.filter(~pl.any_horizontal("domain", "phone", "street"))
        alike = bare.group_by("name").agg(pl.len().alias("n"))
        own = bare.group_by("name", "firm").agg(pl.len().alias("n"))
        return {
            "records": len(frame),
            "true_pairs": len(pairs),
            "reachable_pairs": self._reachable_accounts(frame, decided),
            "forced_false_pairs": _pairs_in_groups(alike["n"])
            - _pairs_in_groups(own["n"]),
        }

    @staticmethod
    def _reachable_accounts(frame: pl.DataFrame, decided: pl.DataFrame) -> int:
        shaped = frame.select(
            pl.col("row").cast(pl.Int64), pl.col("firm").alias("entity")
        )
        edges = decided.select(
            pl.col("row").cast(pl.Int64), pl.col("row_r").cast(pl.Int64)
        )
        return CeilingLog._reachable(shaped, edges, len(frame))

    def report(self, mixed_implied: dict[str, int]) -> str:
        """Return the ceiling as JSON text."""
        contacts = {
            "records": self.contact_records,
            "true_pairs": self.contact_pairs,
            "reachable_pairs": self.contact_reachable,
            "forced_false_pairs": self.contact_forced,
        }
        accounts = self._account_counts()
        document = {
            "rules": "see connectors/synthetic/README.md, 'The ceiling'",
            "contacts": {
                **contacts,
                **_scores(contacts),
                "ambiguous_false_pairs": self.contact_ambiguous,
                "implied_records_of_several_people": mixed_implied.get("buyers", 0),
            },
            "accounts": {
                **accounts,
                **_scores(accounts),
                "implied_records_of_several_companies": mixed_implied.get(
                    "buyer_companies", 0
                ),
            },
        }
        return json.dumps(document, indent=2) + "\n"


def _scores(counts: dict[str, int]) -> dict[str, float]:
    reachable = counts["reachable_pairs"]
    recall = reachable / max(counts["true_pairs"], 1)
    precision = reachable / max(reachable + counts["forced_false_pairs"], 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return {
        "recall_ceiling": round(recall, 5),
        "precision_ceiling": round(precision, 5),
        "f1_ceiling": round(f1, 5),
    }
