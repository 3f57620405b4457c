"""tidycrm.yml: the one file a user writes, validated as a whole.

The façade; import from here. `sections` and `sources` hold the models, `model` puts them
together with those of the packages that do the work, `reading` reads a file.
"""

from orchestration.config.alerting import AlertsConfig, ChannelConfig, Severity
from orchestration.config.durations import Duration, shown_duration
from orchestration.config.model import Config
from orchestration.config.reading import json_schema, load_config, parse_config
from orchestration.config.sections import (
    MaskedConfig,
    MetricsConfig,
    PublishConfig,
    RetentionConfig,
    ScheduleConfig,
    Section,
)
from orchestration.config.sources import (
    VENDOR_OF_TYPE,
    Operated,
    SourceConfig,
    connector_config,
)

__all__ = [
    "VENDOR_OF_TYPE",
    "AlertsConfig",
    "ChannelConfig",
    "Config",
    "Duration",
    "MaskedConfig",
    "MetricsConfig",
    "Operated",
    "PublishConfig",
    "RetentionConfig",
    "ScheduleConfig",
    "Section",
    "Severity",
    "SourceConfig",
    "connector_config",
    "json_schema",
    "load_config",
    "parse_config",
    "shown_duration",
]
