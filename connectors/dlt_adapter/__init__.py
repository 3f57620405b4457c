"""Any dlt resource as a source: its records are landed, its pipeline is not run.

The façade; import from here. Needs the extra `dlt`.
"""

from connectors.dlt_adapter.config import DltConfig
from connectors.dlt_adapter.extraction import extract, land

__all__ = ["DltConfig", "extract", "land"]
