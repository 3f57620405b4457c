"""The connector on its own, from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.hubspot.__main__ import main
from connectors.landing import Landing
from connectors.sandbox.hubspot import TOKEN
from tests.connectors.hubspot.portal import Scene, open_scene


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("PORTAL_TOKEN", TOKEN)
    with open_scene(tmp_path, objects=("contacts",)) as opened:
        (tmp_path / "hubspot.yml").write_text(
            f"name: portal\nbase_url: {opened.url}\nobjects: [contacts]\n"
            "calls_per_10_seconds: 1000000\n"
        )
        yield opened


def _run(folder: Path, *arguments: str) -> int:
    secret = "access_token=PORTAL_TOKEN"
    return main(
        ["--config", str(folder / "hubspot.yml"), "--secret", secret, *arguments]
    )


def test_it_lands_and_tells_what_it_cost(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(tmp_path, "--out", str(tmp_path / "out")) == 0
    told = capsys.readouterr()
    assert "contacts: 12 read, 12 new" in told.out
    assert "calls=" in told.err
    assert TOKEN not in told.out + told.err
    contacts = Landing(tmp_path / "out").current("hubspot", "contacts").collect()
    assert contacts.height == 12


def test_it_checks_and_says_what_is_wrong(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(tmp_path, "--check") == 0
    scene.portal.settings.denied = {"contacts"}
    assert _run(tmp_path, "--check") == 0  # a warning: the rest can be synced
    assert "crm.objects.contacts.read" in capsys.readouterr().err


def test_a_refused_token_is_exit_code_one(
    scene: Scene,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PORTAL_TOKEN", "pat-wrong")
    assert _run(tmp_path, "--out", str(tmp_path / "out")) == 1
    assert _run(tmp_path, "--check") == 1
    assert "pat-wrong" not in capsys.readouterr().err


def test_an_unknown_setting_is_exit_code_two(scene: Scene, tmp_path: Path) -> None:
    with (tmp_path / "hubspot.yml").open("a") as stream:
        stream.write("colour: blue\n")
    assert _run(tmp_path, "--out", str(tmp_path / "out")) == 2
    assert _run(tmp_path, "--check") == 2
