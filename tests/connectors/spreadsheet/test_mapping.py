"""Headers to canonical columns: exact synonyms apply, likeness only suggests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import connectors.spreadsheet as package
from connectors.mapped_tables.mapping import MappedBy, map_columns
from connectors.mapped_tables.reference import object_reference
from connectors.spreadsheet import (
    SpreadsheetConfig,
    SpreadsheetObject,
    TableConfig,
    suggest_mapping,
)
from connectors.tabular.header import name_columns
from connectors.tabular.model import Header


def mapped(headers: list[str], item: str = "contacts") -> dict[str, str]:
    mapping = map_columns(header(headers), SpreadsheetObject(item), {}, name="t")
    return {
        column.header: column.landed
        for column in mapping.columns
        if column.mapped_by is MappedBy.SYNONYM
    }


def header(headers: list[str]) -> Header:
    return Header(line=1, row_count=1, columns=name_columns(headers)[0])


@pytest.mark.parametrize(
    ("language", "headers"),
    [
        ("en", ["First Name", "Last Name", "E-Mail", "Zip Code", "Company", "Country"]),
        ("de", ["Vorname", "Nachname", "E-Mail-Adresse", "PLZ", "Firma", "Land"]),
        ("fr", ["Prénom", "Nom de famille", "Courriel", "Code postal", "Société", "Pays"]),
        ("es", ["Nombre de pila", "Apellidos", "Correo electrónico", "Código postal", "Empresa", "País"]),
        ("it", ["Nome di battesimo", "Cognome", "Indirizzo e-mail", "CAP", "Azienda", "Paese"]),
        ("nl", ["Voornaam", "Achternaam", "E-mailadres", "Postcode", "Bedrijf", "Land"]),
        ("sv", ["Förnamn", "Efternamn", "E-post", "Postnummer", "Företag", "Land"]),
        ("pt", ["Primeiro nome", "Sobrenome", "Endereço de e-mail", "CEP", "Empresa", "País"]),
    ],
)  # fmt: skip
def test_usual_headers_are_recognised_in_eight_languages(
    language: str, headers: list[str]
) -> None:
    assert list(mapped(headers).values()) == [
        "first_name",
        "last_name",
        "email",
        "postal_code",
        "company",
        "country",
    ]


@pytest.mark.parametrize("item", list(SpreadsheetObject))
def test_every_canonical_name_means_itself(item: SpreadsheetObject) -> None:
    columns = object_reference(item).columns
    assert mapped(list(columns), item) == {name: name for name in columns}


def test_a_company_name_depends_on_the_object() -> None:
    assert mapped(["Company"], "companies") == {"Company": "name"}
    assert mapped(["Company"], "orders") == {"Company": "company"}


def test_ambiguous_and_misspelt_headers_are_suggested_only() -> None:
    mapping = map_columns(
        header(["Customer", "Amuont", "Colour"]), SpreadsheetObject.ORDERS, {}, name="t"
    )
    assert {column.landed for column in mapping.columns} == {
        "customer",
        "amuont",
        "colour",
    }
    suggested = {(each.canonical, each.header) for each in mapping.suggestions}
    assert {("company", "Customer"), ("full_name", "Customer")} <= suggested
    assert not any(header == "Colour" for _, header in suggested)


def test_a_second_header_of_the_same_meaning_keeps_its_own_name() -> None:
    mapping = map_columns(
        header(["Email", "E-Mail"]), SpreadsheetObject.CONTACTS, {}, name="t"
    )
    assert [column.landed for column in mapping.columns] == ["email", "e_mail"]
    assert len(mapping.notes) == 1


def test_the_configuration_beats_synonyms_and_displaced_names_stay_unique() -> None:
    mapping = map_columns(
        header(["Email", "Work", "sheet_name"]),
        SpreadsheetObject.CONTACTS,
        {"email": "Work"},
        name="t",
    )
    assert [column.landed for column in mapping.columns] == [
        "email_2",
        "email",
        "sheet_name_2",
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"object": "people"}, "contacts"),
        (
            {"columns": {"colour": "Colour"}},
            "no such column of orders; the columns are id",
        ),
        ({"columns": {"id": ""}}, "headers of id are blank"),
        ({"encoding": "klingon"}, "unknown encoding"),
        ({"currency": "euro"}, "currency"),
        ({"delimiter": "||"}, "delimiter"),
        ({"header_row": -1}, "header_row"),
        ({"colums": {}}, "colums"),
    ],
)
def test_mistakes_of_a_table_are_named(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TableConfig.model_validate({"path": "a.csv", "object": "orders"} | table)


def test_tables_of_one_object_share_one_mode() -> None:
    tables = [
        {"path": "a.csv", "object": "orders"},
        {"path": "b.csv", "object": "orders", "mode": "delta"},
    ]
    with pytest.raises(ValidationError, match="some tables are full and some delta"):
        SpreadsheetConfig.model_validate({"name": "shop", "tables": tables})


def test_settings_expire_receipts_but_places_do_not() -> None:
    def config(**options: Any) -> SpreadsheetConfig:
        table = {"path": "a.csv", "object": "orders"} | options
        return SpreadsheetConfig.model_validate({"name": "shop", "tables": [table]})

    base = config().settings_fingerprint(1)
    assert config(path="b.csv").settings_fingerprint(1) == base
    assert config(currency="EUR").settings_fingerprint(1) != base
    assert config().settings_fingerprint(2) != base


def test_the_facade_lists_what_it_exports() -> None:
    assert package.__all__ == sorted(
        package.__all__, key=lambda n: (not n.isupper(), not n[0].isupper(), n)
    )
    assert all(hasattr(package, name) for name in package.__all__)


def test_suggestions_for_a_real_subscription_file(shared_data: Path) -> None:
    path = shared_data / "metrics" / "mrr_playbook" / "subscription_periods.csv"
    [found] = suggest_mapping(path)
    assert found.object is SpreadsheetObject.SUBSCRIPTIONS
    assert {"id", "start_date", "end_date"} <= set(found.columns)


def test_suggestions_read_only_the_head_of_a_long_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.spreadsheet.suggestion._HEAD_BYTES", 200)
    path = tmp_path / "people.csv"
    path.write_text("Vorname;Nachname;E-Mail\n" + "Ann;Lee;a@b.example\n" * 1000)
    [found] = suggest_mapping(path)
    assert found.object is SpreadsheetObject.CONTACTS
    assert found.rows < 20
