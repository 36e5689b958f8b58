"""What an erasure that failed still owes: told in readiness, tried again, and no start waits for it."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest_line import START_US, Line, city, journalled, register
from narrowgate_gateway.owed import Owed
from narrowgate_gateway.settings import Home, Settings
from narrowgate_ingest.erasing import Places, erase
from narrowgate_ingest.runner import Pace, Runner

PACE = Pace(batch_rows=10_000, snapshot_every_s=3600.0, drain_s=100.0, keep_bytes=1 << 30)
FULL = OSError(28, "No space left on device")


@pytest.fixture(scope="module")
def worn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which an erasure was begun and met a full disk."""
    home, few = tmp_path_factory.mktemp("owed") / "home", city(devices=3, hours=2.0)
    register(home, few)
    journalled(home / "journal", few)
    line = Line(home, home / "journal")
    line.run()
    places = Places(line.journal, home / "quarantine", home / "archive")

    def say(step: str) -> None:
        if step == "quarantine":
            raise FULL

    with pytest.raises(OSError, match="No space"):
        erase(line.pipeline, places, few.devices[0], START_US, say)
    part = home / "archive" / "readings" / "family=water" / "day=2026-03-02" / f"{0:020d}-{9:020d}.parquet"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"no Parquet")
    line.close()
    return home


@pytest.fixture
def line(worn: Path, tmp_path: Path) -> Iterator[Line]:
    """A copy of it; its archive has a part that nobody can read, so that no erasure can end."""
    shutil.copytree(worn, tmp_path / "home")
    opened = Line(tmp_path / "home", tmp_path / "home" / "journal")
    yield opened
    opened.close()


def _owed(line: Line, runner: Runner, again_s: float = 3600.0) -> Owed:
    return Owed(runner, Home(line.home), Settings(), None, again_s=again_s)


def test_an_erasure_that_cannot_end_is_told_and_the_core_goes_on(line: Line) -> None:
    """Readiness names what stands in the way."""
    owed = _owed(line, Runner(line.pipeline, line.tail, PACE))
    owed.settle(line.pipeline)
    (check,) = owed.checks()

    assert not check.ok
    assert ".parquet: no part of an archive" in check.words


def test_it_is_tried_again_until_it_ends(line: Line) -> None:
    """Once nothing stands in the way, the pipeline does it between two batches, and nothing is told."""
    runner = Runner(line.pipeline, line.tail, PACE)
    owed = _owed(line, runner, again_s=0.01)
    owed.settle(line.pipeline)
    shutil.rmtree(line.home / "archive")
    working = threading.Thread(target=runner.run)
    working.start()
    owed.start()
    owed._thread.join(100)
    owed.stop()
    runner.stop()
    working.join(100)

    assert owed.checks() == ()
    assert line.stores.state.connection.execute("SELECT count(*) FROM erasures").fetchone() == (0,)
    assert line.stores.state.connection.execute("SELECT count(*) FROM receipts").fetchone() == (1,)
