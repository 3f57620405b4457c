"""The audit of clusters: one row per golden record of several, and sureness that follows evidence."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hygiene.errors import InputError
from hygiene.identity import ClusterAudit, audit_clusters

Edge = tuple[str, str, float | None, str, str]
EDGE_SCHEMA = {
    "source_record_key_l": pl.String,
    "source_record_key_r": pl.String,
    "match_weight": pl.Float64,
    "decided_by": pl.String,
    "decision": pl.String,
}


def audit(
    folder: Path, edges: list[Edge], golden: dict[str, str]
) -> tuple[ClusterAudit, pl.DataFrame]:
    pl.DataFrame(edges, schema=EDGE_SCHEMA, orient="row").write_parquet(
        folder / "edges.parquet"
    )
    pl.DataFrame(
        list(golden.items()),
        schema={"source_record_key": pl.String, "golden_contact_id": pl.String},
        orient="row",
    ).write_parquet(folder / "clusters.parquet")
    found = audit_clusters(
        folder / "edges.parquet",
        folder / "clusters.parquet",
        folder / "audit.parquet",
        entity="contact",
    )
    return found, pl.read_parquet(folder / "audit.parquet")


def test_a_cluster_is_as_sure_as_its_least_sure_record(tmp_path: Path) -> None:
    edges: list[Edge] = [
        ("a", "b", 25.0, "model", "auto_match"),
        ("a", "c", 6.0, "model", "auto_match"),
        ("b", "c", -2.0, "model", "auto_match"),
        ("d", "e", None, "crm_merge", "auto_match"),
        ("a", "x", 4.0, "model", "review"),
        ("b", "x", 90.0, "steward", "non_match"),
    ]
    golden = dict.fromkeys("abc", "gc_1") | dict.fromkeys("de", "gc_2") | {"x": "gc_3"}
    report, rows = audit(tmp_path, edges, golden)
    assert rows["golden_id"].to_list() == ["gc_1", "gc_2"]  # gc_3 has one record
    first, second = rows.iter_rows(named=True)
    assert first["record_count"] == 3
    assert first["least_sure_source_record_key"] == "c"
    assert first["least_sure_bits"] == 2.0  # (6 - 2) / 2
    links = ("model_link_count", "crm_link_count", "steward_link_count")
    assert [first[name] for name in links] == [3, 0, 0]
    assert [second[name] for name in links] == [0, 1, 0]
    assert second["least_sure_bits"] == 30.0
    assert 0.5 < first["purity_probability"] < second["purity_probability"] < 1
    assert report.clusters == 2
    expected = (1 - rows["purity_probability"]).sum()
    assert report.expected_impure == pytest.approx(expected)


def test_no_clusters_of_several_give_an_empty_audit(tmp_path: Path) -> None:
    report, rows = audit(tmp_path, [], {"a": "gc_1"})
    assert report == ClusterAudit(0, 0.0, 0)
    assert rows.height == 0
    assert "purity_probability" in rows.columns


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    audit(tmp_path, [], {"a": "gc_1"})
    with pytest.raises(InputError, match="Auditing the clusters of contacts"):
        audit_clusters(
            tmp_path / "nowhere.parquet",
            tmp_path / "clusters.parquet",
            tmp_path / "audit.parquet",
            entity="contact",
        )


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    weights=st.lists(st.floats(-60, 60), min_size=6, max_size=6),
    more=st.floats(0, 40),
    which=st.integers(0, 5),
    order=st.permutations(range(6)),
)
def test_more_evidence_never_makes_a_cluster_less_sure(
    tmp_path: Path, weights: list[float], more: float, which: int, order: list[int]
) -> None:
    golden = dict.fromkeys("abcd", "gc_1")

    def sureness(values: list[float], rows: list[int]) -> float:
        pairs = list(combinations("abcd", 2))
        edges: list[Edge] = [
            (*pairs[n], values[n], "model", "auto_match") for n in rows
        ]
        return float(audit(tmp_path, edges, golden)[1]["purity_probability"].item())

    before = sureness(weights, list(range(6)))
    assert 0 < before < 1
    assert sureness(weights, order) == before
    raised = [*weights]
    raised[which] += more
    assert sureness(raised, order) >= before
