"""Phone numbers to E.164 with extension and type.

`phonenumbers` decides; this module unwraps what people type around a number, chooses the
region, and recognises filler.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from hygiene.standardise.phone_plan import read_plain_number
from hygiene.standardise.status import Status
from hygiene.standardise.text import clean_compatible_text
from hygiene.standardise.vocabulary import Vocabulary, default_vocabulary

# Accepted: "+49 (30) 123-456", "030.123/456". Rejected: "030 123 x4", "+49 (0)30".
_PLAIN: Final = re.compile(r"\+?[\d ().\-/]+\Z")
# Accepted: "(030) 123 456 x12", "030 123456 ext. 7". Rejected: "030 123456 12".
_PLAIN_WITH_EXTENSION: Final = re.compile(
    r"(\+?[\d ().\-/]+\d)\s*(?:x|ext\.?|extension)\s*(\d{1,5})\Z", re.IGNORECASE
)
_NOT_DIAL: Final = re.compile(r"[^\d+]")
_NOT_DIGIT: Final = re.compile(r"\D")
# Accepted: "(0)". Written after a country code it is the trunk prefix to leave out.
_TRUNK_ZERO: Final = re.compile(r"^(\+[\d\s.\-]+)\(\s*0\s*\)")
# Accepted: "4.9301E+11": a spreadsheet ate the digits.
_SCIENTIFIC: Final = re.compile(r"\d[.,]\d+\s*e\s*\+?\d+\Z", re.IGNORECASE)
_FLOAT_TAIL: Final = re.compile(r"(\d{6,})\.0+\Z")
# Accepted: "Durchwahl 12", "poste 3", "Ext: 4". What phonenumbers does not know as extension.
_EXTENSION_WORD: Final = re.compile(
    r"[\s,;]*\b(?:durchwahl|dw|apparat|app|nebenstelle|int|interno|poste|anexo|ramal|toestel|tst"
    r"|anknytning|extension|extn|ext|x|vnitřní|wew|доб)\b\.?\s*[:#]?\s*(\d{1,7})\s*\Z",
    re.IGNORECASE,
)
# Accepted: "a; b", "a / b", "a or b", "a\nb". Rejected: "030/123456" (one number).
_SEVERAL: Final = re.compile(
    r"\s*[;|\n]\s*|\s+/\s+|\s*,\s*|\s+(?:or|oder|ou|o|and|und)\s+|(?<=\d)/(?=\+)"
    r"|\s+(?=\(?(?:fax|telefax|mobile?|cell|handy|tel|phone)\b)",
    re.IGNORECASE,
)
# Accepted: "Tel.:", "Mobile", "(m)". A label before the number.
_LABEL: Final = re.compile(
    r"^\s*\(?(?:tel|telephone|telefon|telefono|téléphone|phone|ph|mobile|mob|mobil|handy|cell|cel"
    r"|m|t|p|h|w|o|c|office|work|home|fax|büro|direct|main|whatsapp)\b\)?\s*[.:\-]*\s*(?=[+(\d])",
    re.IGNORECASE,
)
# Accepted: "(office)" behind a number. Rejected: "(0)".
_REMARK: Final = re.compile(r"\s*[(\[][^()\[\]\d]+[)\]]\s*\Z")
# Accepted: "1-800-FLOWERS". Rejected: "call after 5 pm".
_KEYPAD_LETTERS: Final = re.compile(r"\+?[\d ().\-]{3,}[A-Z\-]{4,12}\Z")
_FEWEST_DIGITS: Final = 5
_FEWEST_FILLER: Final = 3
_FEWEST_IN_ONE_OF_SEVERAL: Final = 7
_FEWEST_WITHOUT_PLUS: Final = 11
_ASCENDING: Final = "01234567890123456789"
_DESCENDING: Final = _ASCENDING[::-1]
_SHORTEST_WALK: Final = 6
_TYPE_NAMES: Final = {
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}


class PhoneResult(NamedTuple):
    """Verdict on one phone number. A tuple, because millions are made."""

    value: str | None
    status: Status
    rule: str
    extension: str | None = None
    type: str | None = None
    others: str | None = None


def _is_filler(digits: str) -> bool:
    """Return whether digits are a pattern that nobody's number has."""
    bare = digits.lstrip("0")
    if len(set(bare)) <= 1:
        return True
    core = digits if len(digits) >= _SHORTEST_WALK else ""
    return bool(core) and (core in _ASCENDING or core in _DESCENDING)


def _parse(text: str, region: str | None) -> PhoneResult | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    # A number is valid when the plan of its region gives it a type: one look-up, not two.
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        return None
    national = phonenumbers.national_significant_number(number)
    if _is_filler(national):
        return PhoneResult(None, Status.PLACEHOLDER, "phone.placeholder")
    return PhoneResult(
        value=phonenumbers.format_number(
            # The extension has a column of its own.
            number,
            PhoneNumberFormat.E164,
        ),
        status=Status.VALID,
        rule="phone.valid",
        extension=number.extension or None,
        type=_TYPE_NAMES[kind],
    )


def _read(text: str, region: str | None) -> PhoneResult | None:
    if _PLAIN.match(text):
        plain = read_plain_number(_NOT_DIAL.sub("", text), region=region)
        if plain is not None:
            return PhoneResult(plain[0], Status.VALID, "phone.valid", None, plain[1])
    elif match := _PLAIN_WITH_EXTENSION.match(text):
        plain = read_plain_number(_NOT_DIAL.sub("", match[1]), region=region)
        if plain is not None:
            return PhoneResult(
                plain[0], Status.VALID, "phone.valid", match[2], plain[1]
            )
    return _parse(text, region)


def standardise_phone(
    raw: str | None, *, region: str | None = None, vocabulary: Vocabulary | None = None
) -> PhoneResult:
    """Return the E.164 form of a phone number.

    Args:
        raw: The number as received.
        region: Country (ISO alpha-2) assumed for numbers without a country code.
        vocabulary: Words to compare with; the shipped ones by default.

    Returns:
        E.164, status, rule, extension and type. Only numbers that the numbering plan of
        their country allows are valid; one without country code and region is not usable.

    Example:
        >>> standardise_phone("030 12345678", region="DE").value
        '+493012345678'
    """
    words = vocabulary or default_vocabulary()
    text = clean_compatible_text(raw)
    if not text:
        return PhoneResult(None, Status.MISSING, "phone.missing")
    digits = _NOT_DIGIT.sub("", text)
    if words.placeholders.holds(text, "phone") or (
        len(digits) >= _FEWEST_FILLER and _is_filler(digits)
    ):
        return PhoneResult(None, Status.PLACEHOLDER, "phone.placeholder")
    if _SCIENTIFIC.search(text):
        return PhoneResult(None, Status.INVALID, "phone.scientific_notation")
    if len(digits) < _FEWEST_DIGITS and not _KEYPAD_LETTERS.match(text):
        rule = "phone.too_short" if digits else "phone.no_digits"
        return PhoneResult(None, Status.INVALID, rule)
    found = _read(text, region)
    if found is None:
        found = _repair(text, region)
    if found is not None:
        return found
    if region is None and "+" not in text:
        return PhoneResult(None, Status.INVALID, "phone.region_unknown")
    return PhoneResult(None, Status.INVALID, "phone.not_valid")


def _repair(text: str, region: str | None) -> PhoneResult | None:
    """Try what people and spreadsheets do to numbers, the least intrusive first."""
    if _PLAIN.match(text) and not ("/" in text or "(" in text or "." in text):
        # Nothing is written around the number: only its beginning can be wrong.
        return _restore_plus(text, region)
    plain = _REMARK.sub("", text)
    plain = _FLOAT_TAIL.sub(r"\1", _TRUNK_ZERO.sub(r"\1", _LABEL.sub("", plain)))
    if plain != text and (found := _read(plain, region)):
        is_float = _FLOAT_TAIL.search(text) is not None
        return _corrected(found, "phone.float") if is_float else found
    if match := _EXTENSION_WORD.search(plain):
        found = _read(plain[: match.start()].strip(), region)
        if found is not None and found.value is not None:
            return found._replace(extension=match[1])
    parts = [part for part in _SEVERAL.split(plain) if part]
    if len(parts) > 1 and (several := _read_several(parts, region)):
        return several
    return _restore_plus(plain, region)


def _read_several(parts: list[str], region: str | None) -> PhoneResult | None:
    """Return the first number of a field, with the others beside it."""
    numbers: list[PhoneResult] = []
    for part in parts:
        text = _TRUNK_ZERO.sub(r"\1", _LABEL.sub("", part))
        if len(_NOT_DIGIT.sub("", text)) < _FEWEST_IN_ONE_OF_SEVERAL:
            continue
        found = _read(text, region) or _restore_plus(text, region)
        if found is not None and found.value is not None:
            numbers.append(found)
    if not numbers:
        return None
    others = dict.fromkeys(found.value for found in numbers[1:] if found.value)
    others.pop(numbers[0].value or "", None)
    first = _corrected(numbers[0], "phone.first_of_several")
    return first._replace(others="; ".join(filter(None, others)) or None)


def _restore_plus(text: str, region: str | None) -> PhoneResult | None:
    """Try the number as an international one whose plus or prefix got lost."""
    if "+" not in text and _PLAIN.match(text):
        digits = _NOT_DIGIT.sub("", text)
        if digits.startswith("00") and (found := _read("+" + digits[2:], None)):
            return _corrected(found, "phone.international_prefix")
        if (
            region is not None
            and len(digits) >= _FEWEST_WITHOUT_PLUS
            and digits[0] != "0"
            and (found := _read("+" + digits, None))
        ):
            return _corrected(found, "phone.plus_restored")
    return None


def _corrected(found: PhoneResult, rule: str) -> PhoneResult:
    if found.value is None:
        return found
    return found._replace(status=Status.CORRECTED, rule=rule)
