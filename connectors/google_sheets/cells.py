"""Which cells are dates: Google does not say, but two renderings together do.

Belongs here: telling dates from numbers and writing them as text. Asked with
UNFORMATTED_VALUE, a number stays a number; only dates, times and durations come as a
number under SERIAL_NUMBER and as a text under FORMATTED_STRING. The number is exact, the
text depends on locale and format: so the text tells that it is a date, and the number
which one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

Cell: TypeAlias = str | int | float | bool | None

_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # a sheet's times have no zone
_DAY_SECONDS = 86_400
# What Sheets can show: 0001-01-01 to 9999-12-31.
_FIRST, _LAST = -693_593, 2_958_465
# Accepted: "26:30", "9:05:00 PM". Rejected: "2020-01-01", "3/1/2020 10:00".
_CLOCK = re.compile(r"^(\d+)[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp][Mm])?$")


def merge_renderings(
    serial: Sequence[Sequence[Any]], shown: Sequence[Sequence[Any]]
) -> list[list[Cell]] | None:
    """Put two renderings of the same cells together.

    Args:
        serial: Rows with dates as numbers.
        shown: The same rows with dates as text.

    Returns:
        Rows with dates as ISO text; None when the cells were edited in between.

    Example:
        >>> merge_renderings([[2, 43831]], [[2, "1/1/2020"]])
        [[2, '2020-01-01']]
    """
    if len(serial) != len(shown):
        return None
    rows = []
    for numbers, texts in zip(serial, shown, strict=True):
        if numbers == texts:
            rows.append(list(numbers))
            continue
        if len(numbers) != len(texts):
            return None
        row: list[Cell] = []
        for number, text in zip(numbers, texts, strict=True):
            if number == text:
                row.append(number)
            elif _is_number(number) and isinstance(text, str):
                row.append(moment_text(number, text))
            elif _is_number(number) and _is_number(text):
                row.append(number)  # a formula such as RAND()
            else:
                return None
        rows.append(row)
    return rows


def moment_text(serial: float, shown: str) -> str:
    """Write a date, time or duration: the number decides, the text tells which kind.

    Example:
        >>> moment_text(43831, "Jan 20"), moment_text(45717.4375, "01.03.2025 10:30")
        ('2020-01-01', '2025-03-01 10:30:00')
        >>> moment_text(0.5, "12:00 PM"), moment_text(1.5, "36:00:00")
        ('12:00:00', '36:00:00')
    """
    if not _FIRST <= serial <= _LAST + 1:
        return shown
    seconds = round(serial * _DAY_SECONDS)
    clock = _CLOCK.match(shown.strip())
    hours = seconds // 3600
    is_duration = clock is not None and int(clock.group(1)) == hours
    if clock is not None and (0 <= serial < 1 or is_duration):
        width = 2 if serial < 1 else 1
        return f"{hours:0{width}d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    moment = _EPOCH + timedelta(seconds=seconds)
    if seconds % _DAY_SECONDS == 0:
        return moment.date().isoformat()
    return moment.isoformat(sep=" ", timespec="seconds")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
