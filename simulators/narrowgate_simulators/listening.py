"""What a pretend device makes of a message down: its profile's orders, read the other way round.

Rule 1: a device knows frames, not commands: what it does is what the bytes say, whatever was meant.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from narrowgate_codecs import PROFILES, Context, decode, uplinks_from
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
    Template,
)
from narrowgate_schema.commands import Command, command_of

_ZONE = ZoneInfo("UTC")
_FULL_PCT = 100


@dataclass(frozen=True, slots=True)
class Heard:
    """A message down that a device understands."""

    command: Command
    number: int | None
    """By which its answer is known; None: the layout has no number."""
    message: str
    values: Mapping[str, Any]
    """What the frame says, by declared name."""
    answer: Answer | None
    """How it is answered; None: it is not."""


def listen(profile: str, payload: bytes, port: int | None = None, key: bytes | None = None) -> Heard | None:
    """Give what a message down tells a profile's device; None for what it does not understand.

    Args:
        profile: the device's.
        payload: as it came.
        port: what it travelled on, where the layout needs one.
        key: the device's, where the message travels encrypted.

    Raises:
        ValueError: there is no such profile.
    """
    context = Context([""], [profile], _ZONE, keys=[key], directions=["down"])
    told = decode(uplinks_from([payload], ports=[port]), context).tell(0)
    if told.message is None:
        return None
    for order in PROFILES[profile].orders:
        if order.message == told.message:
            command = _meant(order, told.values)
            if command is not None:
                return Heard(command[0], command[1], told.message, told.values, order.answer)
    return None


def _meant(order: Order, values: Mapping[str, Any]) -> tuple[Command, int | None] | None:
    """Give the command and its number that an order's message says; None: it is none of this order."""
    reading = _Reading()
    if not reading.matches(order.says, values):
        return None
    for name, possible in order.only:
        if reading.found.setdefault(name, possible[0]) not in possible:
            return None
    try:
        return command_of(order.kind, reading.found), reading.number
    except ValueError:
        return None


class _Reading:
    """The arguments that templates have given back so far."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.number: int | None = None

    def matches(self, says: Iterable[tuple[str, Template]], values: Mapping[str, Any]) -> bool:
        """Take what values say; False where they are not what the templates would have made."""
        return all(self._taken(template, values.get(name)) for name, template in says)

    def _taken(self, template: Template, value: Any) -> bool:
        if isinstance(template, Number):
            self.number = value
        elif isinstance(template, Arg):
            return self._held(template.name, _argument(template, value))
        elif isinstance(template, Above):
            return self._held(template.name, _FULL_PCT if value else 0)
        elif isinstance(template, (Has, Each, tuple)):
            return self._listed(template, value)
        elif not isinstance(template, (Count, Identity)):
            return bool(template == value)
        return True

    def _held(self, name: str, value: Any) -> bool:
        return bool(self.found.setdefault(name, value) == value)

    def _listed(self, template: Has | Each | tuple[Item, ...], value: Any) -> bool:
        if isinstance(template, Has):
            self.found.setdefault(template.name, []).extend([template.word] if value else [])
            return True
        if not isinstance(value, list):
            return False
        if isinstance(template, Each):
            return self._steps(template, value)
        return len(value) == len(template) and all(
            self.matches(item.says, one) for item, one in zip(template, value, strict=True)
        )

    def _steps(self, template: Each, value: list[Mapping[str, Any]]) -> bool:
        steps = []
        for one in value:
            step = _Reading()
            if not step.matches(template.item.says, one):
                return False
            steps.append(step.found)
        return self._held(template.name, steps)


def _argument(template: Arg, value: Any) -> Any:
    for argument, word in template.words:
        if word == value and type(word) is type(value):
            return argument
    if template.per == 1 or value is None:
        return value
    return round(value * template.per)
