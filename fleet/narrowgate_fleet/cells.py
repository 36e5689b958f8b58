"""One cell of the CSV: text in, value out, and back again without loss."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from narrowgate_fleet.columns import Column, Form, Value
from narrowgate_fleet.dimming_curve import dimming_curve
from narrowgate_fleet.stay_limit import stay_limit_s
from narrowgate_fleet.thresholds import thresholds_of

TEXT_CHARACTERS = 200
ALWAYS_US = -(2**63)
"""valid_from of an assignment that has no beginning."""
OPEN_US = 2**63 - 1
"""valid_to of an assignment that has no end yet."""

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_IMEI = re.compile(r"[0-9]{15}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parse(column: Column, text: str) -> Value:
    """Give the value of a cell; an empty cell is the column's default.

    Raises:
        ValueError: the text is not what the column accepts; says what would be right.
    """
    stripped = text.strip()
    return column.default if stripped == "" else _PARSERS[column.form](column, stripped)


def printed(column: Column, value: Value) -> str:
    """Give the cell that parses to the value again."""
    if value is None:
        return ""
    if column.form == "instant":
        return instant_text(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def instant_text(instant_us: int) -> str:
    """Give an instant [us] in ISO 8601 UTC; '' for one without beginning or end."""
    if instant_us in (ALWAYS_US, OPEN_US):
        return ""
    return (_EPOCH + timedelta(microseconds=instant_us)).isoformat().replace("+00:00", "Z")


def _refused(column: Column) -> ValueError:
    return ValueError(f"must be {column.accepts}")


def _id(column: Column, text: str) -> str:
    if _ID.fullmatch(text) is None:
        raise _refused(column)
    return text


def _text(column: Column, text: str) -> str:
    if len(text) > TEXT_CHARACTERS or _CONTROL.search(text) is not None:
        raise _refused(column)
    return text


def _word(column: Column, text: str) -> str:
    if text not in column.accepted:
        raise _refused(column)
    return text


def _imei(column: Column, text: str) -> str:
    if _IMEI.fullmatch(text) is None:
        raise _refused(column)
    return text


def _number(column: Column, text: str) -> float:
    value = float(text) + 0.0 if _NUMBER.fullmatch(text) is not None else math.nan
    if not column.least <= value <= column.most or math.isinf(value):
        raise _refused(column)
    return value


def _instant(column: Column, text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise _refused(column) from None
    if instant.tzinfo is None or not 1900 <= instant.year <= 9000:
        raise _refused(column)
    return (instant - _EPOCH) // _MICROSECOND


def _stay_limit(column: Column, text: str) -> str:
    stay_limit_s(_text(column, text))
    return text


def _dimming_curve(column: Column, text: str) -> str:
    dimming_curve(_text(column, text))
    return text


def _thresholds(column: Column, text: str) -> str:
    thresholds_of(_text(column, text))
    return text


_PARSERS: dict[Form, Callable[[Column, str], Value]] = {
    "id": _id,
    "text": _text,
    "word": _word,
    "imei": _imei,
    "number": _number,
    "instant": _instant,
    "stay_limit": _stay_limit,
    "dimming_curve": _dimming_curve,
    "thresholds": _thresholds,
}
