"""A program that imports and is killed at every step in turn: `python fleet_crash.py HOME`.

Each import runs in a child of its own, which ends itself with SIGKILL at the first, the second, … of its
steps to the outside (open, rename, mkdir, SQL statement…), until one import comes to its end. The parent
prints a line of JSON for each: what a reader found afterwards.
"""

import json
import os
import signal
import sqlite3
import sys
from pathlib import Path

from fleet_rows import WATER, csv_text, take
from narrowgate_fleet import Fleet, Registry

DEVICES = 40
MOST_STEPS = 1000


def file_of(generation: int) -> str:
    """Give a file in which every device and every asset carries the generation."""
    rows = (f"w{n},{WATER},{generation},A{n},g{generation}" for n in range(DEVICES))
    return csv_text("device,profile,q3_m3_per_h,asset,zone", *rows)


def generations(fleet: Fleet) -> set[float]:
    """Give the generations found in the fleet's columns: one if it is whole."""
    found = {float(value) for value in fleet.column("q3_m3_per_h")}
    return found | {float(zone[1:]) for zone in fleet.asset_column("zone")}


def _die_at(step: int) -> None:
    left = [step]

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    connect = sqlite3.connect

    def connect_counted(*args: object, **kwargs: object) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*args, **kwargs)  # type: ignore[call-overload]
        # Called every few instructions of SQLite's own machine: also in the middle of a commit's statements.
        db.set_progress_handler(lambda: count(), 400)
        db.set_trace_callback(lambda _: count())
        return db

    sqlite3.connect = connect_counted  # type: ignore[assignment]
    sys.addaudithook(lambda event, _: count() if event.startswith(("os.", "open", "shutil")) else None)


def _import_until(home: Path, generation: int, step: int) -> bool:
    child = os.fork()
    if child == 0:
        _die_at(step)
        take(home, file_of(generation))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main() -> None:
    """Kill imports one after another and print what was found."""
    home = Path(sys.argv[1])
    take(home, file_of(1))
    for step in range(1, MOST_STEPS):
        # Healed first, so that each import takes the same steps and none is left out.
        Registry(home).close()
        is_killed = _import_until(home, step + 1, step)
        found = sorted(generations(Fleet.load(home / "registry")))
        print(json.dumps({"generation": step + 1, "killed": is_killed, "found": found}))  # noqa: T201
        if not is_killed:
            return


if __name__ == "__main__":
    main()
