"""One small HTTP core for every live connector.

The façade; import from here. A connector brings its vendor's reading of an answer
(`Classify`) and its credentials (`TokenSource`); retries, waiting, limits, short bodies
and redaction are the same for all.
"""

from connectors.http.client import HttpClient
from connectors.http.download import Download
from connectors.http.limiter import Limiter, Rate
from connectors.http.meter import Meter
from connectors.http.verdict import (
    Action,
    Classify,
    TokenSource,
    Verdict,
    classify_status,
    parse_retry_after,
)
from connectors.usage import Usage

__all__ = [
    "Action",
    "Classify",
    "Download",
    "HttpClient",
    "Limiter",
    "Meter",
    "Rate",
    "TokenSource",
    "Usage",
    "Verdict",
    "classify_status",
    "parse_retry_after",
]
