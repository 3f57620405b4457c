"""Publishing: from the private warehouse to the file that analysts open.

The façade; import from here. `writing` writes, audits and swaps; `versions` keeps the
shelf of versions; `contract` guards the shape of tables; `masking` makes the masked file;
`facts` is the table `publication`; `views` carries views over the tables.
"""

from orchestration.publishing.contract import breaking_changes, read_shape
from orchestration.publishing.facts import SourceWatermark
from orchestration.publishing.masking import DEFAULT_ACTIONS, MaskAction, Masking
from orchestration.publishing.sql import literal, quote
from orchestration.publishing.versions import Pin, Shelf, Version
from orchestration.publishing.writing import (
    Publication,
    PublishedTable,
    publish,
    remove_leftovers,
)

__all__ = [
    "DEFAULT_ACTIONS",
    "MaskAction",
    "Masking",
    "Pin",
    "Publication",
    "PublishedTable",
    "Shelf",
    "SourceWatermark",
    "Version",
    "breaking_changes",
    "literal",
    "publish",
    "quote",
    "read_shape",
    "remove_leftovers",
]
