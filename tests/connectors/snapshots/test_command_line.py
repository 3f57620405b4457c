from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from connectors.hubspot.__main__ import main as hubspot
from connectors.salesforce.__main__ import main as salesforce

Main = Callable[[Sequence[str]], int]


@pytest.mark.parametrize(
    ("main", "name", "content", "object_name"),
    [
        (salesforce, "Contact.csv", "Id,LastName\n003x0000002xLCVAA2,Ann\n", "contact"),
        (hubspot, "all-contacts.csv", "Record ID,Email\n7,a@example.com\n", "contacts"),
    ],
    ids=["salesforce", "hubspot"],
)
def test_connector_runs_alone_and_sums_up(
    main: Main,
    name: str,
    content: str,
    object_name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_text(content)
    arguments = ["--path", str(tmp_path / "in"), "--out", str(tmp_path / "landing")]
    assert main(arguments) == 0
    assert f"{object_name}: 1 read, 1 new" in capsys.readouterr().out
    assert main(arguments) == 0
    assert "nothing changed" in capsys.readouterr().out


@pytest.mark.parametrize("main", [salesforce, hubspot], ids=["salesforce", "hubspot"])
def test_errors_end_with_a_message_and_another_exit_code(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--path", str(tmp_path / "absent"), "--out", str(tmp_path / "landing")]
    assert main(arguments) == 1
    assert "nothing lies at" in capsys.readouterr().err
    assert main([*arguments, "--name", "My CRM", "--mode", "delta"]) == 2
    assert "name:" in capsys.readouterr().err
