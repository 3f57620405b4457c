from __future__ import annotations

from types import ModuleType

import pytest

from connectors import hubspot, salesforce, snapshots


@pytest.mark.parametrize("package", [hubspot, salesforce, snapshots])
def test_exported_names_are_complete_and_sorted(package: ModuleType) -> None:
    def order(name: str) -> tuple[int, str]:
        rank = 0 if name.isupper() else 1 if name[0].isupper() else 2
        return rank, name

    assert package.__all__ == sorted(package.__all__, key=order)
    assert all(hasattr(package, name) for name in package.__all__)


@pytest.mark.parametrize("package", [hubspot, salesforce])
def test_declared_columns_are_landed_names(package: ModuleType) -> None:
    for columns in package.declared_columns().values():
        assert all(name == name.lower() for name in columns)
        assert len(set(columns)) == len(columns)
