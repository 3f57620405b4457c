"""The deployment examples hold together, and their services really run."""

from __future__ import annotations

import configparser
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import yaml

from orchestration.errors import DeploymentError
from orchestration.instance import write_instance
from orchestration.serving import Role, prepare_service
from orchestration.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "orchestration" / "deployment"
SCHEMA = Path(__file__).parent / "data" / "compose-spec.json"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((EXAMPLES / "compose.yml").read_text())
    return document


def test_the_compose_file_follows_the_specification(compose: dict[str, Any]) -> None:
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(compose)


def test_services_networks_volumes_and_files_exist(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"postgres", "code", "web", "daemon", "proxy"} == set(services)
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        assert set(service["networks"]) <= set(compose["networks"]), name
        for volume in service.get("volumes", []):
            origin = re.sub(r"\$\{[^}]*:-([^}]*)\}", r"\1", volume).split(":")[0]
            if origin.startswith("./"):
                assert (EXAMPLES / origin).exists(), volume
            elif not origin.startswith("."):
                assert origin in compose["volumes"], volume
    build = services["code"]["build"]
    assert (EXAMPLES / build["context"] / build["dockerfile"]).is_file()


def test_only_the_proxy_is_reachable_and_only_code_has_secrets(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    assert [name for name in services if "ports" in services[name]] == ["proxy"]
    assert [name for name in services if "env_file" in services[name]] == ["code"]
    assert compose["networks"]["inside"]["internal"] is True
    assert services["web"]["networks"] == ["inside"]
    assert "basic_auth" in (EXAMPLES / "Caddyfile").read_text()
    # No default for a secret: a forgotten one stops compose instead of opening a door.
    text = (EXAMPLES / "compose.yml").read_text()
    for secret in ("POSTGRES_PASSWORD", "UI_PASSWORD_HASH"):
        assert f"TIDYCRM_{secret}:?" in text
        assert f"TIDYCRM_{secret}:-" not in text


def test_every_variable_of_the_compose_file_is_in_the_example(
    compose: dict[str, Any],
) -> None:
    text = (EXAMPLES / "compose.yml").read_text()
    wanted = set(re.findall(r"\$\{(TIDYCRM_[A-Z_]+)", text)) - {"TIDYCRM_VERSION"}
    named = set(
        re.findall(
            r"^(TIDYCRM_[A-Z_]+)=",
            (EXAMPLES / "tidycrm.env.example").read_text(),
            re.MULTILINE,
        )
    )
    assert wanted == named


def test_the_image_copies_what_exists_and_knows_its_settings() -> None:
    top = EXAMPLES.parents[1]
    text = (EXAMPLES / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (top / name).exists(), name
    variables = set(re.findall(r"TIDYCRM_([A-Z_]+)=", text))
    assert {name.lower() for name in variables} <= set(Settings.model_fields)
    assert re.search(r"^USER tidycrm$", text, re.MULTILINE)


@pytest.mark.parametrize("role", list(Role))
def test_units_start_the_roles_with_least_privilege(role: Role) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(EXAMPLES / "systemd" / f"tidycrm-{role}.service")
    service = unit["Service"]
    assert service["ExecStart"].split()[1:] == ["serve", role.value]
    assert service["User"] == "tidycrm"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    # The last of two EnvironmentFile wins here: secrets are for `code` alone.
    assert ("sources.env" in service["EnvironmentFile"]) == (role is Role.CODE)


def test_a_command_by_hand_has_what_the_service_has(tmp_path: Path) -> None:
    """Account, settings and secrets of `tidycrm-code`; and logs for people."""
    script = (EXAMPLES / "systemd" / "as-tidycrm").read_text()
    unit = (EXAMPLES / "systemd" / "tidycrm-code.service").read_text()
    for file in re.findall(r"^EnvironmentFile=(.+)$", unit, re.MULTILINE):
        assert f". {file}\n" in script
    program = re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE)[0]
    assert f"runuser -u tidycrm -- {program} " in script
    example = (EXAMPLES / "systemd" / "tidycrm.env.example").read_text()
    (tmp_path / "tidycrm.env").write_text(example)
    (tmp_path / "sources.env").write_text("CRM_TOKEN='a b$c&d'\n")
    here = script.replace(f"runuser -u tidycrm -- {program}", "env")
    here = here.replace("/etc/tidycrm", str(tmp_path))
    here = here.replace("/var/lib/tidycrm", str(tmp_path))
    done = subprocess.run(
        ["sh", "-c", here, "as-tidycrm"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert "CRM_TOKEN=a b$c&d" in lines
    assert "TIDYCRM_CONFIG=/etc/tidycrm/tidycrm.yml" in lines
    assert not any(line.startswith("TIDYCRM_LOG_FORMAT=") for line in lines)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    for role in Role:
        unit = tmp_path / f"tidycrm-{role}.service"
        text = (EXAMPLES / "systemd" / unit.name).read_text()
        # The programs and users of the guide are not on this machine.
        text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text)
        unit.write_text(re.sub(r"^(User|Group)=.*$", r"\1=root", text, flags=re.M))
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(unit)],
            capture_output=True,
            text=True,
            check=False,
        )
        complaints = [
            line
            for line in done.stderr.splitlines()
            if f"{unit.name}:" in line and "Unknown" in line
        ]
        assert complaints == []


def test_services_are_prepared(tmp_path: Path) -> None:
    config = tmp_path / "tidycrm.yml"
    config.write_text("sources: []\n")
    settings = Settings(home=tmp_path / "data", config=config)

    def prepared(role: Role) -> tuple[list[str], dict[str, str]]:
        service = prepare_service(
            role,
            settings,
            host="127.0.0.1",
            port=1234,
            code_host="code",
            code_port=4000,
            read_only=True,
        )
        return list(service.command), service.environment

    command, environment = prepared(Role.CODE)
    assert command[1:5] == ["api", "grpc", "-m", "orchestration.definitions"]
    assert environment["TIDYCRM_CONFIG"] == str(config)
    command, environment = prepared(Role.WEB)
    assert "--read-only" in command
    assert "TIDYCRM_CONFIG" not in environment
    assert "TIDYCRM_POSTGRES_URL" not in environment
    workspace = yaml.safe_load((tmp_path / "data/dagster/workspace.yaml").read_text())
    (server,) = workspace["load_from"]
    assert server["grpc_server"]["host"] == "code"
    config.unlink()
    with pytest.raises(DeploymentError, match="tidycrm init"):
        prepared(Role.CODE)


@pytest.mark.skipif(find_spec("dagster_postgres") is None, reason="no dagster-postgres")
def test_dagster_yaml_names_the_variable_and_holds_no_password(tmp_path: Path) -> None:
    file = write_instance(tmp_path, is_shared=True)
    storage = yaml.safe_load(file.read_text())["storage"]
    assert storage["postgres"]["postgres_url"] == {"env": "TIDYCRM_POSTGRES_URL"}


def test_postgres_without_its_driver_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.instance.find_spec", lambda _: None)
    with pytest.raises(DeploymentError, match=r"tidycrm\[postgres\]"):
        write_instance(tmp_path, is_shared=True)


# The same services by hand, with a real Postgres.


def _postgres() -> Path | None:
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A server of its own on 127.0.0.1; as root it runs as another user."""
    programs = _postgres()
    assert programs is not None
    user: str | None = None
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
        shutil.chown(folder, user)
        for parent in folder.parents:
            if parent.stat().st_mode & 0o005 != 0o005 and parent.owner() == "root":
                parent.chmod(parent.stat().st_mode | 0o011)
    port, data = _free_port(), folder / "pgdata"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, user=user, cwd="/")

    run(f"{programs}/initdb", "-D", str(data), "-U", "tidycrm", "-A", "trust", "-N")
    options = f"-p {port} -h 127.0.0.1 -k {data} -c fsync=off"
    run(
        f"{programs}/pg_ctl", "-D", str(data), "-w", "-t", "300",
        "-l", str(folder / "pg.log"), "-o", options, "start",
    )  # fmt: skip
    try:
        run(
            f"{programs}/createdb", "-h", "127.0.0.1", "-p", str(port),
            "-U", "tidycrm", "tidycrm",
        )  # fmt: skip
        yield f"postgresql://tidycrm@127.0.0.1:{port}/tidycrm"
    finally:
        run(f"{programs}/pg_ctl", "-D", str(data), "-m", "immediate", "stop")


def _ask(url: str, query: str) -> Any:
    answer = httpx.post(f"{url}/graphql", json={"query": query}, timeout=120)
    return answer.raise_for_status().json()["data"]


def _until(what: Callable[[], Any], seconds: float = 900) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = what()
            if found:
                return found
        except (httpx.HTTPError, OSError, KeyError, TypeError, ValueError):
            pass
        assert time.monotonic() < deadline, "the services did not come up"
        time.sleep(3)


@pytest.mark.slow
@pytest.mark.skipif(_postgres() is None, reason="no Postgres server on this machine")
@pytest.mark.skipif(find_spec("dagster_postgres") is None, reason="no dagster-postgres")
def test_code_web_and_daemon_run_a_job_and_keep_it_in_postgres(tmp_path: Path) -> None:
    config = tmp_path / "tidycrm.yml"
    config.write_text(
        "version: 1\nsources:\n  - {name: people, type: salesforce_files, path: exports, "
        "schedule: '0 4 * * *'}\n"
    )
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    code_port, web_port = _free_port(), _free_port()
    with ExitStack() as stack:
        url = stack.enter_context(postgres(cluster))
        environment = {
            **os.environ,
            "TIDYCRM_HOME": str(tmp_path / "data"),
            "TIDYCRM_CONFIG": str(config),
            "TIDYCRM_POSTGRES_URL": url,
        }

        def start(*arguments: str) -> None:
            log = stack.enter_context((tmp_path / f"{arguments[0]}.log").open("w"))
            process = subprocess.Popen(
                [str(Path(sys.executable).parent / "tidycrm"), "serve", *arguments],
                env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(os.killpg, process.pid, signal.SIGKILL)

        start("code", "--port", str(code_port))
        start("web", "--port", str(web_port), "--code-port", str(code_port))
        start("daemon", "--code-port", str(code_port))
        web = f"http://127.0.0.1:{web_port}"

        def loaded() -> bool:
            found = _ask(
                web,
                "{repositoriesOrError{...on RepositoryConnection{nodes{name location"
                "{name} jobs{name}}}}}",
            )
            (repository,) = found["repositoriesOrError"]["nodes"]
            names = {job["name"] for job in repository["jobs"]}
            return {"sync", "prune", "extract_people"} <= names

        _until(loaded)
        _until(
            lambda: all(
                each["healthy"]
                for each in _ask(
                    web,
                    "{instance{daemonHealth{allDaemonStatuses{daemonType healthy "
                    "required}}}}",
                )["instance"]["daemonHealth"]["allDaemonStatuses"]
                if each["required"]
            )
        )
        launched = _ask(
            web,
            "mutation{launchRun(executionParams:{selector:{repositoryLocationName:"
            '"tidycrm",repositoryName:"__repository__",jobName:"prune"},'
            'runConfigData:"{}"}){__typename ...on LaunchRunSuccess{run{runId}}}}',
        )["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run_id = launched["run"]["runId"]

        def status() -> str:
            found = _ask(
                web, f'{{runOrError(runId:"{run_id}"){{...on Run{{status}}}}}}'
            )
            return str(found["runOrError"]["status"])

        ended = _until(lambda: status() if status() in {"SUCCESS", "FAILURE"} else None)
        assert ended == "SUCCESS"
        # In Postgres, not in a file of the home.
        import psycopg2

        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("select status from runs where run_id = %s", [run_id])
            assert cursor.fetchall() == [("SUCCESS",)]
        assert not (tmp_path / "data/dagster/history/runs.db").exists()
