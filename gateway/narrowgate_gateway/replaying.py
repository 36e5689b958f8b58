"""What `narrowgate replay` does: by the core that is up, or here while none is."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from narrowgate_gateway.config import load
from narrowgate_gateway.control import Request
from narrowgate_gateway.control_client import NoCore, ask_long
from narrowgate_gateway.influx_target import target_of
from narrowgate_gateway.past import REGISTRIES, past_of
from narrowgate_gateway.rule_files import engine_of
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.stopped_core import held_pipeline
from narrowgate_gateway.ticks import clock_of
from narrowgate_ingest.influx_store import name_of
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_ingest.replay import Means, Replayed, apply_replay, finish_replays, rehearse_replay
from narrowgate_ingest.replay_run import Asked

Say = Callable[[str], None]
_ROWS = "replay-"
_STALE_S = 86_400.0


@contextmanager
def means_of(home: Home, settings: Settings, which: str) -> Iterator[Means]:
    """Give what a replay needs of a home, with the registry as it was `then` or as it is `now`.

    Raises:
        ValueError: another format version wrote its archive.
        RegistryFault: there is no registry.
    """
    with past_of(home, which) as past:
        stores = [name_of(target_of(settings.influxdb))] if settings.influxdb.url else []
        yield Means(
            past.journal,
            past.archive,
            lambda grouped: engine_of(settings, grouped=grouped),
            past.registry,
            stores,
        )


def replayed_by(
    pipeline: Pipeline, home: Home, settings: Settings, asked: Asked, at_us: int, say: Say, *, is_meant: bool
) -> Replayed:
    """Replay by a pipeline that stands between two batches; raises as `apply_replay` does."""
    finish_begun(pipeline, home, settings)
    with means_of(home, settings, asked.registry) as means:
        if is_meant:
            return apply_replay(pipeline, means, asked, at_us, say)
        return rehearse_replay(pipeline, means, asked, say)


def finish_begun(pipeline: Pipeline, home: Home, settings: Settings) -> None:
    """Bring to its end a replay that a crash or a store's failure left; raises as `finish_replays` does."""
    begun = pipeline.stores.state.connection.execute("SELECT asked FROM replays").fetchall()
    for (note,) in begun:
        with means_of(home, settings, json.loads(note)["asked"]["registry"]) as means:
            finish_replays(pipeline, means, lambda _: None)


def write_rows(directory: Path, replayed: Replayed) -> dict[str, Any]:
    """Write what changes into a new file of JSON Lines, for the one user; give the summary.

    Whoever asked removes it when it is read; what nobody came for goes after a day.
    """
    for left in directory.glob(f"{_ROWS}*.jsonl"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _STALE_S:
                left.unlink()
    descriptor, name = mkstemp(".jsonl", _ROWS, directory)
    path = Path(name)
    with open(descriptor, "w", encoding="utf-8") as file:
        for row in replayed.difference.rows:
            file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
    return {"heard": replayed.heard, "changes": len(replayed.difference.rows), "file": str(path)}


def replayed(home: Home, config: Path, asked: Asked, say: Say, *, is_meant: bool) -> dict[str, Any]:
    """Replay by the core that is up, or here while none is; the summary names the file of changes.

    Raises:
        AlreadyRunning, ConfigFaults, CoreRefused, RegistryFault, OSError, ValueError, duckdb.Error,
        sqlite3.Error, pyarrow.ArrowException, JournalUnreadable: not done, or not finished; the next core
            or call goes on.
    """
    try:
        return ask_long(
            home.run,
            Request.REPLAY,
            say,
            from_us=asked.from_us,
            to_us=asked.to_us,
            devices=list(asked.devices),
            warm_up_us=asked.warm_up_us,
            registry=asked.registry,
            apply=is_meant,
        )
    except NoCore:
        pass
    settings = load(config)
    with held_pipeline(settings, home) as pipeline:
        now_us = clock_of(settings).now_us()
        found = replayed_by(pipeline, home, settings, asked, now_us, say, is_meant=is_meant)
        return write_rows(home.run, found)


def asked_of(said: dict[str, Any]) -> Asked:
    """Give what a request asks for; ValueError says what is wrong with it."""
    from_us, to_us, warm_up_us = (_instant(said.get(name)) for name in ("from_us", "to_us", "warm_up_us"))
    devices, registry = said.get("devices"), said.get("registry")
    if not _are_names(devices):
        raise ValueError("devices is a list of names")
    if registry not in REGISTRIES:
        raise ValueError(f"registry is one of {', '.join(REGISTRIES)}")
    return Asked(from_us, to_us, tuple(devices or ()), warm_up_us, registry)


def _instant(number: object) -> int:
    if type(number) is not int or not 0 <= number < 1 << 62:
        raise ValueError("from_us, to_us and warm_up_us are whole numbers from 0 on")
    return number


def _are_names(devices: object) -> bool:
    return isinstance(devices, Sequence) and all(isinstance(device, str) for device in devices)
