"""Small REST services, described instead of programmed.

The façade; import from here.
"""

from connectors.rest.config import Pagination, RestConfig, RestObject
from connectors.rest.extraction import check, extract

__all__ = ["Pagination", "RestConfig", "RestObject", "check", "extract"]
