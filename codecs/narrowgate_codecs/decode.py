"""From frames to readings, batch in and batch out; a single frame is a batch of one.

Bytes never raise: what is wrong with a frame is a refusal in the result. Only our own misuse raises.
Frames of one profile and direction are read together by its plan; those that are not plainly sound, and
batches too small to be worth a plan, are read frame by frame by the row engine.
"""

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from narrowgate_codecs.cohort import Level, Mask
from narrowgate_codecs.context import Context, Decoded
from narrowgate_codecs.facts import FactBook
from narrowgate_codecs.gathered import Gathered
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.mapping import measures_of
from narrowgate_codecs.marks import NO_MARK, NONE, Marks, identity_marks
from narrowgate_codecs.measures import Measures
from narrowgate_codecs.plan import Plan, plan_of
from narrowgate_codecs.plan_leaves import Unplanned, raw_name
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.registry import PROFILES
from narrowgate_codecs.sorting import Group, Sorted
from narrowgate_codecs.tabling import Origins, family_batch
from narrowgate_codecs.wire import Places
from narrowgate_schema.tables import FACTS
from narrowgate_schema.words import Family

Announced: TypeAlias = dict[int, list[tuple[str, bytes]]]
"""What frames announce that a plan read, by row."""
_NO_FACTS = pa.RecordBatch.from_pylist([], schema=FACTS)
FEWEST = 8
"""Frames of one profile and direction that are worth a plan; fewer are quicker one by one."""


@cache
def plan_for(profile: str, direction: Direction) -> Plan | None:
    """Give the plan of a profile's direction; None if only the row engine can read it."""
    fields = PROFILES[profile].fields(direction)
    try:
        return plan_of(PROFILES[profile], fields) if fields else None
    except Unplanned:
        return None


def decode(uplinks: pa.RecordBatch, context: Context) -> Decoded:
    """Give what the frames mean.

    Args:
        uplinks: (n,) schema UPLINKS; n may be 0. A null `received_at` is an unknown one: a reading without
            a clock of its own then has a null `time`.
        context: what is known of the senders, aligned with the rows.

    Returns:
        Readings, refusals and facts, and per frame its disposition, message, identity and values.

    Raises:
        ValueError: the context is not aligned with the uplinks, or names a profile that does not exist.
    """
    return _decode(uplinks, context, FEWEST, _checked(uplinks, context))


def decode_by_row(uplinks: pa.RecordBatch, context: Context) -> Decoded:
    """Give the same, every frame read by the row engine: the meaning that the plans are held to."""
    return _decode(uplinks, context, uplinks.num_rows + 1, _checked(uplinks, context))


def _checked(uplinks: pa.RecordBatch, context: Context) -> set[str | None]:
    """Give the profiles of the frames, None for those that have none, once all is found to be as it must."""
    for name in ("devices", "profiles", "keys", "directions"):
        column = getattr(context, name)
        if column is not None and len(column) != uplinks.num_rows:
            raise ValueError(f"context.{name}: {len(column)} rows for {uplinks.num_rows} uplinks")
    found = set(context.profiles)
    unknown = {name for name in found if name is not None} - PROFILES.keys()
    if unknown:
        raise ValueError(f"context.profiles: {min(unknown)!r}: one of {', '.join(PROFILES)} is possible")
    return found


def _decode(uplinks: pa.RecordBatch, context: Context, fewest: int, profiles: set[str | None]) -> Decoded:
    planned: dict[Family, list[tuple[str, Measures]]] = {family: [] for family in Family}
    alone = np.ones(uplinks.num_rows, np.bool_)
    marks: Marks = np.full(uplinks.num_rows, NO_MARK, np.uint64)
    book = FactBook(context.facts)
    announced: Announced = {}
    if uplinks.num_rows >= fewest:
        frames = Sorted(uplinks, context, profiles)
        for group in frames.groups():
            plan = plan_for(group.profile, group.direction) if len(group.rows) >= fewest else None
            if plan is not None:
                made = _run(plan, group, frames, uplinks, context, alone, book, marks, announced)
                planned[PROFILES[group.profile].family].extend((group.profile, one) for one in made)
    gathered = Gathered(uplinks, context, book)
    for row in sorted({*np.flatnonzero(alone).tolist(), *announced}):
        if alone[row]:
            gathered.read(row)
        else:
            gathered.learn(row, announced[row])
    marks[alone] = NO_MARK
    origins = Origins(uplinks, context)
    return Decoded(
        readings={
            family: family_batch(family, planned[family], gathered.rows[family], origins) for family in Family
        },
        refusals=gathered.refusals_batch(),
        facts=book.batch() if book.learned else _NO_FACTS,
        dispositions=gathered.dispositions,
        by_row=int(alone.sum()),
        told=gathered.told,
        identity_marks=marks,
        tell=gathered.tell,
    )


def _run(
    plan: Plan,
    group: Group,
    frames: Sorted,
    uplinks: pa.RecordBatch,
    context: Context,
    alone: Mask,
    book: FactBook,
    marks: Marks,
    announced: Announced,
) -> list[Measures]:
    """Read some rows by a plan, note in `alone` which of them it read, give their readings."""
    name, rows = group.profile, group.rows
    ports = frames.ports[rows] if plan.by_port else None
    keys = None
    if plan.by_key and context.keys is not None:
        keys = list(map(context.keys.__getitem__, rows.tolist()))
    facts = _facts(plan, rows, uplinks, context, book) if plan.facts else None
    recall = None if book.is_empty else _recall(rows, uplinks, context, book)
    level = plan.read(*frames.wire(group), ports, keys, facts, recall)
    marks[rows] = NONE if PROFILES[name].identity is None else identity_marks(level, plan.identity)
    if PROFILES[name].learns:
        _leave_learners(level, plan, PROFILES[name], [context.devices[row] for row in rows.tolist()])
    if level.asking:
        _leave_askers(level, [context.devices[row] for row in rows.tolist()])
    announced.update(_announced(level, rows))
    alone[rows] = level.odd
    if group.direction == "down":
        return []
    received_us, received = frames.received
    made = measures_of(plan, level, context.timezone, received_us[rows], received[rows])
    for measures in made:
        measures.rows = rows[measures.rows]
    return made


def _facts(
    plan: Plan, rows: Places, uplinks: pa.RecordBatch, context: Context, book: FactBook
) -> dict[str, Places]:
    devices = [context.devices[row] for row in rows.tolist()]
    frames = uplinks.column("frame").take(pa.array(rows)).to_pylist()
    return {name: book.numbers(name, devices, frames) for name in plan.facts}


def _recall(
    rows: Places, uplinks: pa.RecordBatch, context: Context, book: FactBook
) -> Callable[[int, str], bytes | None]:
    """Give what tells a row's fact by name."""
    frames = uplinks.column("frame").take(pa.array(rows)).to_pylist()
    whole = rows.tolist()
    return lambda row, name: book.known_as(name, context.devices[whole[row]], frames[row])


def _announced(level: Level, rows: Places) -> Announced:
    """Give what sound rows announce, by row of the batch."""
    return {row: facts for own, facts in level.announced for row in rows[own[~level.odd[own]]].tolist()}


def _leave_askers(level: Level, devices: list[str]) -> None:
    """Leave frames that go by a fact to the row engine, which reads in order, where a frame may be news."""
    news = level.odd.copy()
    for own, _ in level.announced:
        news[own] = True
    if news.any():
        telling = {devices[row] for row in np.flatnonzero(news).tolist()}
        asking = np.concatenate(level.asking)
        level.odd[asking] |= np.array([devices[row] in telling for row in asking.tolist()], np.bool_)


def _leave_learners(level: Level, plan: Plan, profile: Profile, devices: list[str]) -> None:
    """Leave all frames of a device to the row engine, which reads in order, where one may announce news."""
    news = level.odd.copy()
    for learn in profile.learns:
        rows = level.sound(plan.cases.get(learn.message, -1))
        column = level.columns.get(raw_name(learn.name))
        if column is not None and len(rows):
            told = column.values[rows] != level.facts[learn.fact][rows]
            news[rows] |= told if column.said is None else told & column.said[rows]
    if news.any():
        learners = {devices[row] for row in np.flatnonzero(news).tolist()}
        level.odd |= np.array([device in learners for device in devices], np.bool_)
