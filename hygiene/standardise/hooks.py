"""The user's own standardisers: functions named in the settings.

A hook is a pure function. It gets one value per column as text (or None) and returns the
canonical value, a status and a rule id:

    def standardise_vat_id(raw, country_code):
        text = (raw or "").replace(" ", "").upper()
        if not text:
            return None, "missing", "vat_id.missing"
        ...
        return text, "valid", "vat_id.valid"

It is called once per distinct input and in several processes; what it returns is checked.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from hygiene.errors import HookError
from hygiene.standardise.status import Status
from hygiene.standardise.text_result import TextResult

_PARTS: Final = 3
_USABLE: Final = frozenset({Status.VALID, Status.CORRECTED})


def _split(reference: str) -> tuple[str, str]:
    module, _, function = reference.rpartition(":")
    return module, function


@lru_cache(maxsize=64)
def _load_module(module: str) -> ModuleType:
    if not module.endswith(".py"):
        return importlib.import_module(module)
    path = Path(module)
    spec = importlib.util.spec_from_file_location(f"tidycrm_hook_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(module)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def hook_source(reference: str) -> bytes:
    """Return the source text of a hook's file, which its results depend on.

    Args:
        reference: `package.module:function` or `path/to/file.py:function`.

    Returns:
        The file's bytes; nothing for a module that has no file.

    Raises:
        HookError: The module cannot be found.

    Example:
        >>> len(hook_source("json:dumps")) > 0
        True
    """
    module, _ = _split(reference)
    try:
        path = (
            module
            if module.endswith(".py")
            else (getattr(importlib.util.find_spec(module), "origin", None) or "")
        )
        if not path.endswith(".py"):
            return b""
        return Path(path).read_bytes()
    except (OSError, ImportError, ValueError) as error:
        raise HookError(
            f"loading the standardiser {reference}: {module} could not be found "
            f"({type(error).__name__}); expected an importable module or a Python file; "
            "correct `hook` or install the module"
        ) from error


def load_hook(reference: str) -> Callable[..., TextResult]:
    """Return a hook whose answers are checked.

    Args:
        reference: `package.module:function` or `path/to/file.py:function`.

    Returns:
        The function; it raises HookError when the hook answers anything else than
        (value, status, rule).

    Raises:
        HookError: There is no such function.

    Example:
        >>> load_hook("json:nothing")
        Traceback (most recent call last):
            ...
        hygiene.errors.HookError: loading the standardiser json:nothing: ...
    """
    module, name = _split(reference)
    try:
        function = getattr(_load_module(module), name)
    except (ImportError, AttributeError, OSError, SyntaxError) as error:
        raise HookError(
            f"loading the standardiser {reference}: {type(error).__name__}; expected the "
            f"function {name} in {module}; correct `hook` in the settings"
        ) from error

    def run(*values: str | None) -> TextResult:
        try:
            answer = function(*values)
        except Exception as error:  # noqa: BLE001  a user's function may raise anything
            # Its message may hold the value, so the chain of causes ends here.
            raise HookError(
                f"running the standardiser {reference}: it raised {type(error).__name__}; "
                "expected an answer for every text; handle the case in the function"
            ) from None
        return _check(answer, reference)

    return run


def _check(answer: Any, reference: str) -> TextResult:
    if not isinstance(answer, tuple) or len(answer) != _PARTS:
        raise HookError(
            f"running the standardiser {reference}: it returned {type(answer).__name__}; "
            "expected a tuple of value, status and rule; correct its return"
        )
    value, status, rule = answer
    try:
        verdict = Status(status)
    except ValueError as error:
        raise HookError(
            f"running the standardiser {reference}: its status is none of "
            f"{', '.join(Status)}; correct its return"
        ) from error
    is_text = value is None or isinstance(value, str)
    if not is_text or not isinstance(rule, str) or not rule:
        raise HookError(
            f"running the standardiser {reference}: value has to be text or None and rule "
            "a text that is not empty; correct its return"
        )
    if (value is not None) != (verdict in _USABLE):
        raise HookError(
            f"running the standardiser {reference}: a value goes with valid and corrected, "
            "and with these only; correct its return"
        )
    return TextResult(value, verdict, rule)
