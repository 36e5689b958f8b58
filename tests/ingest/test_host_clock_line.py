"""What an unset host clock leaves: marked readings, whatever the batches and whoever crashes."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest_line import Crash, Fuse, Line, city, first_frames
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind
from uplinks import tick_batch, uplink_batch

if TYPE_CHECKING:
    from ingest_line import District

LAMP = city().devices[8]
BOOT_US = 1_700_000_000_000_000
"""2023: the last instant that the host's disk knew."""
NOW_US = 1_772_400_000_000_000
MINUTE_US = 60_000_000


def booted(directory: Path) -> None:
    """Journal a boot without a clock: an unset tick, two lamp frames, a set tick, two more."""
    frames = first_frames(city(), LAMP, 4)
    journal = Journal(directory)
    for start_us, is_set, sent in ((BOOT_US, False, frames[:2]), (NOW_US, True, frames[2:])):
        journal.append([(Kind.TICKS, tick_batch(start_us, synchronised=is_set))])
        for number, frame in enumerate(sent):
            at_us = start_us + (number + 1) * MINUTE_US
            batch = uplink_batch([frame], devices=[LAMP], received_at_us=[at_us])
            journal.append([(Kind.UPLINKS, batch)])
    journal.close()


@pytest.mark.parametrize("max_rows", [1, 2, 100])
@pytest.mark.parametrize("steps", [3, 8, None])
def test_readings_of_an_unset_clock_are_marked(
    district: "District", tmp_path: Path, max_rows: int, steps: int | None
) -> None:
    """Two readings are marked and two are not, for any batch size and after a crash with a snapshot."""
    booted(tmp_path / "journal")
    home = district.home(tmp_path / "home")
    line = Line(home, tmp_path / "journal", Fuse(steps))
    try:
        line.run(max_rows, snapshot_every=1)
    except Crash:
        line.close()
        line = Line(home, tmp_path / "journal")
        line.run(max_rows)
    sql = "SELECT frame, clock_unsynchronised AS unset, late FROM lighting ORDER BY frame"
    rows = line.stores.telemetry.query(sql).to_pylist()
    line.close()

    assert [(row["frame"], row["unset"] is True, row["late"]) for row in rows] == [
        (1, True, None),
        (2, True, None),
        (4, False, False),
        (5, False, False),
    ]
