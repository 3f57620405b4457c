"""What matching reports about a run: counts and decisions, never contents.

What belongs here: values that callers show, store or check. What does not: records.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SharedIdentifier:
    """Values of one column that lost their vote because too many names use them.

    Attributes:
        column: Feature column.
        values: Distinct values that lost their vote.
        records: Records that had one of them.
        limit: Most distinct names that a value may have.
    """

    column: str
    values: int
    records: int
    limit: int


@dataclass(frozen=True, slots=True)
class HotKeys:
    """Keys of one blocking rule that are too common to compare all their records.

    Attributes:
        blocking_rule_id: The rule.
        keys: Distinct keys above the cap.
        records: Records that had one of them.
        largest: Records of the most common key.
        cap: Most records that a key may have.
    """

    blocking_rule_id: str
    keys: int
    records: int
    largest: int
    cap: int


@dataclass(frozen=True, slots=True)
class HotNeighbours:
    """A blocking rule whose hot keys are searched among neighbours.

    Attributes:
        blocking_rule_id: The rule.
        pairs: Pairs of neighbours that were added.
        matches_per_pair: Estimated matches per pair of neighbours that no key finds.
    """

    blocking_rule_id: str
    pairs: int
    matches_per_pair: float

    @property
    def reason(self) -> str:
        """The decision in one sentence."""
        return (
            f"Keys of blocking rule {self.blocking_rule_id} with too many records: "
            f"{self.pairs} pairs of neighbours were compared, since about "
            f"{self.matches_per_pair:.0%} of them are matches."
        )


@dataclass(frozen=True, slots=True)
class RuleCount:
    """Candidate pairs that a blocking rule was the first to find.

    Attributes:
        blocking_rule_id: The rule.
        pairs: Candidate pairs.
        auto_matches: How many of them ended in one cluster.
    """

    blocking_rule_id: str
    pairs: int
    auto_matches: int


@dataclass(frozen=True, slots=True)
class RuleYield:
    """A blocking rule that was left out because its pairs are hardly ever matches.

    Attributes:
        blocking_rule_id: The rule.
        pairs: Pairs that it would have found, those of other rules included.
        matches_per_pair: Estimated matches per pair that no other rule finds.
    """

    blocking_rule_id: str
    pairs: int
    matches_per_pair: float

    @property
    def reason(self) -> str:
        """The decision in one sentence."""
        return (
            f"Blocking rule {self.blocking_rule_id} was left out: of its {self.pairs} "
            f"pairs, those that only it finds hold about {self.matches_per_pair:.1e} "
            "matches each."
        )


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where records are merged, and why.

    Attributes:
        auto_match_weight: Average match weight from which groups are merged.
        review_weight: Match weight from which a pair is shown to a person.
        rule: Name of the rule that chose it.
        reason: The rule's numbers in one sentence.
    """

    auto_match_weight: float
    review_weight: float
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class StageTime:
    """Wall-clock time of one stage.

    Attributes:
        stage: Name of the stage.
        seconds: Its duration.
    """

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What one call of `link` did.

    Attributes:
        entity: contact or account.
        records: Records that were matched.
        test_records: Records left alone because they are test data.
        model_version: Version of the parameters.
        model_source: shipped, trained now, or kept from an earlier run.
        threshold: Where records are merged, and why.
        candidate_pairs: Pairs found by blocking.
        completed_pairs: Pairs scored because they lie inside one loose component.
        edges: Rows in the edges file.
        dropped_pairs: Scored pairs too far below the review zone to be written.
        auto_matches: Edges inside a cluster.
        reviews: Edges that a person should decide.
        must_links: Pairs joined by evidence from a system of record or a steward.
        cannot_links: Pairs kept apart by a steward or by the account hierarchy.
        overruled_must_links: Must-links that a stronger cannot-link defeated.
        clusters: Clusters, singletons included.
        largest_cluster: Records of the largest cluster.
        split_components: Components that were too large and split first.
        blocking_rules: Pairs per blocking rule.
        hot_keys: Blocking keys that were left out, or searched among neighbours only.
        shared_identifiers: Identifiers that lost their vote.
        unused_fields: Custom fields that were not compared, and why.
        notes: What else a reader of the run should know.
        stages: Seconds per stage.
        reused_pairs: Pairs whose answers were kept from an earlier run.
    """

    entity: str
    records: int
    test_records: int
    model_version: str
    model_source: str
    threshold: Threshold
    candidate_pairs: int
    completed_pairs: int
    edges: int
    dropped_pairs: int
    auto_matches: int
    reviews: int
    must_links: int
    cannot_links: int
    overruled_must_links: int
    clusters: int
    largest_cluster: int
    split_components: int
    blocking_rules: tuple[RuleCount, ...]
    hot_keys: tuple[HotKeys, ...]
    shared_identifiers: tuple[SharedIdentifier, ...]
    unused_fields: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    stages: tuple[StageTime, ...]
    reused_pairs: int = 0
