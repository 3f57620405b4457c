"""Which specification belongs to which entity."""

from __future__ import annotations

from hygiene.matching.accounts import ACCOUNTS
from hygiene.matching.contacts import CONTACTS
from hygiene.matching.specification import Entity, Specification


def specification_of(entity: Entity) -> Specification:
    """Return the model of an entity, without its parameters.

    Args:
        entity: contact or account.

    Returns:
        The specification.
    """
    return CONTACTS if entity is Entity.CONTACT else ACCOUNTS
