"""ZIPs from outside: unpacked only when that is safe, under names of our own."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from connectors.errors import (
    ArchiveLimitError,
    BrokenArchiveError,
    SourceFileMissingError,
)
from connectors.tabular import ArchiveLimits, open_archive_members


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def pack(path: Path, members: dict[str, bytes], compression: int = 8) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_members_are_unpacked_in_order(tmp_path: Path, workdir: Path) -> None:
    path = pack(
        tmp_path / "a.zip", {"b/Contact.csv": b"Id\n1\n", "Account.csv": b"Id\n"}
    )
    members = list(open_archive_members(path, workdir))
    assert [member.name for member in members] == ["b/Contact.csv", "Account.csv"]
    assert members[0].path.read_bytes() == b"Id\n1\n"
    assert members[0].bytes == 5
    assert all(member.path.parent == workdir for member in members)


def test_only_wanted_members_are_unpacked_or_judged(
    tmp_path: Path, workdir: Path
) -> None:
    path = pack(tmp_path / "a.zip", {"x.csv": b"1", "attachment.zip": b"2"})
    members = list(
        open_archive_members(path, workdir, wanted=lambda name: name.endswith(".csv"))
    )
    assert [member.name for member in members] == ["x.csv"]


@pytest.mark.parametrize(
    "name", ["../evil.csv", "/etc/evil.csv", "a/../../e.csv", "C:\\e.csv"]
)
def test_paths_that_leave_the_archive_are_refused(
    tmp_path: Path, workdir: Path, name: str
) -> None:
    path = pack(tmp_path / "a.zip", {name: b"x"})
    with pytest.raises(ArchiveLimitError, match="leaves the archive"):
        list(open_archive_members(path, workdir))
    assert list(workdir.iterdir()) == []


def test_symbolic_links_are_refused(tmp_path: Path, workdir: Path) -> None:
    info = zipfile.ZipInfo("link.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveLimitError, match="symbolic link"):
        list(open_archive_members(path, workdir))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (ArchiveLimits(max_members=1), "at most 1 are accepted"),
        (ArchiveLimits(max_total_bytes=100), "at most 100 are accepted"),
        (ArchiveLimits(max_member_bytes=100), "at most 100 are accepted"),
        (ArchiveLimits(ratio_applies_above_bytes=100), "looks like a ZIP bomb"),
    ],
    ids=["members", "total", "member", "ratio"],
)
def test_bombs_are_refused(
    tmp_path: Path, workdir: Path, limits: ArchiveLimits, message: str
) -> None:
    path = pack(tmp_path / "a.zip", {"a.csv": b"0" * 1_000_000, "b.csv": b""})
    with pytest.raises(ArchiveLimitError, match=message):
        list(open_archive_members(path, workdir, limits=limits))


def test_an_archive_inside_an_archive_is_refused(tmp_path: Path, workdir: Path) -> None:
    path = pack(tmp_path / "a.zip", {"inner.zip": b"PK"})
    with pytest.raises(ArchiveLimitError, match="itself an archive"):
        list(open_archive_members(path, workdir))


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_truncated_zip_is_a_clear_error(
    tmp_path: Path, workdir: Path, keep: float
) -> None:
    path = pack(tmp_path / "a.zip", {"a.csv": bytes(range(256)) * 100}, compression=0)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(BrokenArchiveError, match="truncated or damaged"):
        list(open_archive_members(path, workdir))


def test_a_damaged_member_is_a_clear_error(tmp_path: Path, workdir: Path) -> None:
    path = pack(tmp_path / "a.zip", {"a.csv": b"x" * 5000}, compression=0)
    data = bytearray(path.read_bytes())
    data[2000] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(BrokenArchiveError, match="truncated or damaged"):
        list(open_archive_members(path, workdir))


def test_an_encrypted_member_is_a_clear_error(tmp_path: Path, workdir: Path) -> None:
    path = pack(tmp_path / "a.zip", {"a.csv": b"x"})
    data = path.read_bytes().replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
    )
    path.write_bytes(data)
    with pytest.raises(BrokenArchiveError, match="password"):
        list(open_archive_members(path, workdir))


def test_a_missing_zip_is_a_clear_error(tmp_path: Path, workdir: Path) -> None:
    with pytest.raises(SourceFileMissingError):
        list(open_archive_members(tmp_path / "absent.zip", workdir))
