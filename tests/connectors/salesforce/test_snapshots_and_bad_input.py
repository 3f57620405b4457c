from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connectors.errors import (
    BrokenArchiveError,
    EmptyFileError,
    EmptySnapshotError,
    PermanentError,
    SourceFileError,
    SourceFileMissingError,
)
from connectors.landing import Landing
from tests.connectors.salesforce.exports import (
    ANN,
    BOB,
    CONTACT,
    ORG,
    Sync,
    contact,
    csv_bytes,
    files_below,
    landed,
    write_zip,
)


class TestSnapshotFolders:
    """Each folder that directly holds exports is one snapshot."""

    def add(self, exports: Path, folder: str, rows: list[list[str]]) -> None:
        (exports / folder).mkdir(parents=True, exist_ok=True)
        (exports / folder / "Contact.csv").write_bytes(csv_bytes(CONTACT, rows))

    def test_folders_load_in_natural_order(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        self.add(exports, "export-10", [contact(ANN, "Third")])
        self.add(exports, "export-9", [contact(ANN, "Second"), contact(BOB, "Bob")])
        self.add(exports, "export-2", [contact(ANN, "First")])
        report = sync()
        assert len(report.loads) == 3
        current = landed(landing, "contact")
        assert current["lastname"].to_list() == ["Third", "Bob"]
        assert current["_delete_kind"].to_list() == [None, "absent"]

    def test_only_a_new_folder_is_read(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        self.add(exports, "2026-01", [contact(ANN, "January")])
        sync()
        self.add(exports, "2026-02", [contact(ANN, "February")])
        report = sync()
        assert report.files_read == 1
        assert report.counts["contact"].changed == 1

    def test_an_older_folder_that_appears_later_is_skipped_with_a_warning(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        self.add(exports, "2026-02", [contact(ANN, "February")])
        sync()
        self.add(exports, "2026-01", [contact(ANN, "January")])
        report = sync()
        assert any(
            "'2026-01'" in line and "skipped" in line for line in report.warnings
        )
        assert landed(landing, "contact")["lastname"].to_list() == ["February"]
        assert sync().is_unchanged

    def test_a_lost_receipt_brings_no_old_values_back(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        self.add(exports, "2026-01", [contact(ANN, "January")])
        self.add(exports, "2026-02", [contact(ANN, "February")])
        sync()
        before = files_below(landing.root)
        shutil.rmtree(landing.root / "_receipts")
        sync()
        assert files_below(landing.root) == before

    def test_an_error_in_a_later_folder_lands_nothing_of_the_earlier(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        self.add(exports, "2026-01", [contact(ANN, "January")])
        (exports / "2026-02").mkdir()
        (exports / "2026-02" / "mystery.csv").write_bytes(b"Id,Name\n,x\n")
        with pytest.raises(PermanentError):
            sync()
        assert not files_below(landing.root)

    def test_a_later_folder_without_rows_is_refused_before_the_first_lands(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        self.add(exports, "2026-01", [contact(ANN, "January")])
        self.add(exports, "2026-02", [])
        with pytest.raises(EmptySnapshotError):
            sync()
        assert not files_below(landing.root)


class TestBadInput:
    """One clear permanent error, and the landing zone as it was."""

    def expect(
        self, sync: Sync, landing: Landing, error: type[PermanentError], text: str
    ) -> None:
        before = files_below(landing.root)
        with pytest.raises(error, match=text):
            sync()
        assert files_below(landing.root) == before
        assert landing.receipt("salesforce", "crm") is None

    def test_missing_path(self, exports: Path, landing: Landing, sync: Sync) -> None:
        exports.rmdir()
        self.expect(sync, landing, SourceFileMissingError, "optional: true")
        assert sync(optional=True).loads == ()

    def test_folder_without_exports(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        (exports / "readme.txt").write_text("nothing")
        self.expect(sync, landing, SourceFileMissingError, "holds no file of kind")

    def test_truncated_zip(self, exports: Path, landing: Landing, sync: Sync) -> None:
        content = csv_bytes(CONTACT, [contact(ANN, "Ann")] * 500)
        path = write_zip(exports / f"WE_{ORG}_1.ZIP", {"Contact.csv": content})
        path.write_bytes(path.read_bytes()[:-200])
        self.expect(sync, landing, BrokenArchiveError, "truncated or damaged")

    def test_good_files_beside_a_truncated_zip_do_not_land(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, [contact(ANN, "A")]))
        (exports / f"WE_{ORG}_1.ZIP").write_bytes(b"PK\x03\x04 cut")
        self.expect(sync, landing, BrokenArchiveError, "ZIP")

    def test_missing_part_of_a_data_export(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        content = csv_bytes(CONTACT, [contact(ANN, "Ann")])
        write_zip(exports / f"WE_{ORG}_1.ZIP", {"Contact.csv": content})
        write_zip(exports / f"WE_{ORG}_3.ZIP", {"Contact.csv": content})
        self.expect(
            sync, landing, SourceFileError, "number 2 of at least 3 are missing"
        )
        assert sync(mode="delta").counts["contact"].new == 1

    def test_two_orgs_in_one_folder(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        content = csv_bytes(CONTACT, [contact(ANN, "Ann")])
        write_zip(exports / f"WE_{ORG}_1.ZIP", {"Contact.csv": content})
        write_zip(exports / "WE_00Dx0000000XyzDEAS_1.ZIP", {"Contact.csv": content})
        self.expect(sync, landing, SourceFileError, "come from 2 orgs")

    def test_zero_byte_file(self, exports: Path, landing: Landing, sync: Sync) -> None:
        (exports / "Contact.csv").touch()
        self.expect(sync, landing, EmptyFileError, "Contact.csv")

    def test_no_id_column(self, exports: Path, landing: Landing, sync: Sync) -> None:
        (exports / "Contact.csv").write_bytes(csv_bytes(["Full Name"], [["Ann"]]))
        self.expect(sync, landing, SourceFileError, "no Id column")

    def test_undecidable_object(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        rows = [["a0Xx0000000AbcDEAS"]]
        (exports / "stuff.csv").write_bytes(csv_bytes(["Id"], rows))
        self.expect(sync, landing, SourceFileError, "neither its name nor the prefixes")

    def test_only_bad_ids(self, exports: Path, landing: Landing, sync: Sync) -> None:
        (exports / "Contact.csv").write_bytes(csv_bytes(["Id"], [["1"], ["2"]]))
        self.expect(sync, landing, SourceFileError, "none of 2 rows")

    def test_only_status_files(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        rows = [[ANN, "Item Created"]]
        (exports / "success1.csv").write_bytes(csv_bytes(["ID", "STATUS"], rows))
        self.expect(sync, landing, SourceFileError, "wanted object")

    def test_header_only_first_load_is_fine(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, []))
        assert sync().counts["contact"].rows_read == 0

    def test_full_export_that_became_empty_is_refused(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, [contact(ANN, "A")]))
        sync()
        before = files_below(landing.root)
        (exports / "Contact.csv").write_bytes(csv_bytes(CONTACT, []))
        with pytest.raises(EmptySnapshotError, match="allow_empty: true"):
            sync()
        assert files_below(landing.root) == before
        assert sync(allow_empty=True).counts["contact"].tombstoned == 1

    def test_errors_hold_no_cell_values(
        self, exports: Path, landing: Landing, sync: Sync
    ) -> None:
        rows = [["canary@example.com", "Canary"]]
        (exports / "Contact.csv").write_bytes(csv_bytes(["Id", "LastName"], rows))
        with pytest.raises(PermanentError) as caught:
            sync()
        assert "canary" not in str(caught.value).lower()
