"""The account model: which facts about two account records say that they are one firm.

What belongs here: comparisons, blocking and training rules for organisations. What does
not: parameters (`models/account-v2.json`), the engine, thresholds or clustering.

Names are compared by their rare words, not as free text alone: "Hotel Bel-Air" and
"Bel-Air Hotel" share what is rare, "Pacific Bank" and "Pacific Bakery" do not. An
address or a phone alone merges nothing: an office tower has many tenants.
"""

from __future__ import annotations

from hygiene.matching.frequencies import Frequency
from hygiene.matching.specification import (
    BlockingRule,
    Comparison,
    Conflict,
    Doubt,
    Entity,
    Level,
    Specification,
    TrainingRule,
    all_of,
    condition,
    damerau_levenshtein,
    exact,
    jaro_winkler,
    otherwise,
)


def _missing(column: str) -> str:
    return f"{column}_l IS NULL OR {column}_r IS NULL"


_CONTAINED = condition(
    "instr(concat(' ', name_l, ' '), concat(' ', name_r, ' ')) > 0"
    " OR instr(concat(' ', name_r, ' '), concat(' ', name_l, ' ')) > 0"
)
"""One name is the other with words added: "Virgil's" and "Virgil's Real BBQ"."""

_NAME = Comparison(
    "name",
    ("name", "name_sorted", "name_rare", "name_rare_pair"),
    _missing("name"),
    (
        Level("exact", exact("name"), "name"),
        Level("same_words", exact("name_sorted"), "name_sorted"),
        Level("rare_words", exact("name_rare_pair"), "name_rare_pair"),
        Level("close", jaro_winkler("name", 0.92)),
        Level("rare_word", exact("name_rare"), "name_rare"),
        Level("contained", _CONTAINED),
        Level("similar", jaro_winkler("name_sorted", 0.85)),
        otherwise(),
    ),
)

_DOMAIN = Comparison(
    "domain",
    ("domain", "domain_label"),
    _missing("domain"),
    (
        Level("exact", exact("domain"), "domain"),
        Level("label", exact("domain_label"), "domain_label"),
        otherwise(),
    ),
)

_PHONE = Comparison(
    "phone",
    ("phone",),
    _missing("phone"),
    (
        Level("exact", exact("phone")),
        Level("close", damerau_levenshtein("phone", 1)),
        otherwise(),
    ),
)

_SAME_HOUSE = condition("house_l = house_r OR house_l IS NULL OR house_r IS NULL")
"""The next house of a street is another address, however alike the two read."""

_STREET = Comparison(
    "street",
    ("street", "house"),
    _missing("street"),
    (
        Level("exact", exact("street"), "street"),
        Level("close", all_of(jaro_winkler("street", 0.9), _SAME_HOUSE)),
        Level("similar", jaro_winkler("street", 0.8)),
        otherwise(),
    ),
)

_LOCALITY = Comparison(
    "locality",
    ("postcode", "city"),
    f"({_missing('postcode')}) AND ({_missing('city')})",
    (
        Level("postcode", exact("postcode"), "postcode"),
        Level("city", exact("city"), "city"),
        Level("close_city", jaro_winkler("city", 0.9)),
        Level("area", condition("substr(postcode_l, 1, 3) = substr(postcode_r, 1, 3)")),
        otherwise(),
    ),
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

_COUNTRY = Comparison(
    "country",
    ("country",),
    _missing("country"),
    (Level("exact", exact("country"), "country"), otherwise()),
)

_NAME_AGREES = (
    "exact",
    "same_words",
    "rare_words",
    "close",
    "rare_word",
    "contained",
    "similar",
)

_ALIKE = [_NAME.level_value(level) for level in _NAME_AGREES[3:]]
_ALIKE_ELSEWHERE = (
    f"gamma_name BETWEEN {min(_ALIKE)} AND {max(_ALIKE)} AND gamma_street = 0"
)
"""Branches and schools of one trust: long names that begin alike, in different places."""

_HOLDERS_OF_NAME = (
    "CASE WHEN count(domain_label) > 0 THEN count(DISTINCT domain_label) "
    "ELSE greatest(count(DISTINCT phone), count(DISTINCT city)) END"
)

ACCOUNTS = Specification(
    entity=Entity.ACCOUNT,
    comparisons=(_NAME, _IDENTIFIER, _DOMAIN, _PHONE, _STREET, _LOCALITY, _COUNTRY),
    blocking_rules=(
        BlockingRule("identifier", ("identifier",)),
        BlockingRule("domain", ("domain",)),
        BlockingRule("phone", ("phone",)),
        BlockingRule("name", ("name",)),
        BlockingRule("name_words", ("name_sorted",)),
        BlockingRule("name_rare_pair", ("name_rare_pair",)),
        BlockingRule("name_rare_word", ("name_rare",)),
        BlockingRule("domain_label", ("domain_label",)),
        BlockingRule("street", ("street", "substr(city, 1, 3)")),
        BlockingRule("name_start_city", ("substr(name, 1, 4)", "city")),
        BlockingRule("name_start_postcode", ("substr(name, 1, 3)", "postcode")),
        BlockingRule("name_start", ("substr(name_sorted, 1, 6)",)),
        BlockingRule("name_skeleton", ("translate(name, 'aeiouy ', '')",)),
    ),
    training_rules=(
        TrainingRule(("identifier",), "identifier"),
        TrainingRule(("domain",), "domain"),
        TrainingRule(("name",), "name"),
        TrainingRule(("phone",), "phone"),
        TrainingRule(("street",), "street"),
    ),
    required_agreement=(
        ("name", _NAME_AGREES),
        ("identifier", ("exact",)),
        ("domain", ("exact",)),
    ),
    conflicts=(Conflict("name", (("identifier", ("exact",)), ("domain", ("exact",)))),),
    doubts=(
        Doubt(
            "an alike name at another address",
            _ALIKE_ELSEWHERE,
            excused_by=(
                ("identifier", ("exact",)),
                ("domain", ("exact",)),
                ("phone", ("exact",)),
            ),
            witnesses=(("domain", ("exact",)), ("identifier", ("exact",))),
        ),
        Doubt(
            "one name under two top-level domains",
            f"gamma_domain = {_DOMAIN.level_value('label')}",
            excused_by=(
                ("identifier", ("exact",)),
                ("phone", ("exact", "close")),
                ("street", ("exact", "close")),
                ("locality", ("postcode", "city")),
            ),
            witnesses=(("phone", ("exact",)), ("street", ("exact", "close"))),
        ),
    ),
    frequencies=(
        Frequency("name", "domain_label, phone, city", _HOLDERS_OF_NAME),
        Frequency("name_sorted", "domain_label, phone, city", _HOLDERS_OF_NAME),
        Frequency("name_rare_pair", "name_sorted", "count(name_sorted)"),
        Frequency("name_rare", "name_sorted", "count(name_sorted)"),
        *(
            Frequency(column, "name_code", "count(name_code)")
            for column in (
                "domain",
                "domain_label",
                "street",
                "postcode",
                "city",
                "country",
            )
        ),
    ),
)
