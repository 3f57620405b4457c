"""The dbt project as Dagster sees it: its manifest, its resource, its test results.

The manifest is parsed once per version of the project into the home folder, so loading
the definitions does not start dbt.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DbtCliResource
from filelock import FileLock
from packaging.version import Version

from orchestration.disk_errors import disk_trouble_in
from orchestration.errors import BusyError, PipelineError
from orchestration.home import exclusive, replace_text
from orchestration.workspace import Workspace

DIMENSION_OF_TEST = {
    "unique": "uniqueness",
    "unique_combination": "uniqueness",
    "not_null": "completeness",
    "not_empty_string": "completeness",
    "relationships": "consistency",
    "relationships_where": "consistency",
    "accepted_values": "validity",
    "accepted_range": "validity",
    "expression_is_true": "consistency",
}
"""Quality dimension of a generic dbt test that names none in its `meta`."""


_WITH_VARIABLES = frozenset(
    {
        "build",
        "run",
        "test",
        "compile",
        "parse",
        "show",
        "ls",
        "list",
        "seed",
        "snapshot",
    }
)
_HOLDER = re.compile(r"PID (\d+)")
LOG_BYTES = 2_000_000
"""Of one log file of dbt by hand, of which it keeps six, in 12 MB at most."""

PROJECT_STAMP = "tidycrm_project.sha256"
"""File below `target_path` that names the version of the project that was parsed."""

_PROJECT_SUFFIXES = {".sql", ".py", ".yml", ".md"}


@dataclass(frozen=True, slots=True)
class DbtTestResult:
    """Outcome of one dbt test, without any value of any row."""

    rule_id: str
    rule_name: str
    model: str
    dimension: str
    severity: str
    rows_failed: int
    success: bool


class Translator(DagsterDbtTranslator):
    """Keys and groups as people look for them: by layer, then by source or area."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Layer and name: a mart may have the name of the hygiene table it shows."""
        if dbt_resource_props["resource_type"] == "model" and not _dagster_meta(
            dbt_resource_props
        ):
            return dg.AssetKey(
                [dbt_resource_props["fqn"][1], dbt_resource_props["name"]]
            )
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Group by layer, and inside it by source or business area."""
        named = _dagster_meta(dbt_resource_props).get("group")
        if dbt_resource_props["resource_type"] == "model" and named:
            return str(named)
        return "_".join(dbt_resource_props["fqn"][1:-1][:2]) or None


def _dagster_meta(dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a model says of its own place in the graph; most say nothing."""
    meta = dbt_resource_props.get("config", {}).get("meta") or {}
    named: Mapping[str, Any] = meta.get("dagster") or {}
    return named


def dbt_environment(workspace: Workspace) -> dict[str, str]:
    """Variables that the dbt profile reads."""
    return {
        "TIDYCRM_WAREHOUSE": str(workspace.home.warehouse),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def dbt_executable() -> Path:
    """The dbt of this Python environment, not whatever is first on PATH."""
    return Path(sys.executable).parent / "dbt"


def log_options(workspace: Workspace) -> tuple[str, ...]:
    """Where dbt logs, and when it begins another file; it keeps five full ones."""
    return (
        "--log-path",
        str(workspace.home.dbt / "logs"),
        "--log-file-max-bytes",
        str(LOG_BYTES),
    )


class _DbtCore(DbtCliResource):
    """Dagster's resource, without what it asks of dbt before each command.

    It starts `dbt --version` and an adapter, five seconds of CPU: the version is that of
    the locked package, and the adapter serves queries of Dagster's own that are not made.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        del args


def dbt_resource(workspace: Workspace) -> DbtCliResource:
    """Resource that runs dbt on the workspace's project."""
    os.environ.update(dbt_environment(workspace))
    return _DbtCore(
        project_dir=str(workspace.dbt_project),
        profiles_dir=str(workspace.dbt_project),
        dbt_executable=str(dbt_executable()),
        global_config_flags=[
            *log_options(workspace),
            # Each line goes to the log of the step, where people look. A file would hold
            # it again, and wording lines for it takes dbt time in every run.
            "--log-level-file",
            "none",
        ],
    )


def target_path(workspace: Workspace) -> Path:
    """Folder of compiled dbt artefacts of this home."""
    return workspace.home.dbt / "target"


def ensure_manifest(workspace: Workspace) -> Path:
    """Parse the dbt project when it changed since the last time.

    Raises:
        PipelineError: dbt cannot parse the project; its own words follow.
    """
    target = target_path(workspace)
    manifest = target / "manifest.json"
    stamp = target / PROJECT_STAMP
    wanted = _project_fingerprint(workspace)
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / ".parse.lock"):
        if manifest.exists() and stamp.exists() and stamp.read_text() == wanted:
            return manifest
        # The variables of a run, because dbt parses anew when they differ.
        variables = workspace.dbt_vars(workspace.as_of(workspace.clock()))
        finished = subprocess.run(  # noqa: S603 - our own executable and arguments
            [
                str(dbt_executable()),
                *log_options(workspace),
                "parse",
                "--target-path",
                str(target),
                "--vars",
                json.dumps(variables),
            ],
            cwd=workspace.dbt_project,
            env={
                **os.environ,
                **dbt_environment(workspace),
                "DBT_PROFILES_DIR": str(workspace.dbt_project),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            if told := disk_trouble_in(finished.stdout + finished.stderr):
                raise PipelineError(f"Writing {target}: {told}.")
            raise PipelineError(
                f"dbt could not parse {workspace.dbt_project}. Its words:\n"
                f"{finished.stdout[-2000:]}{finished.stderr[-500:]}"
            )
        replace_text(stamp, wanted)
    return manifest


def run_by_hand(
    workspace: Workspace, arguments: Sequence[str], *, wait_seconds: float = 0
) -> int:
    """Run dbt with the variables and folders of a sync while holding the home.

    Args:
        workspace: Whose warehouse.
        arguments: Of dbt, the command first.
        wait_seconds: How long to wait for another process on the home.

    Returns:
        The exit code of dbt.

    Raises:
        BusyError: A run works on the home.
    """
    command, *rest = arguments or ["--help"]
    given = [command, *rest]
    if command in _WITH_VARIABLES and "--vars" not in rest:
        variables = workspace.dbt_vars(workspace.as_of(workspace.clock()))
        given += ["--vars", json.dumps(variables)]
        given += ["--target-path", str(target_path(workspace))]
    with exclusive(workspace.home, purpose="tidycrm dbt", wait_seconds=wait_seconds):
        return subprocess.run(  # noqa: S603 - our own executable
            [
                str(dbt_executable()),
                *log_options(workspace),
                *given,
            ],
            cwd=workspace.dbt_project,
            env={
                **os.environ,
                **dbt_environment(workspace),
                "DBT_PROFILES_DIR": str(workspace.dbt_project),
            },
            check=False,
        ).returncode


def refuse_open_warehouse(workspace: Workspace, *, wait_seconds: float = 30) -> None:
    """Say who has the warehouse open, before a run fails half-way because of it.

    dbt by hand, a notebook or a database tool holds the file without holding the home.
    So does the dbt of a run that was killed, until it has ended by itself.

    Args:
        workspace: Whose warehouse.
        wait_seconds: How long to wait for the file.

    Raises:
        BusyError: Another process has it open.
        PipelineError: The file is damaged.
    """
    file = workspace.home.warehouse
    if not file.exists():
        return
    until = time.monotonic() + wait_seconds
    while True:
        try:
            duckdb.connect(str(file)).close()
        except duckdb.ConnectionException:
            return  # open in this process already, so nobody else holds it
        except duckdb.Error as error:
            if "lock" not in str(error):
                raise PipelineError(
                    f"Opening {file}: it is damaged ({type(error).__name__}). Nothing "
                    "is lost: remove the file and run `tidycrm sync --force`, which "
                    "builds it anew from what was landed."
                ) from None
            if time.monotonic() < until:
                time.sleep(1)
                continue
            holder = _HOLDER.search(str(error))
            who = f"process {holder.group(1)}" if holder else "another process"
            raise BusyError(
                f"{file} is open in {who}: dbt started by hand, a notebook or a database "
                "tool. Only a sync may write it. Close that program (use `tidycrm dbt` "
                "for dbt by hand), and read published/crm.duckdb instead."
            ) from None
        else:
            return


def test_result(
    message: Mapping[str, Any], nodes: Mapping[str, Any]
) -> DbtTestResult | None:
    """Read the outcome of a data test from the line of dbt's log that tells it.

    Args:
        message: A line of the structured log.
        nodes: Nodes of the manifest by id.

    Returns:
        None for lines about anything else, and for a test that was skipped.
    """
    data = message["data"]
    if message["info"]["name"] != "LogTestResult" or data["status"] == "skipped":
        return None
    node = nodes.get(data["node_info"]["unique_id"], {})
    if node.get("resource_type") != "test":
        return None
    meta = {**node.get("meta", {}), **node.get("config", {}).get("meta", {})}
    generic = (node.get("test_metadata") or {}).get("name", "singular")
    attached = node.get("attached_node") or next(
        iter(node.get("depends_on", {}).get("nodes", [])), ""
    )
    return DbtTestResult(
        rule_id=str(meta.get("rule_id") or node["name"]),
        rule_name=node["name"],
        model=attached.split(".")[-1],
        dimension=str(
            meta.get("dimension") or DIMENSION_OF_TEST.get(generic, "consistency")
        ),
        severity=node["config"].get("severity", "error").lower(),
        rows_failed=int(data.get("num_failures") or 0),
        success=data["status"] == "pass",
    )


def published_models(manifest: Path) -> list[dict[str, Any]]:
    """Marts of the project, sorted by name: schema, name and columns of the key."""
    nodes = json.loads(manifest.read_text())["nodes"].values()
    marts = [
        node
        for node in nodes
        if node["resource_type"] == "model"
        and node["config"].get("materialized") != "ephemeral"
        and node["config"].get("access", node.get("access")) == "public"
    ]
    return sorted(marts, key=lambda node: str(node["name"]))


def is_published_as_view(model: Mapping[str, Any]) -> bool:
    """Whether a model asks, by `meta: {published_as: view}`, to stay a view."""
    meta = model.get("config", {}).get("meta") or {}
    return meta.get("published_as") == "view"


def personal_columns(model: Mapping[str, Any]) -> dict[str, str]:
    """Class of every personal column of a model, as `meta: {pii: <class>}` says."""
    found = {}
    for name, column in model.get("columns", {}).items():
        meta = {**column.get("meta", {}), **column.get("config", {}).get("meta", {})}
        if meta.get("pii"):
            found[name] = str(meta["pii"])
    return found


def _project_fingerprint(workspace: Workspace) -> str:
    digest = hashlib.sha256(str(workspace.home.root).encode())
    for path in sorted(workspace.dbt_project.rglob("*")):
        parts = path.relative_to(workspace.dbt_project).parts
        if parts[0] in {"target", "logs"} or path.suffix not in _PROJECT_SUFFIXES:
            continue
        digest.update("/".join(parts).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
