"""What `narrowgate erase` does: count what there is of a device, or erase it, by the core or here."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from narrowgate_fleet import FleetReader
from narrowgate_gateway.config import load
from narrowgate_gateway.control import Request
from narrowgate_gateway.control_client import NoCore, ask_long
from narrowgate_gateway.replaying import finish_begun
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.stopped_core import held_pipeline, places_of
from narrowgate_ingest.archive_files import Archived, parts_of
from narrowgate_ingest.erasing import erase
from narrowgate_ingest.records import Kind
from narrowgate_ingest.report_erasing import count_reports
from narrowgate_ingest.tail import Tail
from narrowgate_schema.clock import SystemClock

_LOOK_AGAIN_S = 0.2
_ROWS_AT_ONCE = 1 << 15


def counted(home: Home, device: str, asset: str) -> dict[str, Any]:
    """Count what a home has of a device and an asset, as far as that can be read beside a core.

    Raises:
        OSError, sqlite3.Error, ValueError: something cannot be read.
    """
    parts = [part for part in parts_of(home.archive) if part.kind is not Archived.TICKS]
    return {
        "journal": {"frames": _journalled(home, device)},
        "archive": {"files": sum(part.rows_of(device) > 0 for part in parts)},
        "quarantine": {"frames": _rows(home.quarantine / "quarantine.db", "frames", device)},
        "commands": {"commands": _rows(home.commands, "commands", device)},
        "state": {name: _rows(home.state, name, device) for name in ("findings", "cases", "facts")},
        "reports": _reports(home, device, asset),
    }


def asset_of(home: Home, device: str) -> str:
    """Give the asset that the registry has a device at now; empty where it has none.

    Raises:
        RegistryFault: the registry cannot be read.
    """
    fleet = FleetReader(home.registry).fleet
    slots = fleet.slots([device])
    if slots[0] < 0:
        return ""
    return str(fleet.assets_at(slots, np.array([SystemClock().now_us()]))[0] or "")


def _reports(home: Home, device: str, asset: str) -> int:
    with closing(sqlite3.connect(f"{home.state.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return count_reports(connection, device, asset)


def other_reports(home: Home, device: str, asset: str) -> int:
    """Give how many reports of an asset are not in a device's own cases."""
    return _reports(home, device, asset) - _reports(home, device, "")


def _journalled(home: Home, device: str) -> int:
    tail, offset, frames = Tail(home.journal), 0, 0
    while (chunk := tail.read(offset, _ROWS_AT_ONCE)).next_offset > offset:
        offset = chunk.next_offset
        for kind, rows in chunk.records:
            if kind is Kind.UPLINKS:
                frames += int(pc.sum(pc.equal(rows["claimed_device"], device)).as_py() or 0)
    return frames


def _rows(path: Path, table: str, device: str) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        sql = f"SELECT count(*) FROM {table} WHERE device = ?"  # noqa: S608 - our own tables
        return int(connection.execute(sql, (device,)).fetchone()[0])


def erased(home: Home, config: Path, device: str, asset: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Erase a device, and what is said of an asset, by the core that is up, or here; give the receipt.

    Raises:
        AlreadyRunning, ConfigFaults, CoreRefused, RegistryFault, OSError, ValueError, duckdb.Error,
        sqlite3.Error, JournalUnreadable: not finished; the next core or call goes on.
    """
    try:
        return ask_long(home.run, Request.ERASE, say, device=device, asset=asset)
    except NoCore:
        pass
    settings = load(config) if config.is_file() else Settings()
    with held_pipeline(settings, home) as pipeline:
        places = places_of(home, settings)
        finish_begun(pipeline, home, settings)
        return erase(pipeline, places, device, SystemClock().now_us(), say, asset=asset)


def further_stores(home: Home, device: str, within_s: float) -> dict[str, str]:
    """Wait for further stores to erase a device too; give those that have not, with their words."""
    give_up_s = time.monotonic() + within_s
    while True:
        with closing(sqlite3.connect(f"{home.state.absolute().as_uri()}?mode=ro", uri=True)) as state:
            left = dict(
                state.execute("SELECT store, words FROM unsaid WHERE device = ?", (device,)).fetchall()
            )
        if not left or any(left.values()) or time.monotonic() > give_up_s:
            return left
        time.sleep(_LOOK_AGAIN_S)
