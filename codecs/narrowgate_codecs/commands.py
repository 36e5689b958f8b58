"""From a command to the bytes that a device is sent, and from its answer to what became of it."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from narrowgate_codecs.encode import encode, port_of
from narrowgate_codecs.orders import (
    Above,
    Answer,
    Arg,
    Count,
    Each,
    Has,
    Identity,
    Item,
    Number,
    Order,
    Plain,
    Template,
)
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.registry import PROFILES
from narrowgate_schema.commands import Command, CommandKind, kind_of


@dataclass(frozen=True, slots=True)
class Downlink:
    """A message down, ready to be sent."""

    message: str
    payload: bytes
    port: int | None
    """What it travels on; None where the frame itself says what it is."""
    number: int | None
    """By which its answer is known; None: the layout has no number."""
    answer: Answer | None
    """What tells that it was carried out; None: nothing does."""


def command_kinds(profile: str) -> tuple[CommandKind, ...]:
    """Give the kinds of commands that a profile's devices understand, at least for some of their arguments.

    Raises:
        ValueError: there is no such profile.
    """
    return tuple(dict.fromkeys(order.kind for order in _profile(profile).orders))


def encode_command(
    profile: str, command: Command, *, number: int = 0, identity: str | None = None, key: bytes | None = None
) -> Downlink:
    """Give the message that tells a device a command.

    Args:
        profile: the device's.
        command: what it is to do.
        number: a running number; layouts with a narrower one take what is left over.
        identity: what the device's own frames carry as identity, for layouts that address by it.
        key: the device's key, where the message travels encrypted.

    Raises:
        ValueError: the profile's devices do not understand the command, or not with this argument.
    """
    kind = kind_of(command)
    orders = [order for order in _profile(profile).orders if order.kind is kind]
    if not orders:
        known = ", ".join(command_kinds(profile)) or "no command"
        raise ValueError(f"{profile} {kind}: {known} is possible")
    order = _chosen(profile, orders, command)
    filler = _Filler(f"{profile} {kind}", command, number, identity)
    values = {name: filler.filled(template, command) for name, template in order.says}
    payload = encode(profile, order.message, values, key, "down")
    port = port_of(profile, order.message, "down")
    return Downlink(order.message, payload, port, filler.numbered, order.answer)


def carried_out(downlink: Downlink, message: str | None, values: Mapping[str, Any]) -> bool | None:
    """Say whether an uplink of the device answers a downlink: True done, False not, None no answer to it.

    Args:
        downlink: what it was sent.
        message: the uplink's message.
        values: what the uplink says.
    """
    answer = downlink.answer
    if answer is None or answer.message != message:
        return None
    if answer.number is not None and values.get(answer.number) != downlink.number:
        return None
    if answer.item is not None and not _has(values.get(answer.item[0]), answer.item[1]):
        return None
    return answer.result is None or values.get(answer.result) in answer.done


def _has(items: Any, record: str) -> bool:
    return isinstance(items, list) and any(item.get("record") == record for item in items)


def _profile(name: str) -> Profile:
    if name not in PROFILES:
        raise ValueError(f"profile {name!r}: one of {', '.join(PROFILES)} is possible")
    return PROFILES[name]


def _chosen(profile: str, orders: list[Order], command: Command) -> Order:
    """Give the order that takes the command's arguments.

    Raises:
        ValueError: none does; names an argument that stands in the way.
    """
    hindrances = [[*_hindrances(order, command)] for order in orders]
    nearest = min(hindrances, key=len)
    if not nearest:
        return orders[hindrances.index(nearest)]
    hindrance = nearest[0]
    kind = orders[0].kind
    raise ValueError(
        f"{profile} {kind} {hindrance}: {getattr(command, hindrance)!r} is none that it understands"
    )


def _hindrances(order: Order, command: Command) -> Iterator[str]:
    """Give the arguments for which it is not this order."""
    for name, values in order.only:
        if getattr(command, name) not in values:
            yield name
    taken = {*_arguments(order.says), *(name for name, _ in order.only)}
    for field in fields(command):
        value = getattr(command, field.name)
        if field.name not in taken and (field.default is MISSING or value != field.default):
            yield field.name


def _arguments(says: tuple[tuple[str, Template], ...]) -> Iterator[str]:
    for _, template in says:
        if isinstance(template, (Arg, Above, Has, Count, Each)):
            yield template.name
        elif isinstance(template, tuple):
            for item in template:
                yield from _arguments(item.says)


class _Filler:
    """Fills an order's templates with what a command says."""

    def __init__(self, place: str, command: Command, number: int, identity: str | None) -> None:
        self.place, self.command, self.number, self.identity = place, command, number, identity
        self.numbered: int | None = None

    def filled(self, template: Template, around: object) -> object:
        """Give a template's value; `around` has the arguments, a step's own before the command's."""
        if isinstance(template, Arg):
            return self._argument(template, around)
        if isinstance(template, Above):
            value = self._found(template.name, around)
            return value is not None and value > template.least
        if isinstance(template, (Has, Count, Each)):
            return self._listed(template, getattr(self.command, template.name))
        if isinstance(template, tuple):
            return [self._item(item, around) for item in template]
        return self._own(template)

    def _listed(self, template: Has | Count | Each, steps: Any) -> object:
        if isinstance(template, Has):
            return template.word in steps
        return (
            len(steps) if isinstance(template, Count) else [self._item(template.item, one) for one in steps]
        )

    def _own(self, template: Identity | Number | Plain) -> object:
        """Give what the device and the order themselves say, or a template that stands for itself."""
        if isinstance(template, Identity):
            if self.identity is None:
                raise ValueError(f"{self.place}: the device's identity is wanted")
            return self.identity
        if isinstance(template, Number):
            self.numbered = self.number % template.below
            return self.numbered
        return template

    def _item(self, item: Item, around: object) -> dict[str, object]:
        return {name: self.filled(template, around) for name, template in item.says}

    def _found(self, name: str, around: object) -> Any:
        return getattr(around, name) if hasattr(around, name) else getattr(self.command, name)

    def _argument(self, template: Arg, around: object) -> object:
        value = self._found(template.name, around)
        words = dict(template.words)
        # True is 1 to a dictionary: words of truths are no words of numbers.
        if value in words and any(type(value) is type(known) for known in words):
            return words[value]
        if template.per == 1 or value is None:
            return value
        if value % template.per:
            raise ValueError(
                f"{self.place} {template.name}: {value!r}: a multiple of {template.per} is wanted"
            )
        return value // template.per
