"""What the ledger promises: at every moment each kept frame stands in it exactly once."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_line import Crash, Fuse, Line, city, first_frames
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.ledger import Ledger
from narrowgate_ingest.records import Kind
from narrowgate_schema.words import Answer, Disposition
from uplinks import tick_batch, uplink_batch

if TYPE_CHECKING:
    from ingest_line import District

METER = city().devices[0]
FRAMES = [(METER, frame) for frame in first_frames(city(), METER, 5)] + [("stranger", b"x"), (METER, b"")]

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), st.lists(st.sampled_from(range(len(FRAMES))), min_size=1, max_size=5)),
        st.tuples(st.just("tick"), st.just([])),
        st.tuples(st.just("take"), st.lists(st.integers(1, 9), min_size=1, max_size=3)),
        st.tuples(st.just("die"), st.lists(st.integers(0, 4), min_size=1, max_size=1)),
    ),
    max_size=14,
)


def keep(journal: Journal, chosen: list[int]) -> None:
    """Journal some frames."""
    devices, payloads = [FRAMES[n][0] for n in chosen], [FRAMES[n][1] for n in chosen]
    times = [1_772_400_000_000_000 + n for n in chosen]
    journal.append([(Kind.UPLINKS, uplink_batch(payloads, devices=devices, received_at_us=times))])


def taken(line: Line, kind: str, numbers: list[int]) -> Line:
    """Take batches through, or die at a store step and open anew."""
    line.fuse.steps = len(line.fuse.passed) + numbers[0] if kind == "die" else None
    try:
        for max_rows in numbers:
            line.step(max_rows, with_snapshot=max_rows % 2 == 0)
    except Crash:
        line.close()
        return Line(line.home, line.journal, Fuse())
    return line


@settings(max_examples=30, deadline=None)
@given(_STEPS)
def test_the_ledger_balances_at_every_moment(
    district: "District", tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, list[int]]]
) -> None:
    """After any frame kept, batch taken or crash: kept equals the sum, and nothing is negative."""
    root = tmp_path_factory.mktemp("ledger")
    journal = Journal(root / "journal")
    line = Line(district.home(root / "home"), root / "journal")
    kept = 0
    for kind, numbers in steps:
        if kind == "keep":
            keep(journal, numbers)
            kept += len(numbers)
        elif kind == "tick":
            journal.append([(Kind.TICKS, tick_batch(1_772_400_000_000_000))])
        else:
            line = taken(line, kind, numbers)
        ledger = line.ledger()
        assert (ledger.kept, ledger.difference) == (kept, 0)
        assert min(ledger.dispositions.values()) >= 0
    line.fuse.steps = None
    line.run()
    end = line.ledger()
    line.close()
    journal.close()

    assert (end.kept, end.difference, end.dispositions[Disposition.IN_FLIGHT]) == (kept, 0, 0)


def test_a_lost_watermark_makes_nothing_negative(district: "District", tmp_path: Path) -> None:
    """After a power cut that took the journal's mark, before the edge is up: what the state saw was kept."""
    journal = Journal(tmp_path / "journal")
    keep(journal, [0, 1, 5])
    journal.close()
    home = district.home(tmp_path / "home")
    line = Line(home, tmp_path / "journal")
    line.run()
    line.close()
    (tmp_path / "journal" / "durable").unlink()
    line = Line(home, tmp_path / "journal")
    ledger = line.ledger()
    line.close()

    assert (ledger.kept, ledger.difference, ledger.dispositions[Disposition.IN_FLIGHT]) == (3, 0, 0)


def test_what_was_turned_away_is_the_doors_refusals(tmp_path: Path) -> None:
    """Every answer but kept and duplicate is a refusal."""
    door = DoorCounters(tmp_path / "door")
    for answer in Answer:
        door.add(answer)
    ledger = Ledger(0, {}, {}, door.read(), {})

    assert ledger.refused == len(Answer) - 2


def test_door_counters_outlive_their_process_and_name_their_format(tmp_path: Path) -> None:
    """A second opening reads on; a file of another format is refused."""
    DoorCounters(tmp_path / "door").add("unacknowledged", 3)
    again = DoorCounters(tmp_path / "door")
    again.add("unacknowledged")
    with (tmp_path / "door").open("r+b") as file:
        file.write((9).to_bytes(8, "little"))

    assert again.read()["unacknowledged"] == 4
    with pytest.raises(ValueError, match="format version 9"):
        DoorCounters(tmp_path / "door")


def test_a_gauge_stands_at_what_was_said_last(tmp_path: Path) -> None:
    """Another process reads the newest figure, which is no counter."""
    door = DoorCounters(tmp_path / "door")
    door.show("exchange_horizon_ms", 247_000)
    door.show("exchange_horizon_ms", 12_500)
    again = DoorCounters(tmp_path / "door")

    assert (again.gauges(), set(again.read().values())) == ({"exchange_horizon_ms": 12_500}, {0})


def test_a_counter_that_is_not_declared_is_misuse(tmp_path: Path) -> None:
    """Only declared names count."""
    with pytest.raises(ValueError, match="bogus"):
        DoorCounters(tmp_path / "door").add("bogus")
