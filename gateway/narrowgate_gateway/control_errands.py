"""The requests that a core's pipeline does between two batches."""

import asyncio
import queue
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from narrowgate_gateway.backup import copy_stores
from narrowgate_gateway.control import Refusal, Request
from narrowgate_gateway.control_server import Handler, Refused
from narrowgate_gateway.replaying import asked_of, finish_begun, replayed_by, write_rows
from narrowgate_gateway.rule_acts import OPERATIONS, operate
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.stopped_core import places_of
from narrowgate_ingest.archiver import Archiver
from narrowgate_ingest.erasing import erase, finish_erasures
from narrowgate_ingest.pipeline import JournalUnreadable, Pipeline
from narrowgate_ingest.retry import MOST_FRAMES, Retried, rehearse, retry
from narrowgate_ingest.runner import Runner
from narrowgate_schema.clock import Clock

BEGIN_WITHIN_S = 30.0
"""How long a request waits for the pipeline to come to it [s]."""
_MOST_DETAIL = 300
_LOOK_AGAIN_S = 0.05

_FAILURES = (duckdb.Error, sqlite3.Error, OSError, ValueError, JournalUnreadable)

Told = TypeVar("Told")


class Errands:
    """Turns requests into what the pipeline's thread does."""

    def __init__(
        self,
        runner: Runner,
        home: Home,
        settings: Settings,
        clock: Clock,
        archiver: Archiver | None = None,
        *,
        begin_within_s: float = BEGIN_WITHIN_S,
    ) -> None:
        """Take the runner of a core with what it runs by, and its archiver where it has one."""
        self._runner = runner
        self._archiver = archiver
        self._settings = settings
        self._places = places_of(home, settings, archiver)
        self._progress = ""
        self._home = home
        self._clock = clock
        self._begin_within_s = begin_within_s

    def handlers(self) -> dict[Request, Handler]:
        """Give what answers each request."""
        return {
            Request.RETRY: self._retry,
            Request.BACKUP: self._backup,
            Request.ARCHIVE: self._archive,
            Request.ERASE: self._erase,
            Request.REPLAY: self._replay,
            Request.PROGRESS: self._tell_progress,
            **{request: self._operate(request) for request in OPERATIONS},
        }

    def _operate(self, request: Request) -> Handler:
        """Give what does an operator's act on findings."""

        async def act(said: Mapping[str, Any]) -> Mapping[str, Any]:
            at_us = self._clock.now_us()
            return await self._done(lambda pipeline: operate(pipeline, request, said, at_us))

        return act

    async def _retry(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        frames, is_meant = said.get("frames"), said.get("apply")
        if not isinstance(is_meant, bool):
            raise Refused(Refusal.BAD_REQUEST, "apply is true or false")
        if not isinstance(frames, list) or len(frames) > MOST_FRAMES:
            raise Refused(Refusal.BAD_REQUEST, f"frames is a list of at most {MOST_FRAMES} journal offsets")
        if not all(type(frame) is int and 0 <= frame < 1 << 63 for frame in frames):
            raise Refused(Refusal.BAD_REQUEST, "a journal offset is a whole number from 0 on")
        at_us = self._clock.now_us()
        if is_meant:
            outcomes = await self._done(lambda pipeline: retry(self._whole(pipeline), frames, at_us))
        else:
            outcomes = await self._done(lambda pipeline: rehearse(pipeline, frames))
        return {"frames": [told(outcome) for outcome in outcomes]}

    async def _backup(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        into = said.get("into")
        if not isinstance(into, str) or not Path(into).is_absolute() or not Path(into).is_dir():
            raise Refused(Refusal.BAD_REQUEST, "into is the absolute path of a directory that is there")
        home, path = self._home, Path(into)
        await self._done(lambda pipeline: copy_stores(home, pipeline.stores.telemetry, path))
        return {}

    async def _archive(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        archiver, until = self._archiver, self._runner.done
        if archiver is None:
            raise Refused(Refusal.FAILED, "the archive is switched off: archive.enabled = false")
        archiver.hurry()
        while archiver.cursor < until:
            if archiver.trouble or not archiver.alive:
                raise Refused(Refusal.FAILED, archiver.trouble or "the archive's thread ended")
            await asyncio.sleep(_LOOK_AGAIN_S)
        return {"archived": archiver.cursor}

    async def _erase(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        device, asset = said.get("device"), said.get("asset", "")
        if not isinstance(device, str) or not device:
            raise Refused(Refusal.BAD_REQUEST, "device is a name")
        if not isinstance(asset, str):
            raise Refused(Refusal.BAD_REQUEST, "asset is a name, or empty")
        places, at_us = self._places, self._clock.now_us()
        return await self._done(
            lambda pipeline: erase(self._whole(pipeline), places, device, at_us, self._say, asset=asset)
        )

    async def _replay(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        is_meant, at_us = said.get("apply"), self._clock.now_us()
        if not isinstance(is_meant, bool):
            raise Refused(Refusal.BAD_REQUEST, "apply is true or false")
        try:
            asked = asked_of(dict(said))
        except ValueError as error:
            raise Refused(Refusal.BAD_REQUEST, str(error)) from None
        home, settings = self._home, self._settings

        def errand(pipeline: Pipeline) -> dict[str, Any]:
            whole = self._whole(pipeline)
            found = replayed_by(whole, home, settings, asked, at_us, self._say, is_meant=is_meant)
            return write_rows(home.run, found)

        return await self._done(errand)

    async def _tell_progress(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"progress": self._progress}

    def _whole(self, pipeline: Pipeline) -> Pipeline:
        """Bring erasures and replays that failed to their end: what one has erased, no other brings back."""
        finish_erasures(pipeline, self._places)
        finish_begun(pipeline, self._home, self._settings)
        return pipeline

    def _say(self, progress: str) -> None:
        self._progress = progress

    async def _done(self, errand: Callable[[Pipeline], Told]) -> Told:
        """Have the pipeline do something; refused if it does not come to it."""
        try:
            asked = self._runner.ask(errand)
        except queue.Full:
            raise Refused(Refusal.BUSY, "too many requests wait for the pipeline") from None
        doing = asyncio.wrap_future(asked)
        try:
            await asyncio.wait({doing}, timeout=self._begin_within_s)
            if asked.cancel():
                why = self._runner.trouble or "it is at work on what came in before"
                raise Refused(Refusal.BUSY, f"the pipeline did not come to it: {why}")
            return await doing
        except (*_FAILURES, pa.ArrowException) as error:
            raise Refused(Refusal.FAILED, f"{type(error).__name__}: {error}") from None
        finally:
            self._progress = ""


def told(outcome: Retried) -> dict[str, Any]:
    """Give an outcome as JSON."""
    return {**asdict(outcome), "detail": outcome.detail[:_MOST_DETAIL]}
