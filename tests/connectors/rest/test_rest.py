"""Described services over real HTTP, and the page that teaches how to add one."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from connectors.errors import CredentialsError, ProtocolError
from connectors.landing import Landing
from connectors.rest import RestConfig, check, extract
from connectors.rest.__main__ import main
from connectors.sandbox.server import serve

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to-add-a-source.md"
NOW = datetime(2026, 1, 15, tzinfo=UTC)


class Service:
    """Lists people in five ways, two at a time."""

    def __init__(self) -> None:
        self.people = [
            {
                "id": n,
                "name": f"N{n}",
                "contact": {"email": f"n{n}@x.example"},
                "company": {"name": "Acme"},
                "updated_at": f"2026-01-0{n}T00:00:00Z",
            }
            for n in range(1, 6)
        ]
        self.asked: list[dict[str, str]] = []
        self.faults: list[Response] = []
        self.is_stuck = False

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{kind}", self.answer)])

    async def answer(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.asked.append(query)
        if self.faults:
            return self.faults.pop(0)
        if request.headers.get("authorization") != "Bearer t":
            return JSONResponse({}, status_code=401)
        kind = request.path_params["kind"]
        since = query.get("updated_since", "")
        found = [each for each in self.people if each["updated_at"] >= since]
        start = {
            "page": 2 * (int(query.get("page", 1)) - 1),
            "offset": int(query.get("offset", 0)),
            "link": int(query.get("from", 0)),
        }.get(kind, int(query.get("after") or 0))
        part = found[0:2] if self.is_stuck else found[start : start + 2]
        more = start + 2 < len(found)
        if kind == "none":
            return JSONResponse(found)
        if kind == "link":
            link = {"link": f'</link?from={start + 2}>; rel="next"'} if more else {}
            return JSONResponse(part, headers=link)
        following = str(start + 2) if more else None
        return JSONResponse({"data": part, "paging": {"next": following}})


@pytest.fixture
def service() -> Iterator[tuple[Service, str]]:
    found = Service()
    with serve(found.app()) as url:
        yield found, url


def config(url: str, *objects: dict[str, Any], **settings: Any) -> RestConfig:
    given = {"name": "svc", "base_url": url, "token": "t", "objects": objects}
    return RestConfig.model_validate(given | settings)


def people(kind: str, **settings: Any) -> dict[str, Any]:
    nested = {} if kind in ("none", "link") else {"records": "data"}
    pages = {"kind": kind, "cursor_path": "paging.next", "cursor_param": "after"}
    return {
        "name": "people",
        "path": f"/{kind}",
        "pagination": pages,
        **nested,
        **settings,
    }


@pytest.fixture
def run(tmp_path) -> Callable[..., Any]:
    landing = Landing(tmp_path / "landing")

    def sync(given: RestConfig, moment: datetime = NOW) -> Any:
        waits: list[float] = []
        return extract(given, landing, extracted_at=moment, sleep=waits.append), landing

    return sync


@pytest.mark.parametrize("kind", ["none", "page", "offset", "cursor", "link"])
def test_every_kind_of_page_is_followed_to_its_end(service, run, kind):
    _, url = service
    report, landing = run(config(url, people(kind)))
    rows = landing.current("rest", "people", "svc").collect()
    assert sorted(rows["_source_record_id"]) == ["1", "2", "3", "4", "5"]
    assert rows.sort("id")["contact"][0] == '{"email": "n1@x.example"}'
    assert report.usage.rows == 5
    assert run(config(url, people(kind)))[0].counts["people"].unchanged == 5


@pytest.mark.parametrize("kind", ["page", "offset", "cursor"])
def test_a_list_that_stands_still_is_an_error_and_not_endless(service, run, kind):
    found, url = service
    found.is_stuck = True
    report, _ = run(config(url, people(kind)))
    assert report.skipped == ("people: ProtocolError",)
    assert [type(each) for each in report.errors] == [ProtocolError]
    assert "the same as the one before" in report.warnings[0]


def test_changes_are_asked_for_and_deletions_found_by_a_full_read(service, run):
    found, url = service
    item = people(
        "cursor",
        cursor_field="updated_at",
        since_param="updated_since",
        overlap_seconds=60,
    )
    run(config(url, item))
    found.people[0] |= {"name": "new", "updated_at": "2026-01-06T00:00:00Z"}
    del found.people[1]
    report, landing = run(config(url, item))
    assert found.asked[-1]["updated_since"] == "2026-01-04T23:59:00Z"
    assert (report.counts["people"].changed, report.counts["people"].tombstoned) == (
        1,
        0,
    )
    report, landing = run(config(url, item), NOW + timedelta(days=8))
    assert report.counts["people"].tombstoned == 1
    rows = landing.current("rest", "people", "svc").collect()
    assert rows["_is_deleted"].sum() == 1


def test_one_bad_object_does_not_stop_the_others(service, run):
    found, url = service
    found.faults = [HTMLResponse("<html>login</html>")]
    good = people("cursor")
    report, _ = run(config(url, good | {"name": "bad"}, good))
    assert report.skipped == ("bad: ProtocolError",)
    assert report.counts["people"].new == 5
    report, _ = run(config(url, people("cursor", records="nope")))
    assert "Correct `records`" in report.warnings[0]
    report, _ = run(config(url, people("cursor", id_field="nope", allow_empty=True)))
    assert report.counts["people"].rejected == 5


def test_faults_are_retried_and_a_refused_token_ends_the_sync(service, run):
    found, url = service
    found.faults = [Response(status_code=503), JSONResponse({}, status_code=429)]
    assert run(config(url, people("cursor")))[0].counts["people"].new == 5
    with pytest.raises(CredentialsError) as caught:
        run(config(url, people("cursor"), token="canary"))
    assert "canary" not in str(caught.value)


def test_check_says_what_to_correct(service):
    _, url = service
    levels = [
        check(config(url, people("cursor", **change)))[0].level.value
        for change in ({}, {"id_field": "x"}, {"records": "x"})
    ]
    assert levels == ["ok", "warn", "fail"]


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "http://crm.example"},
        {"objects": [people("cursor"), people("page")]},
        {"objects": [people("cursor", cursor_field="x")]},
        {"objects": [people("cursor", land_as="contacts")]},
        {"objects": [people("cursor", land_as="contacts", fields={"nope": "x"})]},
    ],
)
def test_contradictions_are_refused(change):
    given = {"name": "svc", "base_url": "https://x.example", "token": "t"}
    with pytest.raises(ValidationError):
        RestConfig.model_validate(given | {"objects": [people("none")]} | change)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_code_of_the_page_works_as_it_stands(service, tmp_path, monkeypatch):
    _, url = service
    # The look-alike answers any path in the way of /cursor.
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert len(blocks[0].splitlines()) < 60
    (tmp_path / "page_code.py").write_text("".join(blocks), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    page = importlib.import_module("page_code")
    report = page.sync(url, "t", tmp_path)
    assert report.counts["tickets"].new == 5
    landing = Landing(tmp_path)
    contacts = landing.current("spreadsheet", "contacts", "helpdesk").collect()
    assert sorted(contacts["email"])[0] == "n1@x.example"
    assert set(contacts["company"]) == {"Acme"}
    assert page.sync(url, "t", tmp_path).counts["contacts"].unchanged == 5
    assert page.sync_people(tmp_path).counts["people"].new == 2


def test_the_command_line_checks_and_extracts(
    service: tuple[Service, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, url = service
    monkeypatch.setenv("SERVICE_TOKEN", "t")
    file = tmp_path / "service.yml"
    file.write_text(
        f"name: desk\nbase_url: {url}\nobjects: [{{name: people, path: /none}}]\n"
    )
    command = ["--config", str(file), "--token-from", "SERVICE_TOKEN"]
    assert main([*command, "--check"]) == 0
    assert "5 records, 5 with an id" in capsys.readouterr().err
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    assert "people: 5 read, 5 new" in told.out
    assert "calls=1" in told.err
    assert Landing(tmp_path / "out").current("rest", "people").collect().height == 5
    monkeypatch.setenv("SERVICE_TOKEN", "canary-of-a-secret")
    assert main([*command, "--check"]) == 1
    assert main([*command, "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr()
    assert "refused the token" in told.err
    assert "canary" not in told.out + told.err
    with pytest.raises(SystemExit):
        main(["--config", str(file), "--token-from", "NOT_SET", "--check"])
