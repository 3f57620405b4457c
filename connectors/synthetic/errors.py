"""What can go wrong while a synthetic CRM is generated.

SyntheticError
└── SyntheticRequestError   the request itself is impossible (permanent)
"""

from __future__ import annotations


class SyntheticError(Exception):
    """Base of every error of this package."""


class SyntheticRequestError(SyntheticError, ValueError):
    """The requested size, date or output folder cannot be generated."""
