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
    │   ├── LandingError               a batch breaks the landing contract
    │   ├── CredentialsError           a service refuses who we say we are
    │   ├── MissingScopeError          the account may not do what was asked
    │   ├── RemoteObjectMissingError   a service has no such object or field
    │   ├── ProtocolError              an answer is not what the service promises
    │   ├── LimitReachedError          a budget of calls is used up: stop cleanly
    │   ├── ClockSkewError             this machine's clock is off
    │   └── SpoolError                 an answer cannot be written to the disk
    └── RetryableError                 the same call may work later
        ├── LandingBusyError           another process writes the same source
        ├── ServiceUnavailableError    no answer, or the service says it is ill
        ├── RateLimitedError           too many calls at once
        └── TruncatedResponseError     an answer ended before its end

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


class CredentialsError(PermanentError):
    """A service refuses the credentials: wrong, expired or revoked."""


class MissingScopeError(PermanentError):
    """The credentials are right, but their account lacks a permission."""


class RemoteObjectMissingError(PermanentError):
    """A service does not have, or does not show, an object or a field."""


class ProtocolError(PermanentError):
    """An answer is not of the kind that the service documents."""


class LimitReachedError(PermanentError):
    """A budget of calls is used up; what was landed stays, the next run goes on."""


class ClockSkewError(PermanentError):
    """The clock of this machine is so far off that a service refuses its tokens."""


class SpoolError(PermanentError):
    """An answer could not be written to the local disk."""


OUT_OF_REACH = (MissingScopeError, RemoteObjectMissingError)
"""What an account cannot show. Where it never could, there is nothing to wait for."""


class ServiceUnavailableError(RetryableError):
    """A service did not answer, or answered that it is out of order."""


class RateLimitedError(RetryableError):
    """A service asks for fewer calls and did not relent within the attempts."""


class TruncatedResponseError(RetryableError):
    """An answer stopped before its end, in every attempt."""
