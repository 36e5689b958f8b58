"""What InfluxDB's answer to a write means: one reading of status and body for 1.x, 2.x and 3.x.

A partial write is answered 400 by 1.x and 3.x, 500 by 2.0 and 422 by later 2.x. Only 3.x and its cloud kin
say which lines they refused; the others say how many, and why one of them was.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

MOST_WORDS = 500
_MOST_NAMED = 100
"""3.x names at most so many refused lines of one write."""

_DROPPED = re.compile(r"dropped=(\d{1,15})")
_RETENTION = re.compile(
    r"points beyond retention policy dropped=\d+|points outside retention policy of duration"
)
_OTHER_BOUND = re.compile(r"because it violates a (?!Retention Policy Lower Bound)")
_CONFLICT = re.compile(r'input field "(?P<field>[^"]+)" on measurement "(?P<measurement>[^"]+)"')
_NUMBERED = re.compile(r"line (\d{1,15}) \(1-based\): ([^\n]*)")
_OF_DATA = re.compile(
    r"partial write|unable to parse|field type conflict|beyond retention|line protocol|write_lp|column type"
    r"|max-series-per-database|max-values-per-tag|schema",
    re.IGNORECASE,
)


class Outcome(StrEnum):
    """What to do next."""

    WRITTEN = "written"
    REFUSED = "refused"
    """Some of the points are refused for good."""
    TOO_LARGE = "too_large"
    """Less at once."""
    BUSY = "busy"
    """The same again, when the server said or a little later."""
    HELD = "held"
    """Nothing will be taken until somebody changes something: credentials, the database, the address."""
    FAILED = "failed"
    """The same again, a little later."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as it came."""

    status: int
    headers: Mapping[str, str]
    """With names in lower case."""
    body: bytes


@dataclass(frozen=True)
class Refusal:
    """What an answer says of refused points."""

    named: Mapping[int, str] = field(default_factory=dict)
    """Words by place of the line in the body, from 0."""
    quoted: str = ""
    """Text in which refused lines are quoted whole."""
    oldest: int = 0
    """So many of the oldest points are outside the retention; all others were written."""
    conflict: tuple[str, str] | None = None
    """(measurement, field) whose type is another one in the database."""
    dropped: int = 0
    """At least so many points were refused."""
    rest_is_written: bool = False
    """Whether what is not named was written."""
    is_understood: bool = True
    """Whether the words are known to be about data; others may be about the endpoint."""


@dataclass(frozen=True)
class Verdict:
    """An answer understood."""

    outcome: Outcome
    words: str = ""
    """The server's, in one line."""
    retry_after_s: float | None = None
    refusal: Refusal | None = None


def judge(answer: Answer) -> Verdict:
    """Say what an answer to a write means."""
    if answer.status in (200, 204):
        return Verdict(Outcome.WRITTEN)
    said = _said(answer.body)
    words = f"{answer.status} {_words(answer, said)}".strip()
    if answer.status == 413:
        return Verdict(Outcome.TOO_LARGE, words)
    if answer.status in (429, 503):
        return Verdict(Outcome.BUSY, words, retry_after_s=_retry_after_s(answer.headers))
    if answer.status in (400, 422) or (answer.status == 500 and "partial write" in words):
        return Verdict(Outcome.REFUSED, words, refusal=_refusal(said, words))
    if answer.status in (401, 402, 403, 404, 405, 407) or 300 <= answer.status < 400:
        return Verdict(Outcome.HELD, words)
    return Verdict(Outcome.FAILED, words)


def _said(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _words(answer: Answer, said: Mapping[str, Any]) -> str:
    for key in ("message", "error", "err"):
        if isinstance(said.get(key), str):
            return _line(said[key])
    if answer.headers.get("location"):
        return _line(f"redirects to {answer.headers['location'].split('?')[0]}")
    return _line(answer.headers.get("x-influxdb-error") or answer.body[:MOST_WORDS].decode(errors="replace"))


def _line(text: str) -> str:
    return " ".join(text.split())[:MOST_WORDS]


def _refusal(said: Mapping[str, Any], words: str) -> Refusal:
    text = (
        "\n".join(str(said[key]) for key in ("message", "error") if isinstance(said.get(key), str)) or words
    )
    named = _named(said, text)
    if named:
        is_partial = "partial write" in text and isinstance(said.get("data"), list)
        return Refusal(named=named, rest_is_written=is_partial and len(named) < _MOST_NAMED)
    dropped = max((int(n) for n in _DROPPED.findall(text)), default=0)
    # 1.x and 2.x put it so only where no shard refused anything: the count is exact, the rest is written.
    if _RETENTION.search(text) and not _OTHER_BOUND.search(text):
        return Refusal(oldest=dropped, dropped=dropped, rest_is_written=True)
    conflict = _CONFLICT.search(text)
    return Refusal(
        quoted=text if "unable to parse" in text else "",
        conflict=(conflict["measurement"], conflict["field"]) if conflict is not None else None,
        dropped=dropped,
        is_understood=_OF_DATA.search(text) is not None,
    )


def _named(said: Mapping[str, Any], text: str) -> dict[int, str]:
    """Give the lines that an answer names, by their place."""
    data = said.get("data")
    entries = data if isinstance(data, list) else [data]
    named = {}
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("line_number"), int):
            named[entry["line_number"] - 1] = _line(str(entry.get("error_message", "")))
    if not named:
        named = {int(number) - 1: _line(why) for number, why in _NUMBERED.findall(text)}
    return named


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Give how long the server asks to wait [s]; None if it does not say."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    until, now = _instant(text), _instant(headers.get("date", ""))
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds()) if until is not None else None


def _instant(text: str) -> datetime | None:
    """Give an HTTP date; None if the text is none."""
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return instant if instant.tzinfo is not None else None
