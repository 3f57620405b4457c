"""Plain English for what a model says about a pair.

What belongs here: words for comparisons and their answers. What does not: numbers.
"""

from __future__ import annotations

from hygiene.matching.custom_fields import is_custom
from hygiene.matching.explaining import FieldWeight, PairExplanation

_NAMES = {
    "given_name": "first name",
    "family_name": "surname",
    "middle_name": "middle name",
    "suffix": "name suffix",
    "identifier": "identifier",
    "email": "e-mail",
    "phone": "phone",
    "birth_date": "birth date",
    "job_title": "job title",
    "company": "company",
    "street": "street",
    "locality": "place",
    "name": "name",
    "domain": "web domain",
    "country": "country",
}

_PHRASES = {
    ("given_name", "swapped"): "first name and surname are swapped",
    ("given_name", "nickname"): "first names are forms of one name",
    ("given_name", "crossed"): "one's first name is the other's surname",
    ("given_name", "initial"): "first name fits the initial",
    ("family_name", "swapped"): "surname and first name are swapped",
    ("family_name", "initial"): "surname fits the initial",
    ("family_name", "crossed"): "one's surname is the other's first name",
    ("middle_name", "initial"): "middle name fits the initial",
    ("email", "slip"): "the same e-mail but for a slip of the keyboard",
    ("email", "handle"): "same mailbox name at another domain",
    ("email", "close_handle"): "nearly the same mailbox name",
    ("email", "domain"): "different mailboxes at one domain",
    ("birth_date", "part"): "same year, or same day and month, of birth",
    ("company", "domain"): "same company domain",
    ("locality", "postcode_and_city"): "same postcode and city",
    ("locality", "postcode"): "same postcode",
    ("locality", "close_postcode"): "same city, nearly the same postcode",
    ("locality", "city"): "same city",
    ("locality", "close_city"): "nearly the same city",
    ("locality", "area"): "same postal area",
    ("name", "same_words"): "same words in the name, in another order",
    ("name", "rare_words"): "same rare words in the name",
    ("name", "rare_word"): "same rare word in the name",
    ("name", "contained"): "one name is part of the other",
    ("domain", "label"): "same domain under another ending",
}

_PATTERNS = {
    "exact": "same {}",
    "close": "nearly the same {}",
    "similar": "similar {}",
    "otherwise": "different {}",
}

_DECIDERS = {
    "steward": "a steward ruled so",
    "crm_merge": "the CRM merged them itself",
    "sync_id": "the CRMs' own sync id joins them",
    "lead_conversion": "the CRM converted one into the other",
    "other_user": "they are two active users of one CRM",
    "crm_duplicate": "a duplicate rule of the CRM suspects that they are one",
    "exact_key": "they carry the same key",
    "model": "the evidence of their fields",
}


def field_name(comparison: str) -> str:
    """Name a comparison.

    Args:
        comparison: Its name in the model.

    Returns:
        Words.

    Example:
        >>> field_name("family_name"), field_name("other_member_no")
        ('surname', 'member no')
    """
    if comparison in _NAMES:
        return _NAMES[comparison]
    text = comparison.removeprefix("other_") if is_custom(comparison) else comparison
    return text.replace("_", " ")


def field_phrase(item: FieldWeight) -> str:
    """Say what one comparison found.

    Args:
        item: Its answer.

    Returns:
        A phrase without the weight.

    Example:
        >>> field_phrase(FieldWeight("email", "exact", 9.0, 9.0, 9.0))
        'same e-mail'
    """
    name = field_name(item.comparison)
    if item.level is None:
        return f"{name} missing on a side"
    if (item.comparison, item.level) in _PHRASES:
        return _PHRASES[item.comparison, item.level]
    return _PATTERNS.get(item.level, f"{{}}: {item.level.replace('_', ' ')}").format(
        name
    )


def field_remark(item: FieldWeight) -> str:
    """Say why a weight is not what one would expect, if there is a reason.

    Args:
        item: The answer of a comparison.

    Returns:
        A remark, or nothing.
    """
    if item.level is None:
        return "no evidence"
    if item.own_weight != item.weight:
        return "says nothing new: its surroundings were counted already"
    if item.own_weight - item.usual_weight > 1:
        return "a rare value: worth more"
    if item.usual_weight - item.own_weight > 1:
        return "a common value: worth less"
    return ""


def decider_phrase(decided_by: str) -> str:
    """Say who joined two records.

    Args:
        decided_by: As in the edges.

    Returns:
        A phrase.
    """
    return _DECIDERS.get(decided_by, decided_by.replace("_", " "))


def arguments(explanation: PairExplanation) -> tuple[str, str]:
    """List what speaks for and against one pair, strongest first.

    Args:
        explanation: The pair.

    Returns:
        Two texts with the weights in bits.
    """
    ordered = sorted(explanation.fields, key=lambda item: -abs(item.weight))
    favour = [
        f"{field_phrase(item)} ({item.weight:+.1f})"
        for item in ordered
        if item.weight >= 0.05
    ]
    against = [
        f"{field_phrase(item)} ({item.weight:+.1f})"
        for item in ordered
        if item.weight <= -0.05
    ]
    return "; ".join(favour), "; ".join(against)
