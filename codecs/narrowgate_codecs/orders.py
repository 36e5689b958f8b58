"""How a profile's devices are told commands: templates of messages down, as data.

Rule 1: an order holds names, words and numbers, never a callable; registration checks every name in it.
Rule 2: what an order does not take of a command must be at its default, or another order takes it: nothing
that somebody asked for is dropped silently.
"""

from dataclasses import dataclass
from typing import TypeAlias

from narrowgate_codecs.elements import Word
from narrowgate_schema.commands import CommandKind

Plain: TypeAlias = Word | int | float | None


@dataclass(frozen=True, slots=True)
class Arg:
    """An argument of the command, or of the step around it."""

    name: str
    per: int = 1
    """Units of the argument in one of the declared value: 3600 for seconds into hours. It must come out even
    where it is not 1."""
    words: tuple[tuple[Plain, Plain], ...] = ()
    """(argument, declared value); what is missing here goes as it is."""


@dataclass(frozen=True, slots=True)
class Above:
    """True where an argument is above a number: a relay that is told a level."""

    name: str
    least: float = 0


@dataclass(frozen=True, slots=True)
class Has:
    """True where a list argument has a word."""

    name: str
    word: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many items a list argument has."""

    name: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity that the device's own frames carry."""


@dataclass(frozen=True, slots=True)
class Number:
    """The number that tells this command from others, of so many values; its answer may repeat it."""

    below: int = 256


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list: what it says, by declared name."""

    says: "tuple[tuple[str, Template], ...]"


@dataclass(frozen=True, slots=True)
class Each:
    """An item for each step of a list argument."""

    name: str
    item: Item


Template: TypeAlias = Plain | Arg | Above | Has | Count | Identity | Number | Each | tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The message that tells what became of an order."""

    message: str
    """A message of the other direction, up."""
    result: str | None = None
    """Declared name of the word that says it; None: to come at all is to be carried out."""
    done: tuple[Word, ...] = ()
    """Its words for what was carried out; any other one: it was not."""
    item: tuple[str, str] | None = None
    """(list, record): a record of this kind in this list is what tells; None: the message itself."""
    number: str | None = None
    """Declared name under which the answer repeats the order's number; None: it does not, and the one order
    that is on its way is meant."""


@dataclass(frozen=True, slots=True)
class Order:
    """How one kind of command, or some of its values, becomes a message down."""

    kind: CommandKind
    message: str
    """A message of the direction down."""
    says: tuple[tuple[str, Template], ...] = ()
    """(declared name, what it says); what has a default may be left out."""
    only: tuple[tuple[str, tuple[Plain, ...]], ...] = ()
    """(argument, values) for which it is this order."""
    answer: Answer | None = None
    """None: the device does not answer; what it reports later is all there is."""
