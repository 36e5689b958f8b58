"""What docs/archive.md shows of other people's tools runs as it is printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ingest_line import District
from narrowgate_fleet import FleetReader
from narrowgate_ingest.archive_files import ArchiveFiles
from narrowgate_ingest.archiver import Archiver, Terms
from narrowgate_ingest.tail import Tail
from narrowgate_schema.clock import SystemClock

PAGE = Path(__file__).parents[2] / "docs" / "archive.md"
BLOCKS = re.findall(r"```python (duckdb|pandas)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def place(district: District, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an archived home of the default name."""
    root = tmp_path_factory.mktemp("page")
    line = district.line(root / "narrowgate-data")
    line.run()
    fleet = FleetReader(line.home / "registry").fleet
    files, tail = ArchiveFiles(line.home / "archive"), Tail(line.journal)
    archiver = Archiver(
        files, tail, line.stores.telemetry, line.stores.state, lambda: fleet, SystemClock(), Terms()
    )
    archiver.hurry()
    archiver.turn()
    line.close()
    return root


def _printed(place: Path, code: str) -> str:
    # Another process: these are lines for other people's programs.
    run = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_lines_for_duckdb_and_pandas_read_the_archive(place: Path) -> None:
    """Each device's consumption comes out the same by both; frames have their payload."""
    duckdb, pandas, raw = (_printed(place, code) for _, code in BLOCKS)
    used, again = (
        {name: float(m3) for name, m3 in re.findall(r"(\d{14})\W+([\d.]+)", said)}
        for said in (duckdb, pandas)
    )

    assert used
    assert used == pytest.approx(again, abs=1e-3)
    assert "hex(payload)" in raw
