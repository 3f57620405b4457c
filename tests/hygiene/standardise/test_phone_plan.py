"""The short way through the numbering plans never contradicts the library."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from hygiene.standardise.phone import _TYPE_NAMES
from hygiene.standardise.phone_plan import read_plain_number


def ask_library(text: str, region: str | None) -> tuple[str, str] | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return e164, _TYPE_NAMES[phonenumbers.number_type(number)]


def example_texts(region: str) -> list[str]:
    texts = []
    for kind in PhoneNumberType.values():
        number = phonenumbers.example_number_for_type(region, kind)
        if number is not None:
            for layout in (PhoneNumberFormat.E164, PhoneNumberFormat.NATIONAL):
                text = phonenumbers.format_number(number, layout)
                texts.append("".join(c for c in text if c in "+0123456789"))
    return texts


def mutate(text: str, chance: random.Random) -> str:
    cut = chance.randrange(max(1, len(text) - 5), len(text))
    tail = "".join(chance.choice("0123456789") for _ in text[cut:])
    changed = text[:cut] + tail
    return chance.choice([changed, changed + chance.choice("0123456789"), changed[:-1]])


def test_every_regions_examples_and_their_neighbours_agree() -> None:
    chance = random.Random(20260115)
    answered = valid = 0
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    for region in regions:
        for text in example_texts(region):
            neighbours = [mutate(text, chance) for _ in range(2)]
            for candidate in (text, *neighbours):
                home = chance.choice([region, region, chance.choice(regions)])
                expected = ask_library(candidate, home)
                found = read_plain_number(candidate, region=home)
                valid += expected is not None
                answered += found is not None
                if found is not None:
                    assert found == expected, (candidate, home)
    # Declining is allowed, but then it would not be a short way.
    assert answered > 0.9 * valid


@pytest.mark.parametrize(
    ("digits", "region"),
    [("4155552671", None), ("+0123", None), ("+", None), ("", "DE"), ("123", "XX")],
)
def test_what_needs_thought_is_declined(digits: str, region: str | None) -> None:
    assert read_plain_number(digits, region=region) is None
