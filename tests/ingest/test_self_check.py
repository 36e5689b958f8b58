"""The running self-check alarms at an imbalance and names the frames; it is silent where all is well."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest_line import Line
from narrowgate_ingest.self_check import SelfCheck

if TYPE_CHECKING:
    from ingest_line import District


def check_of(line: Line) -> SelfCheck:
    """Give a check over a line."""
    stores = line.stores
    return SelfCheck(
        line.tail,
        stores.state.reader,
        lambda start, until: (
            stores.telemetry.frames_between(start, until) | stores.quarantine.between(start, until)
        ),
    )


@pytest.fixture
def line(district: "District", tmp_path: Path) -> Line:
    """A line whose journal is worked off."""
    made = district.line(tmp_path / "home")
    made.run(500)
    return made


def test_a_ledger_that_balances_is_passed_in_silence(line: Line) -> None:
    """Every stretch is looked at once, and nothing is said."""
    with closing(line):
        check = check_of(line)

        assert check.look(line.ledger()) == []
        assert check.look(line.ledger()) == []


def test_a_frame_that_was_never_counted_is_named(line: Line) -> None:
    """A frame that left nothing anywhere is told by its number, with its stretch of the journal."""
    with closing(line):
        state, telemetry = line.stores.state.connection, line.stores.telemetry
        start, until, frames = state.execute("SELECT * FROM settled ORDER BY start LIMIT 1").fetchone()
        lost = min(telemetry.frames_between(start, until))
        state.execute("UPDATE settled SET frames = frames - 1 WHERE start = ?", (start,))
        for rows in ("water_rows", "parking_rows", "lighting_rows"):
            telemetry._connection.execute(f"DELETE FROM {rows} WHERE frame = {lost}")  # noqa: S608
        found = check_of(line).look(line.ledger())

        assert len(found) == 1
        assert f"hold {frames} frames, {frames - 1} were counted" in found[0]
        assert str(lost) in found[0].partition("without a trace: ")[2].split(", ")


def test_rows_that_were_passed_over_are_named(line: Line) -> None:
    """A hole between two settled stretches is told by its rows."""
    with closing(line):
        state = line.stores.state.connection
        start, until, _ = state.execute("SELECT * FROM settled ORDER BY start LIMIT 1 OFFSET 1").fetchone()
        state.execute("DELETE FROM settled WHERE start = ?", (start,))

        assert check_of(line).look(line.ledger()) == [f"journal rows {start} to {until - 1} were passed over"]


def test_shares_that_do_not_add_up_are_told(line: Line) -> None:
    """The frames of tenants, families and transports together are those of the disposition."""
    with closing(line):
        line.stores.state.connection.execute(
            "UPDATE shares SET frames = frames + 1 WHERE (family, disposition) = ('water', 'stored')"
        )
        found = check_of(line).look(line.ledger())

        assert len(found) == 1
        assert "by tenant, family and transport" in found[0]
