"""Readers beside imports, and imports that are killed: a version is seen whole or not at all."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import fleet_crash
from fleet_rows import fleet_of, take
from narrowgate_fleet import FleetReader

LAST = 29


def test_an_import_killed_at_any_step_leaves_a_whole_version(tmp_path: Path) -> None:
    """After SIGKILL anywhere readers find the old version or the new one, never a mix; slots stay."""
    command = [sys.executable, fleet_crash.__file__, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=250)
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert len(rows) >= 50
    assert [row["killed"] for row in rows] == [True] * (len(rows) - 1) + [False]
    assert [row for row in rows if len(row["found"]) != 1] == []
    assert rows[-1]["found"] == [rows[-1]["generation"]]
    names = [f"w{index}" for index in range(fleet_crash.DEVICES)]
    assert fleet_of(tmp_path).slots(names).tolist() == list(range(fleet_crash.DEVICES))


def test_a_reader_beside_imports_sees_whole_versions_that_only_rise(tmp_path: Path) -> None:
    """A thread that refreshes without pause finds each fleet of one piece while versions come and go."""
    take(tmp_path, fleet_crash.file_of(1))
    reader = FleetReader(tmp_path / "registry")
    seen = [(0, 0)]

    def watch() -> None:
        while seen[-1][0] < LAST:
            fleet = reader.refresh()
            if seen[-1][0] != fleet.version:
                seen.append((fleet.version, len(fleet_crash.generations(fleet))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for generation in range(2, LAST + 1):
        take(tmp_path, fleet_crash.file_of(generation))
    watcher.join(timeout=200)
    versions = [version for version, _ in seen]

    assert versions == sorted(set(versions))
    assert versions[-1] == LAST
    assert {pieces for _, pieces in seen[1:]} == {1}
