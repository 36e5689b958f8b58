"""Registration: a declaration is refused here, with its place, or it is sound."""

import dataclasses
import re

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.ciphers import BLOCK
from narrowgate_codecs.moments import parts_of
from narrowgate_codecs.order_checks import check_orders
from narrowgate_codecs.profile import Carry, Each, Learn, Profile, Reading
from narrowgate_codecs.reading_checks import check_reading
from narrowgate_codecs.scrambling import SEED
from narrowgate_codecs.soundness import dtypes_of, every, fault_of, is_number, may_be_null, width_of
from narrowgate_codecs.sums import Sum
from narrowgate_schema.words import Reason

_NAME = re.compile(r"[a-z0-9]+_[a-z0-9_]+_v[0-9a-z]+")
_ELEMENTS = lay.LEAVES + lay.SILENT + lay.HOLDERS
_PLAIN: tuple[type, ...] = (int, float, str, bool, bytes, type(None))
_WITHIN = (*_ELEMENTS, *lay.PARTS, Carry, Reading, Each, Learn)


def validated(profile: Profile) -> Profile:
    """Give the profile back if it is sound.

    Raises:
        TypeError: something outside the closed vocabulary, a callable above all; names the place.
        ValueError: a name that is missing, doubled or unknown, an element that cannot work; names the place.
    """
    if type(profile) is not Profile:
        raise TypeError(f"{type(profile).__name__} is no Profile")
    if not _NAME.fullmatch(profile.name):
        raise ValueError(f"{profile.name}: a profile is named <maker>_<model>_v<layout>")
    for direction in ("up", "down"):
        fields = profile.up if direction == "up" else profile.down
        place = f"{profile.name}.{direction}"
        if direction == "down" and fields is profile.up:
            continue
        _check_types(fields, place)
        for index, field in enumerate(fields):
            _check_type(field, _place(place, field, index), _ELEMENTS)
        _check_scope(fields, place, frozenset())
        _check_ports(fields, place)
        _check_secrets(fields, place)
        _check_numbers(fields, place)
    _check_types(profile.readings, f"{profile.name}.readings")
    _check_learns(profile)
    for reading in profile.readings:
        check_reading(profile, reading)
    check_orders(profile)
    return profile


def _check_numbers(fields: tuple[lay.Element, ...], place: str) -> None:
    for name in _gone_by(fields):
        if not is_number(fields, name):
            raise ValueError(f"{place}: {name} is no number to go by")
    for name in _worked_from(fields):
        if may_be_null(fields, name):
            raise ValueError(f"{place}: {name} may say nothing: nothing can be counted from it")


def _worked_from(fields: tuple[lay.Element, ...]) -> list[str]:
    """Give the names whose numbers are counted, or counted from."""
    names: list[str] = []
    for field in every(fields):
        if isinstance(field, lay.Deltas):
            names.append(field.base)
        if isinstance(field, (lay.Array, lay.Deltas)) and isinstance(field.count, str):
            names.append(field.count)
    return names


def _check_secrets(fields: tuple[lay.Element, ...], place: str) -> None:
    """Refuse an encrypted region inside an item, and one begun by other than 16 bytes."""
    for field in every(fields):
        if isinstance(field, lay.LISTS) and any(isinstance(one, lay.Encrypted) for one in every((field,))):
            raise ValueError(f"{place}.{field.name}: an encrypted region stands in the frame's own level")
        for parts in (field.first, field.derived_from) if isinstance(field, lay.Encrypted) else ():
            sizes = [len(part) if isinstance(part, bytes) else width_of(fields, part) for part in parts]
            wanted = SEED if isinstance(field, lay.Encrypted) and field.cipher == "prios" else BLOCK
            if parts and sum(sizes) != wanted:
                raise ValueError(f"{place}: {sum(sizes)} bytes are to make the {wanted} of {parts}")


def _check_learns(profile: Profile) -> None:
    """Refuse to learn from a message that does not exist, or what is no plain number of it."""
    _check_types(profile.learns, f"{profile.name}.learns")
    for learn in profile.learns:
        place = f"{profile.name}.learns.{learn.fact}"
        if learn.message not in (lay.messages_of(profile.up) or (profile.single_message,)):
            raise ValueError(f"{place}: there is no message {learn.message}")
        if dtypes_of(profile.up, learn.name) == set() or not is_number(profile.up, learn.name):
            raise ValueError(f"{place}: {learn.name} is no number of a frame")


def _check_ports(fields: tuple[lay.Element, ...], place: str) -> None:
    """Refuse a second port, and one inside an item: only a frame is captured with one."""
    facts = [field for field in every(fields) if isinstance(field, el.Fact)]
    if any(fact not in fields for fact in facts):
        raise ValueError(f"{place}.{facts[-1].name}: a fact stands in the frame's own level")
    ports = [field for field in every(fields) if isinstance(field, el.Port)]
    if len(ports) > 1 or (ports and ports[0] not in fields):
        raise ValueError(f"{place}.{ports[-1].name}: a port stands once, in the frame's own level")


def _gone_by(fields: tuple[lay.Element, ...]) -> list[str]:
    """Give the names that choose, count or start something."""
    names: list[str] = []
    for field in every(fields):
        match field:
            case lay.Switch() | lay.When():
                names.append(field.on)
            case lay.Array() | lay.Deltas() if isinstance(field.count, str):
                names.append(field.count)
            case lay.Encrypted() if field.blocks is not None:
                names.append(field.blocks)
            case _:
                names.extend(_counted_by(field))
        if isinstance(field, lay.Deltas):
            names.append(field.base)
    return names


def _counted_by(field: lay.Element) -> tuple[str, ...]:
    match field:
        case el.Scaled():
            return field.of, field.by
        case Sum():
            return tuple(name for name, _ in field.of)
        case el.Moment():
            return tuple(parts_of(field))
        case lay.Channels():
            return (field.mask,)
    return ()


def _place(place: str, thing: object, index: int) -> str:
    name = getattr(thing, "name", None)
    return (
        f"{place}.{name}"
        if isinstance(name, str) and dataclasses.is_dataclass(thing)
        else f"{place}[{index}]"
    )


def _check_type(thing: object, place: str, accepted: tuple[type, ...]) -> None:
    if type(thing) not in accepted:
        what = "a callable" if callable(thing) else type(thing).__name__
        raise TypeError(f"{place}: {what} is not in the vocabulary of declarations")


def _check_types(thing: object, place: str) -> None:
    """Walk everything a declaration holds; exact types only, so that nothing answers to any name."""
    if type(thing) is tuple:
        if _is_plain(thing):
            return
        for index, one in enumerate(thing):
            _check_types(one, _place(place, one, index))
    elif type(thing) in _WITHIN:
        for field in dataclasses.fields(thing):  # type: ignore[arg-type]  # all of _WITHIN are dataclasses
            value = getattr(thing, field.name)
            inner = place if field.name == "fields" else f"{place}.{field.name}"
            _check_types(value, inner)
    elif type(thing) is not Reason:
        _check_type(thing, place, _PLAIN)


def _is_plain(things: tuple[object, ...]) -> bool:
    """Give whether things are plain, or all tuples of plain things: tables of words and numbers are long."""
    kinds = {*map(type, things)}
    if kinds == {tuple}:
        kinds = {type(one) for thing in things for one in thing}  # type: ignore[attr-defined]  # all are tuples
    return kinds <= set(_PLAIN)


def _check_scope(fields: tuple[lay.Element, ...], place: str, known: frozenset[str]) -> frozenset[str]:
    """Check the elements of a scope in order; `known` are the names before them."""
    for index, field in enumerate(fields):
        here = _place(place, field, index)
        _check_type(field, here, _ELEMENTS)
        holds = isinstance(field, lay.HOLDERS) and not isinstance(field, lay.Described)
        names = () if holds else lay.names_of(field)
        for name in (*names, field.name) if isinstance(field, lay.LISTS) else names:
            if name in known or f"?{name}" in known:
                raise ValueError(f"{here}: the name {name} stands for two things")
        _check_element(field, here, known, fields)
        known = known | _check_inside(field, here, known) | set(names)
        if isinstance(field, el.Mark):
            known = known | {f"@{field.name}"}
    return known


def _check_inside(field: lay.Element, place: str, known: frozenset[str]) -> frozenset[str]:
    """Check what an element holds; give the names it adds to the scope around it."""
    if isinstance(field, (lay.Switch, lay.Records)):
        _check_cases(field, place, known)
        return known
    if isinstance(field, (lay.Array, lay.Channels, lay.Resources)):
        inner = field.inner if isinstance(field, lay.Resources) else field.fields
        _check_scope(inner, place, _unmarked(known))
        return known
    if isinstance(field, lay.Deltas):
        _check_scope(field.also, place, known | {field.item})
        return known
    if isinstance(field, lay.REGIONS):
        marks = {f"@{field.mark}"} if isinstance(field, lay.Sized) and field.mark is not None else set()
        return _check_scope(field.fields, place, known | marks)
    if isinstance(field, lay.OPTIONAL):
        return known | _perhaps(_check_scope(field.fields, place, known) - known)
    return known


def _check_cases(field: lay.Switch | lay.Records, place: str, known: frozenset[str]) -> None:
    codes = [code for case in lay.cases_of(field) for code in case.when]
    if len(codes) != len(set(codes)):
        raise ValueError(f"{place}: a code stands for two cases")
    names = [case.name for case in lay.cases_of(field)]
    if len(names) != len(set(names)):
        raise ValueError(f"{place}: two cases have one name")
    if isinstance(field, lay.Records):
        known = _unmarked(known) | ({"tag"} if field.default is not None else set())
    for case in lay.cases_of(field):
        _check_type(case, f"{place}.{getattr(case, 'name', '?')}", (lay.Case,))
        _check_scope(case.fields, f"{place}.{case.name}", known)


def _perhaps(names: frozenset[str]) -> frozenset[str]:
    """Give names that are taken but that nothing can go by: what says them may not be there."""
    return frozenset(name if name.startswith("?") else f"?{name}" for name in names)


def _unmarked(known: frozenset[str]) -> frozenset[str]:
    """Give the names without the marks: a check sum inside an item counts from a mark of the same item."""
    return frozenset(name for name in known if not name.startswith(("@", "?@")))


def _check_element(
    field: lay.Element, place: str, known: frozenset[str], siblings: tuple[lay.Element, ...]
) -> None:
    fault = fault_of(field)
    if fault is not None:
        raise ValueError(f"{place}: {fault}")
    if isinstance(field, lay.Array) and least_width(field.fields) < 1:
        raise ValueError(f"{place}: an array of elements that may be empty never ends")
    beside = {name for one in siblings for name in lay.names_of(one)}
    for name in _needed(field, beside):
        if name not in known:
            always = "always " if f"?{name}" in known else ""
            raise ValueError(f"{place}: {name.lstrip('@')} does not {always}stand before it")


def _needed(field: lay.Element, beside: set[str]) -> list[str]:
    """Give the names that must be known before the element; a mark's name follows an @."""
    match field:
        case el.Check():
            return [f"@{field.since}"]
        case lay.Switch() | lay.When():
            return [field.on]
        case lay.Array() if isinstance(field.count, str):
            return [field.count]
        case lay.Encrypted():
            names = [part for part in (*field.first, *field.derived_from) if isinstance(part, str)]
            return names if field.blocks is None else [*names, field.blocks]
        case lay.Deltas():
            return [field.base, *([field.count] if isinstance(field.count, str) else [])]
        case _:
            return _scaling(field, beside)


def _scaling(field: lay.Element, beside: set[str]) -> list[str]:
    """Give the names that a number is scaled by; a unit may also stand behind its number."""
    match field:
        case el.Scaled():
            return [field.of, field.by]
        case Sum():
            return [name for name, _ in field.of]
        case el.Moment():
            return list(parts_of(field))
        case lay.Channels():
            return [field.mask]
        case el.Bcd() if isinstance(field.per, el.Units) and field.per.by not in beside:
            return [field.per.by]
    return []


def least_width(fields: tuple[lay.Element, ...]) -> int:
    """Give the fewest bytes that the elements can take."""
    return sum(_least(field) for field in fields)


def _least(field: lay.Element) -> int:
    match field:
        case el.Const():
            return len(field.value)
        case el.Clock() | el.Varint():
            return 1 if isinstance(field, el.Varint) else len(field.orders[0].split())
        case lay.Deltas():
            return field.width * (field.count if isinstance(field.count, int) else 0)
        case lay.Switch():
            return min((least_width(case.fields) for case in lay.cases_of(field)), default=0)
        case lay.Array():
            return least_width(field.fields) * (field.count if isinstance(field.count, int) else 0)
    return getattr(field, "width", None) or 0
