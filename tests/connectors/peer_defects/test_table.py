"""The table of defects names tests that exist, and every test of this folder."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "docs" / "peer-defects.md"
# Accepted: "[`test_x`](../tests/a/test_b.py)". Rejected: "[docs](../docs/x.md)".
_ENTRY = re.compile(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)")


def _tests(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_named_test_exists() -> None:
    entries = _ENTRY.findall(TABLE.read_text(encoding="utf-8"))
    assert len(entries) > 40
    for name, path in entries:
        assert name in _tests(ROOT / path), f"{path} has no {name}"


def test_every_test_against_a_defect_is_in_the_table() -> None:
    named = {name for name, _ in _ENTRY.findall(TABLE.read_text(encoding="utf-8"))}
    for vendor in ("salesforce", "hubspot"):
        found = _tests(Path(__file__).with_name(f"test_{vendor}.py"))
        assert found <= named, sorted(found - named)
