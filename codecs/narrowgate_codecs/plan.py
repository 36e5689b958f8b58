"""The plan that reads a whole batch of a profile's frames, compiled from its declaration.

The plan gives columns for frames that are plainly sound and leaves every other frame to the row engine, which
alone says what a declaration means. What shapes a frame (its length, its choices, the count of its records)
is a column like any other, so a batch of a thousand shapes takes the steps of its choices, not a thousand
plans, and there is no cache of plans that hostile frames could fill.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.aligned import Aligned
from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.calendars import EpochCounts
from narrowgate_codecs.cohort import NO_PORT, Cohort, Level, Place, Trace, all_in, settled
from narrowgate_codecs.compiler import Compiler
from narrowgate_codecs.known import Key
from narrowgate_codecs.layouts import Layouts
from narrowgate_codecs.moments import parts_of
from narrowgate_codecs.plan_described import finish
from narrowgate_codecs.plan_joint import parts_of as joint_parts
from narrowgate_codecs.plan_leaves import Unplanned, Wants
from narrowgate_codecs.plan_regions import (
    Close,
    Steps,
    follow,
)
from narrowgate_codecs.profile import Profile, Reading
from narrowgate_codecs.soundness import every
from narrowgate_codecs.sums import Sum
from narrowgate_codecs.wire import Places, Wire

Dating: TypeAlias = el.Clock | el.Epoch | el.Moment | BitClock

_TRUTH = np.dtype(np.bool_)
_FEW_FRAMES = 128
"""Ports that Python looks at quicker than numpy."""
_FEW_PORTS = 4
"""Ports of frames of one length whose layouts are looked up."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a message becomes a row, as far as it is known before any frame comes."""

    reading: Reading
    case: int
    """The number of its message."""
    is_item: bool
    """True where items of lists are the rows."""
    sole: tuple[tuple[str, str, str | None, str | None], ...] | None
    """By field the name that says it, the one that doubts it, and the one that must be over; None: several
    names say one field, or records do."""
    words: dict[str, tuple[str, ...]]
    """What the numbers of such fields stand for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the frames of one profile and direction are read in batches."""

    steps: Steps
    wants: Wants
    cases: dict[str, int]
    """The number that stands for each case's name in Level.case."""
    clocks: dict[str, Dating]
    """The elements that date readings, by name."""
    epochs: dict[str, EpochCounts]
    """Those of them that count from an epoch."""
    layouts: Layouts
    by_port: bool
    """True where the captured port says what a frame is."""
    by_key: bool
    """True where frames can be encrypted."""
    identity: str | None
    """The name of the identity inside the frames, where its bytes are kept; None: they are not."""
    facts: tuple[str, ...]
    """What the frames go by that earlier ones announced, and what they announce."""
    mappings: tuple[Mapping, ...]
    """How messages become readings."""

    def read(
        self,
        wire: Wire,
        starts: Places,
        lengths: Places,
        ports: Place | None = None,
        keys: Sequence[Key] | None = None,
        facts: dict[str, Places] | None = None,
        recall: Callable[[int, str], bytes | None] | None = None,
    ) -> Level:
        """Read frames of a wire; n may be 0.

        Args:
            wire: the bytes.
            starts: (n,) first byte of each frame, ascending.
            lengths: (n,) [byte].
            ports: (n,) message types that the transport captured, NO_PORT for none, or the one of all of
                them; None: none for all.
            keys: (n,) of the frames' devices; None: no device has one.
            facts: (n,) numbers by name, NO_FACT where one is not known; None: none is.
            recall: gives what is known of a row's device under a name; None: nothing is of any.
        """
        level = Level(wire, starts, np.zeros(len(starts), _TRUTH), keys=keys)
        level.recall = recall
        if facts:
            level.facts = facts
        port = ports if self.by_port else None
        if len(starts):
            end, is_one = int(lengths[0]), wire.alike is lengths
            if is_one or all_in(lengths == end):
                level.stride = end or None if is_one else _stride(starts, end)
                self._read_alike(level, end, settled(port) if isinstance(port, np.ndarray) else port)
            else:
                level.ports = _each(port, len(starts))
                follow(self.steps, Cohort(level, starts, 0, lengths))
            if level.put_off:
                finish(level)
        return level

    def _read_alike(self, level: Level, length: int, port: Place | None) -> None:
        """Read frames of one length: by their layout if it was met before, else step by step."""
        ports = _few(port) if isinstance(port, np.ndarray) else (NO_PORT if port is None else port,)
        if level.stride is None or not ports or self.facts:
            level.ports = _each(port, level.count)
            follow(self.steps, Cohort(level, level.starts, 0, length))
            return
        frames = Aligned(level, length)
        layout = self.layouts.known(frames, (length, ports[0]))
        for other in ports[1:]:
            # Frames of several ports are read together where their layout is the same.
            layout = layout if self.layouts.known(frames, (length, other)) is layout else None
        if layout is None or layout.hears_port:
            level.ports = _each(port, level.count)
        if layout is not None:
            layout.read(frames)
            return
        if isinstance(port, np.ndarray):
            for one in ports:
                self._trace(level.first(port == one), (length, one))
            follow(self.steps, Cohort(level, level.starts, 0, length))
        elif not self._trace(level, (length, ports[0])):
            follow(self.steps, Cohort(level, level.starts, 0, length))

    def _trace(self, level: Level, key: tuple[int, int]) -> bool:
        """Read frames and keep the layout that they are found to have; False where it is not worth while."""
        if not self.layouts.wants(key):
            return False
        trace = Trace()
        follow(self.steps, Cohort(level, level.starts, 0, key[0], trace=trace))
        self.layouts.keep(level, key, trace)
        return True


def _each(port: Place | None, count: int) -> Places | None:
    """Give the ports of all frames, (n,); None where none was captured."""
    return np.full(count, port) if isinstance(port, int) else port


def _few(ports: Places) -> Sequence[int]:
    """Give the ports that occur; () for too many to look at each."""
    if len(ports) <= _FEW_FRAMES:
        sole = tuple(set(ports.tolist()))
        return sole if len(sole) <= _FEW_PORTS else ()
    found: list[int] = []
    while len(ports) and len(found) < _FEW_PORTS:
        found.append(int(ports[0]))
        ports = ports[ports != found[-1]]
    return () if len(ports) else found


def _stride(starts: Places, length: int) -> int | None:
    """Give the step from frame to frame where they stand back to back; frames never overlap on a wire."""
    return length if length and int(starts[-1] - starts[0]) == (len(starts) - 1) * length else None


def plan_of(profile: Profile, fields: tuple[lay.Element, ...]) -> Plan:
    """Compile a direction of a profile.

    Raises:
        Unplanned: it has an element that only the row engine can read; says which.
    """
    cases = {name: number for number, name in enumerate(_case_names(profile.single_message, fields))}
    carries = [carry for reading in profile.readings for carry in reading.carries]
    values = {name for carry in carries for name in (carry.name, carry.doubted_by, carry.after) if name}
    values |= {reading.series_by for reading in profile.readings if reading.series_by is not None}
    clocks = {reading.clock for reading in profile.readings if reading.clock is not None}
    clocks |= {reading.each.clock for reading in profile.readings if reading.each and reading.each.clock}
    dating: dict[str, Dating] = {}
    found = [field for field in every(fields) if isinstance(field, Dating)]
    for clock in found:
        if clock.name in clocks and dating.setdefault(clock.name, clock) != clock:
            raise Unplanned(f"{clock.name}: stands for clocks of different kinds")
    shaping, units = frozenset(_shaping(fields)), frozenset(_units(fields))
    lists = frozenset(reading.records for reading in profile.readings if reading.records is not None)
    heard = shaping | units | clocks | set(_heard(fields)) | {learn.name for learn in profile.learns}
    sent = frozenset(_sent(fields)) | ({profile.identity} if profile.identity is not None else set())
    wants = Wants(frozenset(values), shaping, units, heard, {}, lists, sent)
    compiler = Compiler(wants, cases, joint_parts(fields, _uses))
    steps = (*compiler.steps(fields), Close(exact=True))
    by_port = any(isinstance(field, (el.Port, lay.Resources)) for field in every(fields))
    by_key = any(isinstance(field, lay.Encrypted) for field in every(fields))
    asked = [field.name for field in every(fields) if isinstance(field, el.Fact)]
    facts = tuple(dict.fromkeys([*asked, *(learn.fact for learn in profile.learns)]))
    epochs = {name: EpochCounts(clock) for name, clock in dating.items() if isinstance(clock, el.Epoch)}
    identity = profile.identity if profile.identity in compiler.sent else None
    mappings = tuple(mapping_of(reading, cases, wants.words) for reading in profile.readings)
    return Plan(
        steps,
        wants,
        cases,
        dating,
        epochs,
        Layouts(_carried(mappings)),
        by_port,
        by_key,
        identity,
        facts,
        mappings,
    )


def _carried(mappings: tuple[Mapping, ...]) -> dict[int, frozenset[str]]:
    """Give the names whose values the readings of each message carry."""
    carried: dict[int, frozenset[str]] = {}
    for mapping in mappings:
        carries = mapping.reading.carries
        names = {name for carry in carries for name in (carry.name, carry.doubted_by, carry.after) if name}
        names |= {mapping.reading.series_by or ""}
        carried[mapping.case] = carried.get(mapping.case, frozenset()) | names
    return carried


def mapping_of(reading: Reading, cases: dict[str, int], words: dict[str, dict[str, int]]) -> Mapping:
    """Give what there is to know of a mapping before any frame comes."""
    is_item = reading.each is not None or reading.series_by is not None
    fields = {carry.field for carry in reading.carries}
    is_sole = not is_item and reading.records is None and len(fields) == len(reading.carries)
    sole = tuple((carry.field, carry.name, carry.doubted_by, carry.after) for carry in reading.carries)
    known = {carry.field: tuple(words[carry.name]) for carry in reading.carries if carry.name in words}
    return Mapping(reading, cases.get(reading.message, -1), is_item, sole if is_sole else None, known)


def _case_names(single: str, fields: tuple[lay.Element, ...]) -> list[str]:
    return list(dict.fromkeys([single, *(case.name for case in _cases(fields))]))


def _cases(fields: tuple[lay.Element, ...]) -> Iterator[lay.Case]:
    for field in every(fields):
        if isinstance(field, (lay.Switch, lay.Records)):
            yield from lay.cases_of(field)


def _uses(fields: tuple[lay.Element, ...]) -> Iterator[str]:
    """Give the names that elements go by, one for each use."""
    for uses in (_shaping, _units, _heard, _sent):
        yield from uses(fields)


def _shaping(fields: tuple[lay.Element, ...]) -> Iterator[str]:
    """Give the names that choose or count."""
    for field in every(fields):
        if isinstance(field, (lay.Switch, lay.When)):
            yield field.on
        elif isinstance(field, (lay.Array, lay.Deltas)) and isinstance(field.count, str):
            yield field.count
        elif isinstance(field, lay.Channels):
            yield field.mask


def _heard(fields: tuple[lay.Element, ...]) -> Iterator[str]:
    """Give the names of numbers that others are worked out from."""
    for field in every(fields):
        if isinstance(field, lay.Deltas):
            yield field.base
        elif isinstance(field, el.Scaled):
            yield from (field.of, field.by)
        elif isinstance(field, Sum):
            yield from (name for name, _ in field.of)
        elif isinstance(field, el.Moment):
            yield from parts_of(field)
        elif isinstance(field, lay.Encrypted) and field.blocks is not None:
            yield field.blocks


def _sent(fields: tuple[lay.Element, ...]) -> Iterator[str]:
    """Give the names of elements whose very bytes keys and chains are made of."""
    for field in every(fields):
        if isinstance(field, lay.Encrypted):
            yield from (part for part in (*field.first, *field.derived_from) if isinstance(part, str))


def _units(fields: tuple[lay.Element, ...]) -> Iterator[str]:
    """Give the names that say the unit of a number."""
    for field in every(fields):
        if isinstance(field, el.Bcd) and isinstance(field.per, el.Units):
            yield field.per.by
