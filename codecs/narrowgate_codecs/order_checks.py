"""What must hold of a profile's orders before it is registered: every name in them stands for something."""

from collections.abc import Iterator
from dataclasses import fields

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
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
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.soundness import every
from narrowgate_schema.commands import COMMANDS, ClockStep, CommandKind, SunStep

_PLAIN = (str, bool, int, float, type(None))
_TEMPLATES = (Arg, Above, Has, Count, Identity, Number, Each)
_STEPS = {field.name for step in (SunStep, ClockStep) for field in fields(step)}


def check_orders(profile: Profile) -> None:
    """Look at every order of a profile.

    Raises:
        TypeError: something outside the vocabulary; names the place.
        ValueError: a message, a declared name or an argument that does not exist; names the place.
    """
    for at, order in enumerate(profile.orders):
        if type(order) is not Order or type(order.kind) is not CommandKind:
            raise TypeError(f"{profile.name}.orders[{at}]: {type(order).__name__} is no Order")
        place = f"{profile.name}.orders.{order.kind}"
        if order.message not in _messages(profile, profile.down):
            raise ValueError(f"{place}: there is no message {order.message} down")
        known = {field.name for field in fields(COMMANDS[order.kind])}
        _check_says(order.says, place, set(_names(profile.down)), known)
        for name, values in order.only:
            _check_argument(name, place, known)
            if not all(type(value) in _PLAIN for value in values):
                raise TypeError(f"{place}: {name} goes by words and numbers")
        if order.answer is not None:
            _check_answer(profile, order.answer, place)


def _check_says(
    says: tuple[tuple[str, Template], ...], place: str, declared: set[str], known: set[str]
) -> None:
    for name, template in says:
        if name not in declared and name != "record":
            raise ValueError(f"{place}: nothing in the frame says {name}")
        _check_template(template, f"{place}.{name}", declared, known)


def _check_template(template: Template, place: str, declared: set[str], known: set[str]) -> None:
    if isinstance(template, tuple):
        for item in template:
            _check_item(item, place, declared, known)
        return
    if type(template) not in (*_PLAIN, *_TEMPLATES):
        raise TypeError(f"{place}: {type(template).__name__} is not in the vocabulary of orders")
    if isinstance(template, (Arg, Above, Has, Count, Each)):
        _check_argument(template.name, place, known)
    if isinstance(template, Each):
        _check_item(template.item, place, declared, known | _STEPS)


def _check_item(item: Item, place: str, declared: set[str], known: set[str]) -> None:
    if type(item) is not Item:
        raise TypeError(f"{place}: {type(item).__name__} is no Item")
    _check_says(item.says, place, declared, known)


def _check_argument(name: str, place: str, known: set[str]) -> None:
    if name not in known:
        raise ValueError(f"{place}: the command has no argument {name}")


def _check_answer(profile: Profile, answer: Answer, place: str) -> None:
    if answer.message not in _messages(profile, profile.up):
        raise ValueError(f"{place}: there is no message {answer.message} up")
    declared = set(_names(profile.up))
    for name in (answer.result, answer.number, answer.item and answer.item[0]):
        if name is not None and name not in declared:
            raise ValueError(f"{place}: no answer says {name}")
    if (answer.result is None) != (answer.done == ()):
        raise ValueError(f"{place}: a result is known by its words")


def _messages(profile: Profile, fields_of: tuple[lay.Element, ...]) -> tuple[str, ...]:
    return lay.messages_of(fields_of) or ((profile.single_message,) if fields_of else ())


def _names(declared: tuple[lay.Element, ...]) -> Iterator[str]:
    for field in every(declared):
        yield from lay.names_of(field)
        if isinstance(field, el.Bits):
            yield from (part.name for part in field.parts)
