"""What came with a request: names and texts of a query or a form, read strictly.

Rule 1: what is not UTF-8 is refused, not guessed at; so are numbers and times not in their one form.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from narrowgate_cases.texts import clean_line
from narrowgate_console.open311.refused import Refused

MOST_FIELDS = 200
MOST_LIST = 1000
MOST_LINE = 500
_DECIMAL = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,20})?", re.ASCII)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


class Fields:
    """The fields of a request by name; a name may come more than once."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    @classmethod
    def read(cls, raw: bytes) -> "Fields":
        """Read a query or a form.

        Raises:
            Refused: it is not UTF-8, or has too many fields.
        """
        try:
            text = raw.decode("utf-8")
            return cls(
                parse_qsl(
                    text,
                    keep_blank_values=True,
                    encoding="utf-8",
                    errors="strict",
                    max_num_fields=MOST_FIELDS,
                )
            )
        except UnicodeDecodeError:
            raise Refused(400, "the request is not UTF-8") from None
        except ValueError:
            raise Refused(400, f"the request has more than {MOST_FIELDS} fields") from None

    def completed(self, other: "Fields", names: Iterable[str]) -> "Fields":
        """Give these fields, with those of some names that only others have."""
        found = Fields([])
        found._values = {name: other._values[name] for name in names if other.all(name)}
        found._values.update({name: values for name, values in self._values.items() if self.all(name)})
        return found

    def names(self) -> list[str]:
        """Give the names, each once."""
        return list(self._values)

    def all(self, name: str) -> list[str]:
        """Give all values of a name that say something."""
        return [value for value in self._values.get(name, ()) if value.strip()]

    def one(self, name: str) -> str | None:
        """Give the value of a name; None if it says nothing.

        Raises:
            Refused: it says two things.
        """
        values = self.all(name)
        if len(set(values)) > 1:
            raise Refused(400, f"{name} was provided more than once")
        return values[0] if values else None

    def listed(self, name: str) -> list[str] | None:
        """Give the values of a list with commas; None if there is none.

        Raises:
            Refused: it is longer than any answer.
        """
        values = [each.strip() for value in self.all(name) for each in value.split(",")]
        if len(values) > MOST_LIST:
            raise Refused(400, f"{name} has at most {MOST_LIST} values")
        return [value for value in values if value] or None

    def line(self, name: str, most: int = MOST_LINE) -> str | None:
        """Give a text of one line; None if nothing is seen in it.

        Raises:
            Refused: it is longer, more than one line, or no text.
        """
        value = self.one(name)
        return None if value is None else line_of(value, name, most)

    def whole(self, name: str, low: int, high: int) -> int | None:
        """Give a whole number; None if there is none.

        Raises:
            Refused: it is none, or out of its bounds.
        """
        value = self.one(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
            raise Refused(400, f"{name} is a whole number from {low} to {high}")
        return int(value)

    def instant_us(self, name: str) -> int | None:
        """Give a time [us]; None if there is none.

        Raises:
            Refused: it is none.
        """
        value = self.one(name)
        return None if value is None else instant_us(value, name)


def line_of(text: str, name: str, most: int = MOST_LINE) -> str | None:
    """Give a text of one line; None if nothing is seen in it.

    Raises:
        Refused: it is longer, more than one line, or no text.
    """
    try:
        return clean_line(text, most, name) or None
    except ValueError as fault:
        raise Refused(400, str(fault)) from None


def number(text: str, name: str) -> float:
    """Give a number that is written as one.

    Raises:
        Refused: it is none.
    """
    if _DECIMAL.fullmatch(text.strip()) is None:
        raise Refused(400, f"{name} is no number such as 31.2304")
    return float(text)


def degrees(text: str, name: str, most: float) -> float:
    """Give a latitude or a longitude [deg].

    Raises:
        Refused: it is none.
    """
    value = number(text, name)
    if not -most <= value <= most:
        raise Refused(400, f"{name} is from {-most:g} to {most:g} [deg]")
    return value


def instant_us(text: str, name: str) -> int:
    """Give a time in the W3C's form [us]: date, time, zone. A plus that a query took for a blank counts.

    Raises:
        Refused: it is none.
    """
    told = text.strip().replace(" ", "+")
    try:
        if _TIME.fullmatch(told) is None:
            raise ValueError
        at = datetime.fromisoformat(told)
        if not _EARLIEST <= at <= _LATEST:
            raise ValueError
    except (ValueError, OverflowError):
        raise Refused(400, f"{name} is no time such as 2026-03-14T21:40:00Z") from None
    since = at - _EARLIEST
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
