"""The benchmark of the way behind the journal runs, and what it measures is what it says."""

import math
from contextlib import closing
from pathlib import Path

from narrowgate_bench import ingest
from narrowgate_bench.ingest_district import Core, journal_district


def test_every_row_is_a_figure() -> None:
    """Each row has a name and as many raw figures as runs, all above nothing."""
    measured = list(ingest.rows(1, 1, 400))

    assert len({row["name"] for row in measured}) == len(measured) >= 1
    assert all(
        math.isfinite(figure) and figure > 0 for row in measured for figure in row["runs"] + row["peer_runs"]
    )


def test_the_core_of_the_benchmark_stores_what_was_journalled(tmp_path: Path) -> None:
    """Every frame of the district gives a reading that a reader sees."""
    district, home = tmp_path / "district", tmp_path / "home"
    district.mkdir()
    home.mkdir()
    frames = journal_district(district, 1, 30, 300)
    with closing(Core(district, home)) as core:
        core.work_off()
        counted = core.stores.state.connection.execute("SELECT sum(frames) FROM dispositions").fetchone()

    assert counted == (frames,)
