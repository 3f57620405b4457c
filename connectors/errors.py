"""Every error that a connector may raise, as one tree.

    ConnectorError
    ├── PermanentError                 the same call fails again: someone must act
    │   ├── SourceConfigError          the configuration asks for what cannot be
    │   │   └── ColumnMappingError     a mapped column is not in the file
    │   ├── SourceFileError            a file cannot be used as it is
    │   │   ├── SourceFileMissingError nothing lies at the configured place
    │   │   ├── EmptyFileError         no header or no row
    │   │   ├── EncodingError          the bytes are no text that we know
    │   │   ├── BrokenArchiveError     truncated, damaged or password-protected
    │   │   └── ArchiveLimitError      too large, too dense or unsafe to unpack
    │   ├── EmptySnapshotError         a full snapshot without rows would delete all
    │   └── LandingError               a batch breaks the landing contract
    └── RetryableError                 the same call may work later
        └── LandingBusyError           another process writes the same source

Messages name the file, what was found, what was expected and the next step. They carry
counts, line numbers and column names, never cell values: those may be personal data.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Base of all errors of this package."""


class PermanentError(ConnectorError):
    """Trying again without a change cannot help."""


class RetryableError(ConnectorError):
    """Trying again later may help."""


class SourceConfigError(PermanentError):
    """The configuration of a source contradicts itself or the world."""


class ColumnMappingError(SourceConfigError):
    """A column that the mapping names does not exist in the file."""


class SourceFileError(PermanentError):
    """A source file cannot be read as it is."""


class SourceFileMissingError(SourceFileError):
    """No file lies where the configuration points."""


class EmptyFileError(SourceFileError):
    """A file, sheet or member has no header or no row."""


class EncodingError(SourceFileError):
    """The bytes of a file are not text in any encoding that was tried."""


class BrokenArchiveError(SourceFileError):
    """A ZIP or workbook is truncated, damaged or protected by a password."""


class ArchiveLimitError(SourceFileError):
    """A ZIP or workbook is unsafe to unpack: too large, too dense, or nested."""


class EmptySnapshotError(PermanentError):
    """A full snapshot has no row although the landing zone knows living records."""


class LandingError(PermanentError):
    """A batch handed to the landing zone breaks its contract."""


class LandingBusyError(RetryableError):
    """Another process holds the lock of the same source."""
