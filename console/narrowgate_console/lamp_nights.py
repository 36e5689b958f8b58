"""A programme of lamps against what each lamp has confirmed: only what is new is put into the queue.

Rule 1: a lamp whose controller keeps nights by itself is told once, and again when what it is told changes,
or when it confirmed something else meanwhile. Rule 2: another one is told each level of the night that is on
and of the one that comes, once.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import command_kinds, encode_command
from narrowgate_console.command_making import Terms, wish_for
from narrowgate_console.group_ordering import PROGRAMME
from narrowgate_fleet import CommandQueue, CommandReason, CommandState, Fleet, Wish
from narrowgate_fleet.command_groups import Key, confirmed, known_keys, under_way
from narrowgate_fleet.command_rows import place_of
from narrowgate_fleet.command_steps import Step, take_step
from narrowgate_fleet.lamp_plan import Plan, Sky, Timed, lamp_plan
from narrowgate_fleet.lamp_programme import LampNights
from narrowgate_fleet.name_index import NONE
from narrowgate_schema.commands import Command, CommandKind, arguments_of, kind_of
from narrowgate_schema.words import Family

BY = PROGRAMME
"""Who gives the commands, as the audit calls it."""
_KEPT = (CommandKind.LAMP_CALENDAR, CommandKind.LAMP_PROGRAMME)
_SLICE = 200
_REMEMBERED = 1 << 16
"""Commands of each profile of which it is known whether they are understood."""


class Standing(StrEnum):
    """How a lamp stands to the programme."""

    KEPT = "kept"
    """It confirmed what the programme says."""
    ON_ITS_WAY = "on_its_way"
    """What the programme says waits for it, or is sent."""
    NEW = "new"
    """It is to be told what it will keep by itself."""
    EACH_NIGHT = "each_night"
    """Its controller keeps nothing: it is told each level."""
    UNSAID = "unsaid"
    """The programme says nothing of its class of road."""
    REFUSED = "refused"
    """Its controller cannot do it; why is said."""


@dataclass(frozen=True, slots=True)
class LampNight:
    """A lamp, how it stands, and what it is to be told."""

    device: str
    standing: Standing
    wishes: tuple[Wish, ...] = ()
    reason: str = ""
    keys: tuple[str, ...] = ()
    """Of every level that is due to it, those that were put before too."""
    kept: frozenset[Key] = frozenset()
    """What it is to keep by itself: kind, place and arguments, also where it confirmed them."""


@dataclass(frozen=True, slots=True)
class NightLook:
    """A programme against the fleet at one instant."""

    day: date
    """On which the night begins that is on, or comes."""
    lamps: tuple[LampNight, ...] = field(repr=False)

    @property
    def counts(self) -> dict[Standing, int]:
        """Give how many lamps stand each way, every way present."""
        standings = [lamp.standing for lamp in self.lamps]
        return {standing: standings.count(standing) for standing in Standing}


def look(
    fleet: Fleet,
    queue: CommandQueue,
    nights: LampNights,
    zone: ZoneInfo,
    now_us: int,
    sees: Callable[[str], bool] = lambda device: True,
) -> NightLook:
    """Give how each lamp in use stands to a programme; nothing is put.

    Args:
        fleet: the registry.
        queue: what waits, and what was confirmed.
        nights: the programme.
        zone: the city's.
        now_us: [us]
        sees: tells whether a lamp is looked at.
    """
    day = (datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(zone) - timedelta(hours=12)).date()
    looking = _Looking(fleet, queue, nights, zone, day, now_us)
    return NightLook(day, tuple(lamp for lamp in looking.lamps() if sees(lamp.device)))


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of applying a programme."""

    put: int = 0
    """Commands that are new in the queue."""
    refused: tuple[tuple[str, str], ...] = ()
    """Devices for whom the queue takes no more, and why; the next look tries again."""


def apply(queue: CommandQueue, seen: NightLook, now_us: int) -> Applied:
    """Put what is new into the queue; levels that are said no more are taken back."""
    wishes = [wish for lamp in seen.lamps for wish in lamp.wishes]
    _take_back(queue, seen, now_us)
    new, refused = 0, {}
    for first in range(0, len(wishes), _SLICE):
        some = wishes[first : first + _SLICE]
        for wish, put in zip(some, queue.put_each(some, by=BY, now_us=now_us), strict=True):
            if isinstance(put, str):
                refused[wish.device] = put
            else:
                new += put.is_new
    return Applied(new, tuple(refused.items()))


def _take_back(queue: CommandQueue, seen: NightLook, now_us: int) -> None:
    """Cancel what an earlier look put and is said no more; should it be again, it is put anew.

    A calendar of yesterday's special day that still waits would otherwise be kept through an ordinary night.
    """
    due = {key for lamp in seen.lamps for key in lamp.keys}
    kept = {lamp.device: lamp.kept for lamp in seen.lamps}
    words = "the programme says something else"
    step = Step(CommandState.CANCELED, CommandReason.WITHDRAWN, now_us, BY, words)
    with queue.file.writing() as connection:
        waiting = connection.execute(
            "SELECT id, device, idempotency_key, kind, place, arguments FROM commands WHERE group_name = ?"
            " AND state = 'PENDING'",
            (BY,),
        ).fetchall()
        for command_id, device, key, *said in waiting:
            if device in kept and key not in due and tuple(said) not in kept[device]:
                take_step(connection, command_id, step)
                connection.execute("UPDATE commands SET idempotency_key = NULL WHERE id = ?", (command_id,))


class _Looking:
    """The lamps of a fleet with what is known of them."""

    def __init__(
        self, fleet: Fleet, queue: CommandQueue, nights: LampNights, zone: ZoneInfo, day: date, now_us: int
    ) -> None:
        self._fleet, self._nights, self._day, self._now_us = fleet, nights, day, now_us
        slots = np.flatnonzero(
            (fleet.column("family") == Family.LIGHTING) & (fleet.column("state") == "active")
        ).astype(np.int32)
        rows = fleet.asset_rows_at(slots, np.full(len(slots), now_us, np.int64))
        self._devices = fleet.column("device")[slots].tolist()
        self._profiles = fleet.column("profile")[slots].tolist()
        self._classes = _of_place(fleet, "road_class", rows, None)
        lat_deg = np.array(_of_place(fleet, "lat", rows, np.nan), np.float64)
        lon_deg = np.array(_of_place(fleet, "lon", rows, np.nan), np.float64)
        self._skies = [Sky(day + timedelta(days=later), zone, lat_deg, lon_deg) for later in (0, 1)]
        with queue.file.looking() as connection:
            self._confirmed = confirmed(connection, _KEPT)
            self._under_way = under_way(connection, _KEPT)
            self._put = known_keys(connection, BY, now_us)

    def lamps(self) -> Iterator[LampNight]:
        """Yield each lamp."""
        for row, device in enumerate(self._devices):
            try:
                yield self._lamp(row, device, self._profiles[row])
            except ValueError as why:
                yield LampNight(device, Standing.REFUSED, reason=str(why))

    def _lamp(self, row: int, device: str, profile: str) -> LampNight:
        tonight = self._plan(self._skies[0], row, profile)
        if tonight is None:
            return LampNight(device, Standing.UNSAID)
        if tonight.refused:
            return LampNight(device, Standing.REFUSED, reason=tonight.refused)
        if tonight.is_kept:
            return self._keeper(device, tonight.commands)
        next_night = self._plan(self._skies[1], row, profile)
        levels = [*tonight.commands, *(next_night.commands if next_night is not None else ())]
        due = [timed for timed in levels if timed.until_us is not None and timed.until_us > self._now_us]
        keyed = [(timed, _key(device, timed)) for timed in due]
        wishes = tuple(self._wish(device, timed) for timed, key in keyed if key not in self._put)
        return LampNight(device, Standing.EACH_NIGHT, wishes, keys=tuple(key for _, key in keyed))

    def _plan(self, sky: Sky, row: int, profile: str) -> Plan | None:
        steps = self._nights.steps(self._classes[row], sky.day)
        return None if steps is None else lamp_plan(sky, row, steps, _takes(profile))

    def _keeper(self, device: str, told: Sequence[Timed]) -> LampNight:
        kept = frozenset(_said(timed.command) for timed in told)
        news = [timed for timed in told if not self._is_said(self._confirmed, device, timed.command)]
        if not news:
            return LampNight(device, Standing.KEPT, kept=kept)
        news = [timed for timed in news if not self._is_said(self._under_way, device, timed.command)]
        if not news:
            return LampNight(device, Standing.ON_ITS_WAY, kept=kept)
        return LampNight(device, Standing.NEW, tuple(self._wish(device, timed) for timed in news), kept=kept)

    @staticmethod
    def _is_said(known: dict[Key, str], device: str, command: Command) -> bool:
        kind, place, said = _said(command)
        return known.get((device, kind, place)) == said

    def _wish(self, device: str, timed: Timed) -> Wish:
        if timed.not_before_us is None or timed.until_us is None:
            terms = Terms(group=BY)
        else:
            ttl_s = (timed.until_us - max(timed.not_before_us, self._now_us)) // 1_000_000
            terms = Terms(timed.not_before_us, max(1, ttl_s), _key(device, timed), BY)
        return wish_for(self._fleet, device, timed.command, now_us=self._now_us, terms=terms)


def _said(command: Command) -> Key:
    """Give a command's kind, place and arguments, as the queue has them."""
    return str(kind_of(command)), place_of(command), json.dumps(arguments_of(command))


def _key(device: str, timed: Timed) -> str:
    """Give a key by which a level of a night is put once, however often somebody looks."""
    said = f"{timed.not_before_us} {timed.until_us} {json.dumps(arguments_of(timed.command))}"
    return f"{BY}/{device}/{hashlib.blake2b(said.encode(), digest_size=8).hexdigest()}"


@cache
def _takes(profile: str) -> Callable[[Command], str | None]:
    kinds = command_kinds(profile)

    @lru_cache(maxsize=_REMEMBERED)
    def takes(command: Command) -> str | None:
        if kind_of(command) not in kinds:
            return f"{profile} knows no {kind_of(command)}"
        try:
            encode_command(profile, command, identity="0" * 14)
        except ValueError as why:
            return str(why)
        return None

    return takes


def _of_place(fleet: Fleet, name: str, rows: NDArray[np.int32], none: object) -> list[Any]:
    column = [*fleet.asset_column(name).tolist(), none]
    return [column[-1 if row == NONE else row] for row in rows.tolist()]
