"""The whole of tidycrm.yml as one value."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import Field, field_validator

from hygiene.matching import MatchSettings
from hygiene.quality import QualitySettings
from hygiene.standardise import StandardiseSettings
from hygiene.stewardship.drift import DriftSettings
from hygiene.survivorship import SurvivorshipRules
from orchestration.config.alerting import AlertsConfig
from orchestration.config.sections import (
    MetricsConfig,
    PublishConfig,
    RetentionConfig,
    ScheduleConfig,
    Section,
)
from orchestration.config.sources import Operated, SourceConfig


class Config(Section):
    """A whole tidycrm.yml."""

    version: Literal[1] = 1
    sources: list[SourceConfig] = Field(
        description="Where records come from; several of one type are normal."
    )
    standardise: StandardiseSettings = Field(default_factory=StandardiseSettings)
    matching: MatchSettings = Field(default_factory=MatchSettings)
    drift: DriftSettings = Field(default_factory=DriftSettings)
    survivorship: SurvivorshipRules = Field(default_factory=SurvivorshipRules)
    quality: QualitySettings = Field(default_factory=QualitySettings)
    metrics: MetricsConfig = Field(default_factory=MetricsConfig)
    schedule: ScheduleConfig = Field(default_factory=ScheduleConfig)
    publish: PublishConfig = Field(default_factory=PublishConfig)
    retention: RetentionConfig = Field(default_factory=RetentionConfig)
    alerts: AlertsConfig = Field(default_factory=AlertsConfig)

    @field_validator("sources")
    @classmethod
    def _distinct_names(cls, value: list[Any]) -> list[Any]:
        names = [source.name for source in value]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(
                f"the name {', '.join(repeated)} is used by more than one source; "
                "record keys start with it, so each source needs its own"
            )
        return value

    def fingerprint(self) -> str:
        """Hash of every value that can change a published row."""
        operation = set(Operated.model_fields)
        relevant = self.model_dump(
            mode="json",
            exclude={
                "schedule": True,
                "alerts": True,
                "retention": True,
                "publish": set(PublishConfig.model_fields) - {"masked"},
                "sources": {"__all__": operation},
            },
        )
        text = json.dumps(relevant, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()
