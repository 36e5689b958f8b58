"""The truth: which fault was put into which device, and when somebody should have noticed."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from narrowgate_simulators.span import SECOND_US, iso_utc

SHARE = 0.02
LARGEST_STEP_S = 600
"""Frames without a clock are dated by their arrival, which a stepped world may delay by one step [s]."""
SLACK_US = LARGEST_STEP_S * SECOND_US


@dataclass(frozen=True)
class Fault:
    """One injected fault; the same name as the rule that must find it."""

    fault: str
    device: str
    at_us: int
    """When it begins [us]."""
    expected_from_us: int
    """Earliest `raised_at` of a right finding [us]."""
    expected_to_us: int
    """Latest `raised_at` of a right finding [us]."""
    until_us: int | None
    """When it is mended [us]; None = not within the span."""

    def holds_at(self, time_us: int) -> bool:
        """Tell whether the device is faulty at an instant [us]."""
        return self.at_us <= time_us and (self.until_us is None or time_us < self.until_us)

    def line(self) -> str:
        """Give the row of the truth file, one JSON object."""
        until = None if self.until_us is None else iso_utc(self.until_us)
        return json.dumps(
            {
                "fault": self.fault,
                "device": self.device,
                "at": iso_utc(self.at_us),
                "expected_from": iso_utc(self.expected_from_us),
                "expected_to": iso_utc(self.expected_to_us),
                "until": until,
            }
        )


def faulty_count(devices: int) -> int:
    """Give how many devices of a family get a fault: about 2 %, at least one of three or more."""
    return max(1, math.floor(SHARE * devices + 0.5)) if devices >= 3 else 0


def write_truth(path: Path, faults: Iterable[Fault]) -> None:
    """Write the truth file, JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{fault.line()}\n" for fault in faults)
