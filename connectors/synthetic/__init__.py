"""A messy CRM with known truth, written as the export files that vendors write.

`generate` draws a world of people, companies and deals, lets three sources look at it
carelessly, and writes their exports beside a truth that no pipeline reads.
"""

from __future__ import annotations

from connectors.synthetic.errors import SyntheticError, SyntheticRequestError
from connectors.synthetic.generator import SyntheticReport, generate
from connectors.synthetic.settings import DirtProfile, Proportions
from connectors.synthetic.sheet_layouts import table_mappings

__all__ = [
    "DirtProfile",
    "Proportions",
    "SyntheticError",
    "SyntheticReport",
    "SyntheticRequestError",
    "generate",
    "table_mappings",
]
