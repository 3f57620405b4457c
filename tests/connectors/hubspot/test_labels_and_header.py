from __future__ import annotations

import pytest

from connectors.errors import ColumnMappingError, SourceFileError
from connectors.hubspot import declared_columns, languages
from connectors.hubspot.header import find_language, map_header
from connectors.hubspot.labels import label_key, label_map
from connectors.hubspot.recognition import decide_object, object_of_name

OBJECTS = ("contacts", "companies", "deals", "tickets")


def test_english_covers_every_declared_column() -> None:
    for object_name in OBJECTS:
        known = {
            name for names in label_map("en", object_name).values() for name in names
        }
        assert set(declared_columns()[object_name]) - known == {"export_timezone"}


@pytest.mark.parametrize("language", languages())
def test_no_label_file_is_ambiguous(language: str) -> None:
    for object_name in OBJECTS:
        for names in label_map(language, object_name).values():
            assert len(names) == 1


@pytest.mark.parametrize("language", languages())
def test_every_language_knows_the_common_contact_labels(language: str) -> None:
    known = {
        name for names in label_map(language, "contacts").values() for name in names
    }
    assert {"hs_object_id", "firstname", "lastname", "email", "zip"} <= known


@pytest.mark.parametrize(
    ("header", "language", "names"),
    [
        (
            ["Record ID", "First Name", "Postal Code", "Unsubscribed from all email"],
            "en",
            ("hs_object_id", "firstname", "zip", "hs_email_optout"),
        ),
        (
            ["Datensatz-ID", "Vorname", "Postleitzahl", "Mobiltelefonnummer"],
            "de",
            ("hs_object_id", "firstname", "zip", "mobilephone"),
        ),
        (
            ["ID de fiche d\u2019informations", "Prénom", "Code postal"],
            "fr",
            ("hs_object_id", "firstname", "zip"),
        ),
        (
            ["Record-ID", "Voornaam", "Postcode"],
            "nl",
            ("hs_object_id", "firstname", "zip"),
        ),
        (
            ["Record ID", "Förnamn", "Företagsnamn", "Postnummer"],
            "sv",
            ("hs_object_id", "firstname", "company", "zip"),
        ),
        (
            ["ID de registro", "Nombre", "Apellidos", "Código postal"],
            "es",
            ("hs_object_id", "firstname", "lastname", "zip"),
        ),
        (
            ["ID do registro", "Sobrenome", "CEP"],
            "pt",
            ("hs_object_id", "lastname", "zip"),
        ),
        (
            ["hs_object_id", "firstname", "my_custom_score"],
            "en",
            ("hs_object_id", "firstname", "my_custom_score"),
        ),
    ],
    ids=["en", "de", "fr", "nl", "sv", "es", "pt", "internal"],
)
def test_labels_become_properties(
    header: list[str], language: str, names: tuple[str, ...]
) -> None:
    mapping = map_header(header, "contacts", label="f.csv")
    assert (mapping.language, mapping.names) == (language, names)


def test_label_of_one_language_is_no_property_in_another() -> None:
    """Swedish `Företagsnamn` is a company's name in companies, not in contacts."""
    assert label_map("sv", "companies")[label_key("Företagsnamn")] == ("name",)
    assert map_header(["Företagsnamn"], "contacts", label="f", language="de").names == (
        "foretagsnamn",
    )


def test_letter_case_spaces_and_apostrophes_do_not_matter() -> None:
    mapping = map_header(
        ["  record  id ", "Nom de l\u2019entreprise"],
        "companies",
        label="f",
        language="fr",
    )
    assert mapping.names == ("hs_object_id", "name")


def test_association_columns_keep_their_label_in_the_name() -> None:
    header = [
        "Record ID",
        "Associated Company IDs",
        "Associated Company IDs (Primary)",
        "Associated Contact IDs",
        "Associated Contact IDs (Billing contact)",
        "Associated Company",
    ]
    assert map_header(header, "deals", label="f").names[1:] == (
        "associated_company_ids",
        "associated_company_ids_primary",
        "associated_contact_ids",
        "associated_contact_ids_billing_contact",
        "associated_company",
    )


def test_repeated_unknown_labels_are_numbered_and_noted() -> None:
    header = ["Record ID", *["Email hard bounce reason"] * 3]
    mapping = map_header(header, "contacts", label="f")
    assert mapping.names[1:] == (
        "email_hard_bounce_reason",
        "email_hard_bounce_reason_2",
        "email_hard_bounce_reason_3",
    )
    assert "repeated labels numbered" in mapping.notes[0]


def test_unknown_label_never_takes_the_place_of_a_property() -> None:
    mapping = map_header(["Phone", "Phone Number"], "contacts", label="f")
    assert mapping.names == ("phone_2", "phone")


@pytest.mark.parametrize(
    "header",
    [
        ["Email", "Email"],
        ["email", "Email"],
        ["Merged object IDs", "Merged record IDs"],
    ],
    ids=["repeated", "internal and label", "two labels"],
)
def test_two_columns_of_one_property_are_an_error_with_a_fix(header: list[str]) -> None:
    with pytest.raises(ColumnMappingError, match="`columns:"):
        map_header(["Record ID", *header], "contacts", label="f")


def test_label_of_two_properties_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"reason": ("hs_reason", "hs_reason_enum")}
    monkeypatch.setattr("connectors.hubspot.header.label_map", lambda *_: both)
    with pytest.raises(ColumnMappingError, match="hs_reason or hs_reason_enum"):
        map_header(["Reason"], "contacts", label="f")
    fixed = map_header(
        ["Reason"], "contacts", label="f", columns={"reason": "hs_reason"}
    )
    assert fixed.names == ("hs_reason",)


def test_configuration_settles_ambiguity_by_occurrence() -> None:
    columns = {"Email#2": "work_email"}
    mapping = map_header(["Email", "Email"], "contacts", label="f", columns=columns)
    assert mapping.names == ("email", "work_email")


def test_older_spelling_of_a_property_is_understood_unless_both_are_there() -> None:
    one = map_header(["salesforcecontactid"], "contacts", label="f")
    assert one.names == ("hs_salesforcecontactid",)
    header = ["salesforcecontactid", "hs_salesforcecontactid"]
    assert map_header(header, "contacts", label="f").names == tuple(header)


def test_english_wins_when_no_label_decides() -> None:
    assert find_language(["x", "y"], "contacts") == "en"


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("hubspot-crm-exports-all-contacts-2026-01-15", "contacts"),
        ("all-companies", "companies"),
        ("alle-Kontakte", "contacts"),
        ("företag 2026", "companies"),
        ("hubspot-crm-exports-all-deals-2026-01-15-2", "deals"),
        ("contacts-of-companies", None),
        ("export", None),
    ],
)
def test_file_name_says_the_object_or_nothing(stem: str, expected: str | None) -> None:
    assert object_of_name(stem) == expected


@pytest.mark.parametrize(
    ("stem", "header", "expected"),
    [
        ("export", ["Record ID", "First Name", "Email", "Company Name"], "contacts"),
        ("export", ["Record ID", "Company name", "Company Domain Name"], "companies"),
        ("export", ["Record ID", "Deal Name", "Amount", "Pipeline"], "deals"),
        ("export", ["Record ID", "Ticket name", "Pipeline", "Priority"], "tickets"),
        ("export", ["Datensatz-ID", "Unternehmensname", "Branche"], "companies"),
        ("all-contacts", ["Record ID", "Company Name"], "contacts"),
        ("deals-team", ["Record ID", "First Name", "Contact owner"], "contacts"),
        (
            "x",
            [
                "Record ID", "First Name", "Company Name", "Industry",
                "Number of Employees", "Annual Revenue", "Contact owner",
            ],
            "contacts",
        ),
    ],
)  # fmt: skip
def test_object_is_recognised(stem: str, header: list[str], expected: str) -> None:
    assert decide_object("f", stem, header)[0] == expected


def test_clear_header_outranks_the_view_name_with_a_note() -> None:
    object_name, notes = decide_object("f", "deals", ["First Name", "Last Name"])
    assert object_name == "contacts"
    assert notes


def test_undecidable_header_is_an_error_with_a_fix() -> None:
    with pytest.raises(SourceFileError, match="`objects:"):
        decide_object("f", "export", ["Record ID", "Plan"])
