"""What a user decides about quality: the section `quality` of tidycrm.yml."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hygiene.quality.record_rule import RecordRule, RuleChange


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VolumeGuard(_Section):
    """When a source that lost records stops the publication."""

    enabled: bool = Field(default=True, description="False switches the guard off.")
    allowed_drop: float = Field(
        default=1 / 3,
        gt=0,
        le=1,
        description="Largest share of records that may vanish since the last "
        "publication.",
    )
    min_records: int = Field(
        default=100,
        ge=1,
        description="Objects that had fewer records are not guarded: small lists jump.",
    )
    accept: tuple[str, ...] = Field(
        default=(),
        description="Objects whose drop is meant, as <source>/<object>; remove the line "
        "after the next publication.",
    )


class FreshnessGuard(_Section):
    """When a source that brings nothing new is worth a warning."""

    enabled: bool = True
    max_hours: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="Longest time without anything new; without it the usual rhythm of "
        "each source, learned from its loads, decides.",
    )
    blocking: bool = Field(
        default=False, description="Whether a stale source stops the publication."
    )


class QualitySettings(_Section):
    """Rules of one's own, changes to shipped ones, guards, links."""

    blocking: bool = Field(
        default=True,
        description="Whether failed checks of severity error stop the publication.",
    )
    rules: tuple[RecordRule, ...] = Field(
        default=(), description="Rules of your own, in words; docs/data-quality.md."
    )
    changes: dict[str, RuleChange] = Field(
        default_factory=dict,
        description="Changes to shipped rules, by rule id: enabled, severity, owner, ...",
    )
    volume: VolumeGuard = Field(default_factory=VolumeGuard)
    freshness: FreshnessGuard = Field(default_factory=FreshnessGuard)
    record_links: dict[str, str] = Field(
        default_factory=dict,
        description="Address of a record per source, with {object} and {id}, such as "
        "https://acme.lightning.force.com/{id}.",
    )

    @model_validator(mode="after")
    def _ids_are_free(self) -> QualitySettings:
        ids = [rule.id for rule in self.rules]
        repeated = sorted({each for each in ids if ids.count(each) > 1})
        shipped = sorted({rule.id for rule in self.rules if rule.is_shipped})
        if repeated:
            raise ValueError(f"gives {', '.join(repeated)} to more than one rule")
        if shipped:
            raise ValueError(
                f"uses {', '.join(shipped)}, but ids that begin with DQ- are shipped; "
                "begin yours with letters of your own, such as ACME-1"
            )
        return self
