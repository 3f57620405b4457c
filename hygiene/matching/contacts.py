"""The contact model: which facts about two contact records say that they are one person.

What belongs here: features, comparisons, blocking and training rules for people. What
does not: parameters (`models/contact-v1.json`), the engine, thresholds or clustering.

Identity against surroundings. Company, mail domain, street and city are shared by
colleagues and households, and they are correlated with each other. They are marked as
surroundings: together they speak once, and without an agreement about the person (name,
own mailbox, birth date) no pair is merged automatically.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hygiene.matching.frequencies import Frequency
from hygiene.matching.specification import (
    Agreements,
    BlockingRule,
    Comparison,
    Doubt,
    Entity,
    Evidence,
    Level,
    Namesakes,
    Specification,
    TrainingRule,
    alike_across,
    all_of,
    any_of,
    condition,
    damerau_levenshtein,
    exact,
    jaro_winkler,
    otherwise,
)


def _missing(column: str) -> str:
    return f"{column}_l IS NULL OR {column}_r IS NULL"


def _all_missing(*columns: str) -> str:
    return " AND ".join(f"({_missing(column)})" for column in columns)


def _initial(column: str) -> Callable[[], Any]:
    return condition(
        f"substr({column}_l, 1, 1) = substr({column}_r, 1, 1)"
        f" AND (length({column}_l) = 1 OR length({column}_r) = 1)"
    )


_NOT_INITIALS = condition("length(given_l) > 1 OR length(family_l) > 1")
"""R. H. and H. R. are two letters in common, and no swapped name."""
_SWAPPED = all_of(condition("given_l = family_r AND family_l = given_r"), _NOT_INITIALS)
_CROSSED = all_of(condition("given_l = family_r OR family_l = given_r"), _NOT_INITIALS)
_ALIKE = 0.6
"""Jaro-Winkler similarity that two names hardly reach by chance."""
_CROSSED_BOTH = all_of(
    any_of(
        all_of(
            condition("given_l = family_r"),
            any_of(
                condition("family_l IS NULL"), alike_across("family", "given", _ALIKE)
            ),
        ),
        all_of(
            condition("family_l = given_r"),
            any_of(
                condition("family_r IS NULL"), alike_across("given", "family", _ALIKE)
            ),
        ),
    ),
    _NOT_INITIALS,
)
"""Swapped names of which one word is spelled otherwise or missing.

One word in the other field is one piece of evidence and counts for the surname alone:
Gerard Georges and Georges Masse share a word and are two people. It counts for the first
name too only where the words that are left do not contradict a swap.
"""

_GIVEN = Comparison(
    "given_name",
    ("given", "given_group", "family"),
    _missing("given"),
    (
        Level("exact", exact("given"), "given"),
        Level("swapped", _SWAPPED),
        Level("nickname", exact("given_group"), "given_group"),
        Level("close", jaro_winkler("given", 0.9)),
        Level("crossed", _CROSSED_BOTH),
        Level("initial", _initial("given")),
        Level("similar", jaro_winkler("given", 0.8)),
        otherwise(),
    ),
)

_FAMILY = Comparison(
    "family_name",
    ("family", "given"),
    _missing("family"),
    (
        Level("exact", exact("family"), "family"),
        Level("swapped", _SWAPPED),
        Level("close", jaro_winkler("family", 0.92)),
        Level("crossed", _CROSSED),
        Level("initial", _initial("family")),
        Level("similar", jaro_winkler("family", 0.8)),
        otherwise(),
    ),
)

_MIDDLE = Comparison(
    "middle_name",
    ("middle",),
    _missing("middle"),
    (
        Level("exact", exact("middle")),
        Level("initial", _initial("middle")),
        otherwise(),
    ),
)

_SUFFIX = Comparison(
    "suffix",
    ("suffix",),
    _missing("suffix"),
    (Level("exact", exact("suffix")), otherwise()),
)

_LONG_NUMBER = 4
"""Digits from which a number has room for a slip: of two digits every tenth is one away."""
_NUMBERS_MAY_BE_ONE = any_of(
    condition("handle_digits_l IS NULL OR handle_digits_r IS NULL"),
    exact("handle_digits"),
    all_of(
        condition(
            f"length(handle_digits_l) >= {_LONG_NUMBER}"
            f" AND length(handle_digits_r) >= {_LONG_NUMBER}"
        ),
        damerau_levenshtein("handle_digits", 1),
    ),
)
"""Namesakes have alike handles with numbers of their own."""


def _explains(name: str) -> str:
    """Return SQL of whether two addresses differ because two names do."""
    return (
        f"coalesce({name}_l <> {name}_r AND instr(email_l, {name}_l) > 0"
        f" AND instr(email_r, {name}_r) > 0, false)"
    )


_LETTERS = "'abcdefghijklmnopqrstuvwxyz._-+@', ''"
_SLIP = all_of(
    condition(
        "abs(length(email_l) - length(email_r)) <= 2"
        " AND substr(email_l, 1, 1) = substr(email_r, 1, 1)"
    ),
    jaro_winkler("email", 0.9),
    damerau_levenshtein("email", 2),
    condition(
        f"translate(email_l, {_LETTERS}) = translate(email_r, {_LETTERS})"
        " AND substr(email_l, instr(email_l, '@') - 1, 1)"
        " = substr(email_r, instr(email_r, '@') - 1, 1)"
        " AND NOT (length(email_l) = length(email_r) AND"
        " substr(email_l, 1, length(email_l) - 3) = substr(email_r, 1, length(email_r) - 3))"
        # A letter of a domain as short as "ab.com" is no slip.
        " AND (split_part(email_l, '@', 2) = split_part(email_r, '@', 2)"
        " OR length(split_part(email_l, '@', 2)) >= 8)"
        f" AND NOT {_explains('given')} AND NOT {_explains('family')}"
    ),
)
"""An address with a slip or two of the keyboard.

Other people have such addresses too: "smith.a" and "smith.b", "jsmith1" and "jsmith2",
"hall" and "ball" of people with these names, one mailbox under ".de" and ".nl". So what
differs must be no digit, no first or last letter of the mailbox, no name of the two
records, and not the top-level domain alone.
"""

_EMAIL = Comparison(
    "email",
    (
        "email",
        "email_handle",
        "handle_digits",
        "work_domain",
        "given",
        "given_group",
        "family",
    ),
    _missing("email"),
    (
        Level("exact", exact("email")),
        Level("slip", _SLIP),
        Level("handle", exact("email_handle"), "email_handle"),
        Level(
            "close_handle",
            all_of(jaro_winkler("email_handle", 0.9), _NUMBERS_MAY_BE_ONE),
        ),
        Level("domain", exact("work_domain"), "work_domain", is_shared=True),
        otherwise(),
    ),
)

_SAME_PHONE = condition(
    "phone_l = phone_r OR mobile_l = mobile_r"
    " OR phone_l = mobile_r OR mobile_l = phone_r"
)

_PHONE = Comparison(
    "phone",
    ("phone", "mobile"),
    "(phone_l IS NULL AND mobile_l IS NULL) OR (phone_r IS NULL AND mobile_r IS NULL)",
    (Level("exact", _SAME_PHONE), otherwise()),
)

_BIRTH_DATE = Comparison(
    "birth_date",
    ("birth_date", "birth_date_swapped"),
    _missing("birth_date"),
    (
        Level("exact", exact("birth_date"), "birth_date"),
        Level(
            "close",
            any_of(
                damerau_levenshtein("birth_date", 1),
                condition("birth_date_l = birth_date_swapped_r"),
            ),
        ),
        Level(
            "part",
            condition(
                "substr(birth_date_l, 1, 4) = substr(birth_date_r, 1, 4)"
                " OR substr(birth_date_l, 6, 5) = substr(birth_date_r, 6, 5)"
            ),
        ),
        otherwise(),
    ),
)

_TITLE = Comparison(
    "job_title",
    ("title",),
    _missing("title"),
    (
        Level("exact", exact("title"), "title"),
        Level("close", jaro_winkler("title", 0.88)),
        otherwise(),
    ),
)

_COMPANY = Comparison(
    "company",
    ("company", "work_domain"),
    _all_missing("company", "work_domain"),
    (
        Level("exact", exact("company"), "company"),
        Level("domain", exact("work_domain"), "work_domain"),
        Level("close", jaro_winkler("company", 0.92)),
        otherwise(),
    ),
    Evidence.SURROUNDINGS,
    fact="organisation",
)

_STREET = Comparison(
    "street",
    ("street",),
    _missing("street"),
    (
        Level("exact", exact("street"), "street"),
        Level("close", jaro_winkler("street", 0.9)),
        Level("similar", jaro_winkler("street", 0.8)),
        otherwise(),
    ),
    Evidence.SURROUNDINGS,
    fact="address",
)

_LOCALITY = Comparison(
    "locality",
    ("postcode", "city"),
    _all_missing("postcode", "city"),
    (
        Level(
            "postcode_and_city", all_of(exact("postcode"), exact("city")), "postcode"
        ),
        Level("postcode", exact("postcode"), "postcode"),
        Level(
            "close_postcode", all_of(damerau_levenshtein("postcode", 1), exact("city"))
        ),
        Level("city", exact("city"), "city"),
        Level("close_city", jaro_winkler("city", 0.9)),
        Level("area", condition("substr(postcode_l, 1, 3) = substr(postcode_r, 1, 3)")),
        otherwise(),
    ),
    Evidence.SURROUNDINGS,
    fact="address",
)

_IDENTIFIER = Comparison(
    "identifier",
    ("identifier",),
    _missing("identifier"),
    (
        Level("exact", exact("identifier")),
        Level("close", damerau_levenshtein("identifier", 1)),
        otherwise(),
    ),
)

_GIVEN_AGREES = (
    "exact",
    "swapped",
    "nickname",
    "close",
    "crossed",
    "initial",
    "similar",
)
_STRONG: Agreements = (
    ("identifier", ("exact", "close")),
    ("email", ("exact", "handle", "close_handle")),
    ("birth_date", ("exact", "close")),
)
"""Facts that one person has alone, whatever the name says."""

_WITNESSES: Agreements = (*_STRONG, ("email", ("slip",)))
"""What speaks for a match where pairs of one kind are judged together."""

_OWN: Agreements = (
    ("identifier", ("exact", "close")),
    ("email", ("exact", "handle")),
)
"""Facts beside which a wrong birth date is a mistake."""

_G1 = "substr(given, 1, 1)"
_F1 = "substr(family, 1, 1)"
_STREET_ALONE = "CASE WHEN postcode IS NULL AND city IS NULL THEN street END"
"""A key of its own only where no town is known: else a rule on the town finds the pair."""
_SORTED_NAME = ("least(given_group, family)", "greatest(given_group, family)")

CONTACTS = Specification(
    entity=Entity.CONTACT,
    comparisons=(
        _GIVEN,
        _FAMILY,
        _MIDDLE,
        _SUFFIX,
        _IDENTIFIER,
        _EMAIL,
        _PHONE,
        _BIRTH_DATE,
        _TITLE,
        _COMPANY,
        _STREET,
        _LOCALITY,
    ),
    blocking_rules=(
        BlockingRule("identifier", ("identifier",)),
        BlockingRule("email", ("email",)),
        BlockingRule("phone", ("phone",)),
        BlockingRule("mobile", ("mobile",)),
        BlockingRule("phone_to_mobile", ("phone",), ("mobile",)),
        BlockingRule("mobile_to_phone", ("mobile",), ("phone",)),
        BlockingRule("name", _SORTED_NAME),
        BlockingRule("name_company", (*_SORTED_NAME, "company")),
        BlockingRule("name_city", (*_SORTED_NAME, "city")),
        BlockingRule("name_postcode", (*_SORTED_NAME, "postcode")),
        BlockingRule("name_birth_date", (*_SORTED_NAME, "birth_date")),
        BlockingRule("family_company", ("family", "company")),
        BlockingRule("given_company", ("given_group", "company")),
        BlockingRule("family_domain", ("family", "work_domain")),
        BlockingRule("given_domain", ("given_group", "work_domain")),
        BlockingRule("email_handle", ("email_handle",)),
        BlockingRule("birth_date_given", ("birth_date", "given_group")),
        BlockingRule("birth_date_family", ("birth_date", "family")),
        BlockingRule("birth_date_place", ("birth_date", "postcode")),
        BlockingRule("birth_date", ("birth_date",)),
        BlockingRule("birth_date_city", ("birth_date", "city")),
        BlockingRule("birth_date_given_initial", ("birth_date", _G1)),
        BlockingRule("birth_date_family_initial", ("birth_date", _F1)),
        BlockingRule("family_city", ("family", "city")),
        BlockingRule("given_city", ("given_group", "city")),
        BlockingRule("postcode_given_initial", ("postcode", _G1)),
        BlockingRule("postcode_family_initial", ("postcode", _F1)),
        BlockingRule("family_postcode", ("family", "postcode")),
        BlockingRule("given_postcode", ("given_group", "postcode")),
        BlockingRule("street_given_initial", (_STREET_ALONE, _G1)),
        BlockingRule("street_family_initial", (_STREET_ALONE, _F1)),
        BlockingRule("name_start", ("substr(given, 1, 3)", "substr(family, 1, 4)")),
        BlockingRule(
            "name_skeleton",
            (_G1, "translate(family, 'aeiouy ', '')"),
        ),
    ),
    training_rules=(
        TrainingRule(("identifier",), "identifier"),
        TrainingRule(("email",), "email"),
        TrainingRule(("given", "family"), "name"),
        TrainingRule(("birth_date",), "birth_date"),
        TrainingRule(("mobile",), "mobile"),
    ),
    required_agreement=(
        ("given_name", _GIVEN_AGREES),
        ("family_name", ("exact", "swapped", "close", "crossed")),
        *_STRONG,
        ("phone", ("exact",)),
    ),
    conflicts=(),
    doubts=(
        Doubt("different first names", "gamma_given_name = 0", _STRONG, _WITNESSES),
        # Twins, couples with one mailbox, and what a form took over from somebody of the
        # household: its birth date, its identifier. A table cannot tell otherwise.
        Doubt(
            "different first and middle names",
            "gamma_given_name = 0 AND gamma_middle_name = 0",
            (),
            (),
        ),
        # A father and his son of the same name.
        Doubt(
            "different generations",
            "gamma_suffix = 0",
            (("identifier", ("exact", "close")),),
            (),
        ),
        # A family with one mailbox.
        Doubt(
            "different first names and birth dates",
            "gamma_given_name = 0 AND gamma_birth_date = 0",
            (("identifier", ("exact", "close")),),
            (),
        ),
        Doubt(
            "another name and place",
            "gamma_family_name = 0 AND (gamma_given_name = 0 OR gamma_middle_name = 0) "
            "AND gamma_phone <= 0 AND gamma_company <= 0 AND gamma_street <= 0 "
            f"AND gamma_locality < {_LOCALITY.level_value('close_postcode')}",
            _OWN,
            _OWN,
        ),
        Doubt("different surnames", "gamma_family_name = 0", _STRONG, _WITNESSES),
        Doubt(
            "a missing first name",
            "gamma_given_name < 0",
            _WITNESSES,
            _WITNESSES,
        ),
        Doubt("different birth dates", "gamma_birth_date = 0", _OWN, _OWN),
    ),
    namesakes=Namesakes(
        block="name",
        witnesses=(
            "identifier",
            "email",
            "phone",
            "mobile",
            "birth_date",
            "street",
            "postcode",
        ),
        same_name=(
            ("given_name", ("exact", "swapped", "nickname")),
            ("family_name", ("exact", "swapped")),
        ),
        echoes=(("email", ("close_handle",)),),
        further="middle",
        same_further=("middle_name", ("exact",)),
    ),
    frequencies=(
        Frequency("given", "substr(family, 1, 5) AS holder", "count(holder)", True),
        Frequency(
            "given_group", "substr(family, 1, 5) AS holder", "count(holder)", True
        ),
        Frequency(
            "family", "substr(given_group, 1, 4) AS holder", "count(holder)", True
        ),
        # A second mailbox with one's own handle is common, a third one is somebody else's.
        Frequency(
            "email_handle",
            "name_code, email",
            "greatest(count(DISTINCT name_code), count(DISTINCT email) - 1)",
        ),
        *(
            Frequency(column, "name_code", "count(name_code)")
            for column in (
                "work_domain",
                "birth_date",
                "title",
                "company",
                "street",
                "postcode",
                "city",
            )
        ),
    ),
)
