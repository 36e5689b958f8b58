"""What a case says; its times count from its beginning."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

ONE = "device"
"""Name of the device of a case that names none."""
_TIME = re.compile(r"(?:(\d{1,4})d )?(\d{1,5}):([0-5]\d)(?::([0-5]\d))?")
Value = float | bool | str


@dataclass(frozen=True)
class Said:
    """One reading."""

    device: str
    at_us: int
    values: Mapping[str, Value]


@dataclass(frozen=True, order=True)
class Episode:
    """When a finding was raised and cleared [us]."""

    device: str
    raised_us: int
    cleared_us: int | None
    """None = still open."""

    def __str__(self) -> str:
        """Give it as it is written in a file."""
        ends = [time_text(self.raised_us), *([] if self.cleared_us is None else [time_text(self.cleared_us)])]
        return " to ".join(([] if self.device == ONE else [self.device]) + ends)


@dataclass(frozen=True)
class Case:
    """Given readings, and the episodes that are expected of them."""

    number: int
    """Its place in the file, from 1."""
    rule: str
    what: str
    begin_us: int
    """What 00:00 is [us]."""
    timezone: str
    given: tuple[Said, ...]
    """In the order of their arrival."""
    ticks_us: tuple[int, ...]
    devices: Mapping[str, Mapping[str, Value]]
    """Columns of the registry by device."""
    thresholds: Mapping[str, float]
    expect: tuple[Episode, ...]

    @property
    def title(self) -> str:
        """Give what the case is called."""
        return f"{self.rule}: {self.what}" if self.what else f"{self.rule}: case {self.number}"


def time_us(text: str) -> int:
    """Give a time such as 00:35, 26:10:30 or 32d 00:00 [us]; ValueError if it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time; write 00:35, 26:10:30 or 32d 00:00")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 3600 + minutes * 60 + seconds) * 1_000_000


def time_text(at_us: int) -> str:
    """Give a time as it is written in a file; a fraction of a second is cut."""
    sign, seconds = ("-", -at_us // 1_000_000) if at_us < 0 else ("", at_us // 1_000_000)
    hours, seconds = divmod(seconds, 3600)
    days, hours = divmod(hours, 24) if hours >= 100 else (0, hours)
    minutes, seconds = divmod(seconds, 60)
    head = f"{days}d " if days else ""
    return f"{sign}{head}{hours:02d}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")
