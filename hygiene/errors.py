"""The exceptions that hygiene raises, as one tree.

    HygieneError
    ├── RetryableError             the same call may work later
    │   └── StorageBusyError       a file or database is locked or out of space right now
    └── PermanentError             the same call fails again until somebody changes something
        ├── ConfigurationError     settings contradict each other or the data
        ├── ReferenceDataError     a reference file is missing or malformed
        ├── InputError             an input table is missing, unreadable or lacks columns
        ├── HookError              a user's own standardiser is missing or answers wrongly
        ├── ConservationError      records went in that did not come out (or the reverse)
        └── EngineError            a library behind a seam (Splink, Great Expectations) failed

Messages say what was being done, what was found, what was expected and the next step.
They hold counts, file names, line numbers and column names, never a cell's value.
"""


class HygieneError(Exception):
    """Anything that hygiene raises on purpose."""


class RetryableError(HygieneError):
    """The same call may succeed later without any change."""


class StorageBusyError(RetryableError):
    """A file or database could not be opened or written at this moment."""


class PermanentError(HygieneError):
    """The same call fails again until the input or the settings change."""


class ConfigurationError(PermanentError):
    """Settings contradict each other, the data or what is supported."""


class ReferenceDataError(PermanentError):
    """A versioned reference file is missing, malformed or contradicts itself."""


class InputError(PermanentError):
    """An input table is missing, unreadable or lacks declared columns."""


class HookError(PermanentError):
    """A standardiser of the user's own cannot be loaded, raises or answers wrongly."""


class ConservationError(PermanentError):
    """The number of records that left a step differs from the number that entered."""


class EngineError(PermanentError):
    """A library behind a seam failed on input that should have been acceptable."""
