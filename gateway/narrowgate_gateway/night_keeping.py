"""The programme of lamps' nights, held against the fleet again and again: what is new is queued."""

import os
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from narrowgate_console.lamp_nights import apply, look
from narrowgate_fleet import CommandQueue, Fleet
from narrowgate_fleet.lamp_programme import LampNights, ProgrammeFault, read_lamp_nights
from narrowgate_gateway.config import Fault

LOOK_EVERY_US = 600_000_000
"""How often the programme is looked at, by the city's clock [us]."""


class NightKeeping:
    """Looks at a programme's file and at the fleet, and tells lamps what is new to them."""

    def __init__(self, file: str, zone: ZoneInfo, fleet: Callable[[], Fleet]) -> None:
        """Take the file; '' is none, and nothing is ever looked at.

        Raises:
            ValueError: it is no programme; names the file and each fault.
        """
        self._file, self._zone, self._fleet = file, zone, fleet
        self._due_us = 0
        self._read: tuple[int, LampNights] | None = None
        self.trouble = ""
        """Why the file that is there now is not used; the one of before holds."""
        if file:
            self._nights()

    def turn(self, queue: CommandQueue, now_us: int) -> None:
        """Look, if it is due."""
        if not self._file or now_us < self._due_us:
            return
        self._due_us = now_us + LOOK_EVERY_US
        nights = self._newest()
        if nights is not None:
            apply(queue, look(self._fleet(), queue, nights, self._zone, now_us), now_us)

    def _newest(self) -> LampNights | None:
        """Give the programme; a file that cannot be used changes nothing, and is told of."""
        try:
            nights = self._nights()
        except ValueError as fault:
            self.trouble = str(fault)
            return None if self._read is None else self._read[1]
        self.trouble = ""
        return nights

    def _nights(self) -> LampNights:
        try:
            changed_ns = os.stat(self._file).st_mtime_ns
            if self._read is None or self._read[0] != changed_ns:
                self._read = changed_ns, read_lamp_nights(Path(self._file).read_text(encoding="utf-8"))
        except ProgrammeFault as fault:
            raise ValueError("; ".join(f"{self._file}: {line}" for line in fault.faults)) from None
        except OSError as error:
            raise ValueError(f"{self._file}: {error.strerror}") from None
        return self._read[1]


def programme_faults(config: Path, file: str) -> list[Fault]:
    """Give what is wrong with the programme that a configuration names."""
    if not file:
        return []
    try:
        read_lamp_nights(Path(file).read_text(encoding="utf-8"))
    except ProgrammeFault as fault:
        return [Fault(file, *line.partition(": ")[::2], "") for line in fault.faults]
    except (OSError, UnicodeDecodeError) as error:
        return [Fault(str(config), "commands.programme_file", file, str(error))]
    return []
