"""The compiler: from the elements of a declaration to the steps of a plan."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.bit_parts import bytes_of
from narrowgate_codecs.leaves import clock_width
from narrowgate_codecs.plan_channels import ChannelSteps
from narrowgate_codecs.plan_checks import CheckStep, ConstStep
from narrowgate_codecs.plan_choices import Choose
from narrowgate_codecs.plan_compact import CompactSteps
from narrowgate_codecs.plan_described import DescribedSteps
from narrowgate_codecs.plan_items import ItemSteps, Land, measured
from narrowgate_codecs.plan_joint import Joint, Part, weight_of
from narrowgate_codecs.plan_leaves import LeafStep, Unplanned, Wants
from narrowgate_codecs.plan_lists import ArraySteps, DeltaSteps, Kind, ListSteps, Span
from narrowgate_codecs.plan_numbers import BcdStep
from narrowgate_codecs.plan_optional import when
from narrowgate_codecs.plan_regions import (
    Bodily,
    Close,
    Maybe,
    Note,
    Sizing,
    Skip,
    Steps,
    Stretch,
    TextToEnd,
    ToEnd,
)
from narrowgate_codecs.plan_resources import ResourceSteps
from narrowgate_codecs.plan_transforms import Become, Opening, SentStep, Unblocking
from narrowgate_codecs.plan_words import leaf_step
from narrowgate_codecs.resources import FRAMES
from narrowgate_codecs.sums import Sum
from narrowgate_codecs.validate import least_width
from narrowgate_codecs.varints import VarintDeltaSteps, VarintSpan, VarintStep


def fixed_width(field: lay.Element) -> int | None:
    """Give the bytes an element takes in every frame; None if that depends on the frame."""
    match field:
        case el.Mark():
            return 0
        case el.Const():
            return len(field.value)
        case el.Clock():
            return clock_width(field)
        case el.Port() | el.Left() | el.Fact() | el.Implied() | el.Scaled() | el.Moment() | Sum():
            return 0
    return getattr(field, "width", None) if isinstance(field, (*lay.LEAVES, el.Check)) else None


def joint_width(fields: tuple[lay.Element, ...]) -> int | None:
    """Give the bytes that elements take together in every frame; None if that depends on the frame."""
    widths = [fixed_width(one) for one in fields]
    return None if None in widths else sum(width for width in widths if width is not None)


def goes_to_the_end(field: lay.Element) -> bool:
    """Give whether an element takes whatever is left of its region."""
    return isinstance(field, el.Rest) or (isinstance(field, el.Text) and field.width is None)


@dataclass(slots=True)
class _Run:
    """Elements of fixed width that are being gathered into a stretch."""

    width: int
    leaves: list[tuple[int, LeafStep]]
    late: list[tuple[int, LeafStep]]
    """Steps that look at a code which may stand behind them."""


class Compiler:
    """Makes the steps of one direction's elements."""

    def __init__(self, wants: Wants, cases: dict[str, int], joints: frozenset[Part] = frozenset()) -> None:
        self.wants, self.cases, self.joints = wants, cases, joints
        self.joined: dict[Part, Joint] = {}
        self.seen: set[str] = set()
        self.sent: set[str] = set()
        """Names whose very bytes the steps keep."""
        self.contents: dict[lay.Described, DescribedSteps] = {}

    def steps(self, fields: tuple[lay.Element, ...]) -> Steps:
        """Give the steps of a level's elements, those of fixed width joined to stretches."""
        made: list[Any] = []
        run = _Run(0, [], [])
        for field in fields:
            width = fixed_width(field)
            if width is None:
                run = self._close(run, made)
                made.append(self._step(field))
            else:
                self._add(run, field, width)
        self._close(run, made)
        return tuple(made)

    def _close(self, run: _Run, made: list[Any]) -> _Run:
        for field in run.late:
            self._need(field[1])
        if run.width or run.leaves:
            made.append(Stretch(run.width, run.leaves + run.late))
        return _Run(0, [], [])

    def _add(self, run: _Run, field: Any, width: int) -> None:
        match field:
            case el.Mark():
                run.leaves.append((run.width, Note(field.name)))
            case el.Const():
                run.leaves.append((run.width, ConstStep(field)))
            case el.Check():
                run.leaves.append((run.width, CheckStep(field)))
            case _:
                self.seen.update(lay.names_of(field))
                by_code = isinstance(field, el.Bcd) and isinstance(field.per, el.Units)
                for offset, leaf in bytes_of(field) if isinstance(field, el.Bits) else ((0, field),):
                    step = leaf_step(leaf, self.wants)
                    if step is not None:
                        (run.late if by_code else run.leaves).append((run.width + offset, step))
                sent = self.wants.sent.intersection(lay.names_of(field))
                run.leaves += [(run.width, SentStep(name, width)) for name in sorted(sent)]
                self.sent.update(sent)
        run.width += width

    def _need(self, step: LeafStep) -> None:
        """Refuse a number whose unit stands behind the stretch that the number is in."""
        per = step.leaf.per if isinstance(step, BcdStep) else None
        if isinstance(per, el.Units) and per.by not in self.seen:
            raise Unplanned(f"{per.by}: stands behind bytes of unknown number")

    def _step(self, field: lay.Element) -> Any:
        make = _STEPS.get(type(field))
        if make is None:
            raise Unplanned(f"{type(field).__name__}: no plan reads it")
        return make(self, field)

    def lead(self, field: lay.Lead) -> Maybe:
        """Give the step of elements behind a marker."""
        inside = self.steps(field.fields)
        return Maybe(
            field.marker,
            inside if field.is_first else (Stretch(len(field.marker), ()), *inside),
            field.mask,
        )

    def resources(self, field: lay.Resources) -> ResourceSteps:
        """Give the step of resources; what their opaque values hold is compiled if anybody reads it."""
        inner = self.region(field.inner) if FRAMES in self.wants.lists else ()
        return ResourceSteps(field, self.wants, inner)

    def region(self, fields: tuple[lay.Element, ...]) -> Steps:
        """Give the steps of elements that fill a region exactly."""
        return (*self.steps(fields), Close(exact=True))

    def switch(self, field: lay.Switch) -> Choose | Joint:
        """Give the step of a choice by code; one behind several headers goes on to its region's end."""
        if field in self.joints and field not in self.joined:
            self.joined[field] = Joint((self._choose(field), Close(exact=True)), weight_of(field))
        return self.joined[field] if field in self.joined else self._choose(field)

    def _choose(self, field: lay.Switch) -> Choose:
        cases = [(case.when, self.cases[case.name], self.steps(case.fields)) for case in field.cases]
        default = field.default
        other = None if default is None else (self.cases[default.name], self.steps(default.fields))
        return Choose(field.on, cases, other)

    def kind(self, field: lay.Records, case: lay.Case) -> Kind:
        """Give one kind of a record list."""
        fields = case.fields
        number = self.cases[case.name]
        if field.length_width:
            return Kind(number, case.when, self.region(fields), 0, to_end=False)
        to_end = bool(fields) and goes_to_the_end(fields[-1])
        width = joint_width(fields[:-1] if to_end else fields)
        if width is not None:
            return Kind(number, case.when, self.steps(fields), width, to_end)
        measure = partial(measured, self.measure(fields))
        return Kind(number, case.when, self.item(fields), 0, to_end=False, measure=measure)

    def joint(self, field: lay.Body | lay.Encrypted, inside: Steps) -> Steps:
        """Give the steps inside a region; one of several headers is the same step behind all of them."""
        if field not in self.joints:
            return inside
        return (self.joined.setdefault(field, Joint(inside, weight_of(field))),)

    def body(self, field: lay.Body) -> Bodily:
        """Give the step of all but the last bytes."""
        return Bodily(field, self.joint(field, self.region(field.fields)))

    def encrypted(self, field: lay.Encrypted) -> Become:
        """Give the step of what a key opens."""
        return Become(self.joint(field, (Opening(field), *self.region(field.fields))))

    def described(self, field: lay.Described) -> DescribedSteps:
        """Give the step of content that describes itself; one for all places of a frame it can stand in."""
        kind = CompactSteps if field.is_compact else DescribedSteps
        return self.contents.setdefault(field, kind(field, self.wants))

    def array(self, field: lay.Array) -> Any:
        """Give the step of repeated elements."""
        width = joint_width(field.fields)
        if width is not None:
            return ArraySteps(field, self.steps(field.fields), width)
        least = least_width(field.fields)
        return ItemSteps(field, self.item(field.fields), self.measure(field.fields), least)

    def channels(self, field: lay.Channels) -> Any:
        """Give the step of elements for every bit of a mask."""
        least = least_width(field.fields)
        return ChannelSteps(field, self.item(field.fields), self.measure(field.fields), least)

    def deltas(self, field: lay.Deltas) -> Any:
        """Give the step of numbers told as differences."""
        also = [step for one in field.also if (step := leaf_step(one, self.wants)) is not None]
        return DeltaSteps(field, also) if field.width else VarintDeltaSteps(field, also)

    def varint(self, field: el.Varint) -> Any:
        """Give the step of a number as wide as it needs to be."""
        self.seen.add(field.name)
        return VarintStep(field, self.wants)

    def item(self, fields: tuple[lay.Element, ...]) -> Steps:
        """Give the steps that read an item whose own content says how wide it is."""
        return (*self.steps(fields), Close(exact=False))

    def measure(self, fields: tuple[lay.Element, ...]) -> Steps:
        """Give the steps that find where such an item ends."""
        return (*_Measurer(self.wants, self.cases).steps(fields), Land())


class _Measurer(Compiler):
    """Compiles only what shapes an item: its lengths and the numbers that choose and count."""

    def __init__(self, wants: Wants, cases: dict[str, int]) -> None:
        shaping = wants.shaping
        super().__init__(Wants(frozenset(), shaping, frozenset(), shaping, {}), cases)

    def _add(self, run: _Run, field: Any, width: int) -> None:
        if self.wants.shaping.isdisjoint(lay.names_of(field)):
            run.width += width
        else:
            super()._add(run, field, width)

    def _step(self, field: lay.Element) -> Any:
        match field:
            case lay.Records() | el.Text():
                return ToEnd()
            case lay.Deltas():
                return Span(field.count, field.width) if field.width else VarintSpan(field.count or 0)
            case lay.Array() if joint_width(field.fields) is not None:
                return Span(field.count, joint_width(field.fields) or 0)
            case lay.Array() | lay.Channels():
                kind = ItemSteps if isinstance(field, lay.Array) else ChannelSteps
                return kind(field, (), self.measure(field.fields), least_width(field.fields))  # type: ignore[arg-type]  # each its own
        return super()._step(field)

    def region(self, fields: tuple[lay.Element, ...]) -> Steps:
        """Give nothing: a region's extent is known before its inside is read."""
        return ()


_STEPS: dict[type, Callable[[Compiler, Any], Any]] = {
    el.Rest: lambda compiler, field: ToEnd(),
    el.Text: lambda compiler, field: TextToEnd(),
    el.Filler: lambda compiler, field: Skip(field.byte, field.at_most),
    lay.Lead: Compiler.lead,
    lay.Tail: lambda compiler, field: Maybe(b"", compiler.steps(field.fields), at_least=field.at_least),
    lay.When: lambda compiler, field: when(field, compiler.steps(field.fields)),
    lay.Sized: lambda compiler, field: Sizing(field, compiler.region(field.fields)),
    lay.Body: Compiler.body,
    lay.FormatA: lambda compiler, field: Become((Unblocking(), *compiler.region(field.fields))),
    lay.Encrypted: Compiler.encrypted,
    lay.Switch: Compiler.switch,
    lay.Records: lambda compiler, field: ListSteps(
        field, [compiler.kind(field, case) for case in lay.cases_of(field)]
    ),
    lay.Array: Compiler.array,
    lay.Channels: Compiler.channels,
    lay.Deltas: Compiler.deltas,
    lay.Described: Compiler.described,
    lay.Resources: Compiler.resources,
    el.Varint: Compiler.varint,
}
