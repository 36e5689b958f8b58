"""Rules that begin anew hear the past first: from then on they say what they had said all along."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ingest_line import SHANGHAI, Crash, District, Line, archived
from narrowgate_fleet import FleetReader
from narrowgate_ingest.hearing_again import Registry
from narrowgate_ingest.pipeline import JournalUnreadable
from narrowgate_ingest.segments import trim
from narrowgate_ingest.warming import Beginners, Past
from narrowgate_rules import LAMP_OUT, OVERSTAY, RULES, Engine, Rule
from narrowgate_schema.words import Disposition

CUT = 870
"""Journal offset at which a stay too long is over, a lamp is out, and a leak has not been found yet."""
CHANGED = RULES[::2]
"""Those that had another version up to there; the lamp's and the leak's are among them."""
BEFORE = [replace(rule, version=rule.version + 90) if rule in CHANGED else rule for rule in RULES]
NEWEST = """
SELECT finding, version, state, raised_at, cleared_at FROM findings AS known
WHERE version = (SELECT max(version) FROM findings WHERE finding = known.finding) ORDER BY finding
"""


def _open(home: Path, rules: Sequence[Rule] = RULES) -> Line:
    line = Line(home, home / "journal", rules=rules)

    @contextmanager
    def past() -> Iterator[Past]:
        fleet = FleetReader(home / "registry").fleet
        yield Past(line.journal, home / "archive", Registry(lambda _: fleet, ()))

    line.beginners = Beginners(line.pipeline, past)  # type: ignore[attr-defined]
    return line


def _first_part(district: District, home: Path, rules: Sequence[Rule]) -> None:
    """Work off a district's day with some rules until a lamp is out."""
    district.home(home)
    shutil.copytree(district.journal, home / "journal", ignore=shutil.ignore_patterns("wake"))
    line = Line(home, home / "journal", rules=rules)
    while line.pipeline.done < CUT:
        line.step(10)
    line.pipeline.keep_snapshot()
    archived(line)
    trim(line.journal, line.pipeline.done, keep_bytes=0)
    line.close()


@pytest.fixture(scope="module")
def always(district: District, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """The whole day with one set of rules, begun anew there."""
    home = tmp_path_factory.mktemp("always") / "home"
    _first_part(district, home, RULES)
    line = _open(home)
    line.run()
    yield line
    line.close()


@pytest.fixture(scope="module")
def worn(district: District, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose rules had other versions up to noon, with most of the journal trimmed."""
    home = tmp_path_factory.mktemp("worn") / "home"
    _first_part(district, home, BEFORE)
    return home


def _newest(line: Line) -> list[tuple[object, ...]]:
    return line.stores.state.connection.execute(NEWEST).fetchall()


def test_a_rule_whose_version_changed_says_what_it_had_said_all_along(
    always: Line, worn: Path, tmp_path: Path
) -> None:
    """Memory, findings and cases at the end of the day are those of a day without a change."""
    shutil.copytree(worn, tmp_path / "home")
    line = _open(tmp_path / "home")
    anew = set(line.pipeline.anew)
    line.run()
    memory, findings = line.engine.snapshot(), _newest(line)
    cases = "SELECT device, service, state FROM cases ORDER BY 1, 2, 3"
    desk, wanted = (of.stores.state.connection.execute(cases).fetchall() for of in (line, always))
    line.close()

    assert anew == {rule.name for rule in CHANGED}
    assert memory == always.engine.snapshot()
    assert findings == _newest(always)
    assert desk == wanted


def test_a_new_rule_tells_nothing_of_what_is_over(always: Line, district: District, tmp_path: Path) -> None:
    """What is open as it begins, and what comes then, is told as if it had been there all along."""
    home = tmp_path / "home"
    _first_part(district, home, [rule for rule in RULES if rule not in (OVERSTAY, LAMP_OUT)])
    line = _open(home)
    line.run()
    told = set(_newest(line))
    line.close()
    over = "SELECT finding FROM findings WHERE cleared_at IS NOT NULL AND frame < ?"
    (past,) = always.stores.state.connection.execute(over, (CUT,)).fetchall()

    assert [row for row in _newest(always) if row[0] != past[0]] == sorted(told)
    assert len(told) == 2


@pytest.mark.parametrize("steps", [0, 1])
def test_a_crash_as_they_begin_is_made_good(always: Line, worn: Path, tmp_path: Path, steps: int) -> None:
    """Killed before the memory is kept, or right behind: the day ends as it would have."""
    shutil.copytree(worn, tmp_path / "home")
    line = _open(tmp_path / "home")
    line.fuse.steps = steps
    with pytest.raises(Crash):
        line.run()
    line.close()
    line = _open(tmp_path / "home")
    line.run()
    memory, findings = line.engine.snapshot(), _newest(line)
    line.close()

    assert memory == always.engine.snapshot()
    assert findings == _newest(always)


def test_no_snapshot_is_kept_before_the_past_is_heard(worn: Path, tmp_path: Path) -> None:
    """A core that ends before it began leaves what it found."""
    shutil.copytree(worn, tmp_path / "home")
    line = _open(tmp_path / "home")
    line.pipeline.keep_snapshot()
    line.close()
    again = _open(tmp_path / "home")
    anew = again.pipeline.anew
    again.close()

    assert set(anew) == {rule.name for rule in CHANGED}


def test_an_end_does_not_wait_for_the_past(worn: Path, tmp_path: Path) -> None:
    """Told to stop, nothing is judged, and the next start begins again."""
    shutil.copytree(worn, tmp_path / "home")
    line = _open(tmp_path / "home")
    line.beginners.stop()  # type: ignore[attr-defined]
    with pytest.raises(JournalUnreadable, match="not heard to its end"):
        line.step()
    line.close()
    again = _open(tmp_path / "home")
    anew = again.pipeline.anew
    again.close()

    assert set(anew) == {rule.name for rule in CHANGED}


def test_a_past_that_cannot_be_read_keeps_nothing_waiting(worn: Path, tmp_path: Path) -> None:
    """The rules begin without it, which is said; all that comes is stored."""
    shutil.copytree(worn, tmp_path / "home")
    for part in (tmp_path / "home" / "archive" / "frames").rglob("*.parquet"):
        part.write_bytes(b"no Parquet")
    line = _open(tmp_path / "home")
    line.run()
    words, ledger = line.beginners.words, line.ledger()  # type: ignore[attr-defined]
    line.close()

    assert "began without the past" in words
    assert ledger.difference == ledger.dispositions[Disposition.IN_FLIGHT] == 0


def test_a_state_that_cannot_be_written_is_tried_again(always: Line, worn: Path, tmp_path: Path) -> None:
    """The memory is as before, until it is kept together with what is told."""
    shutil.copytree(worn, tmp_path / "home")
    line = _open(tmp_path / "home")
    line.stores.state.connection.execute("PRAGMA query_only = ON")
    before = line.engine.snapshot()
    with pytest.raises(JournalUnreadable, match="warming up"):
        line.step()
    unchanged = line.engine.snapshot() == before
    line.stores.state.connection.execute("PRAGMA query_only = OFF")
    line.run()
    memory = line.engine.snapshot()
    line.close()

    assert unchanged
    assert memory == always.engine.snapshot()
    assert Engine(RULES, timezone=SHANGHAI).restore(memory) == ()
