"""A profile: everything that is known of one device and layout, as data that a compiler can walk."""

from dataclasses import dataclass
from typing import Literal

from narrowgate_codecs.layout import Direction, Element
from narrowgate_codecs.orders import Order
from narrowgate_schema.words import Family


@dataclass(frozen=True, slots=True)
class Carry:
    """A declared value that goes into a reading field."""

    field: str
    """A name of narrowgate_schema.fields for the profile's family."""
    source: str | None = None
    """The declared name; None: the same as the field's."""
    doubted_by: str | None = None
    """Declared name of a truth; while it holds, a value that is false is not believed and is null."""
    after: str | None = None
    """Declared name of a truth that must be said beside the value and be false: the value tells of what is
    over, such as the stay of a car that left."""

    @property
    def name(self) -> str:
        """The declared name the value is taken from."""
        return self.field if self.source is None else self.source


@dataclass(frozen=True, slots=True)
class Each:
    """A list's items as readings of their own, each at its own instant; an item without one gives no row."""

    clock: str | None = None
    """Name of the Epoch inside the item; None: the items are spaced from the reading's own clock."""
    step_s: int = 0
    """[s] from one item to the next; negative where the list runs backwards in time."""
    first: int = 1
    """Steps from the reading's clock to the first item."""
    offset: str | None = None
    """Name of an Int inside the item, counted in microseconds from reception: it dates an item whose clock
    says nothing, and reception one that has neither. None: an item without an instant gives no row."""
    from_reception: bool = False
    """True: the items are spaced from reception, where a message has no clock."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a message becomes a row."""

    message: str
    carries: tuple[Carry, ...]
    """Of several for one field the first that says something holds."""
    records: str | None = None
    """Name of the record list the values stand in. All records of a frame share its one instant and so its
    one key: they make one row, and of two records that say the same field the later one holds. A list in a
    list's items is named behind it and a point; its items are rows of their own."""
    clock: str | None = None
    """Name of the Clock or Epoch that dates the row; None: it is dated by reception."""
    only_dated: bool = False
    """True: a message whose `clock` was never set gives no row, as for values of the past."""
    series: str = ""
    series_by: str | None = None
    """Declared name inside the items of `records`, or in an item around them, whose word or number is the
    series: the items are rows of their own, dated like the message unless `each` dates them; one that says no
    series gives no row."""
    each: Each | None = None
    """How the items of `records` become rows of their own, each at its own instant."""


@dataclass(frozen=True, slots=True)
class Learn:
    """What a message announces for later frames of its device."""

    fact: str
    """The name under which a Fact asks for it."""
    message: str
    source: str | None = None
    """Declared name of the number in the message; None: the same as the fact's."""

    @property
    def name(self) -> str:
        """The declared name of the number."""
        return self.fact if self.source is None else self.source


@dataclass(frozen=True, slots=True)
class Profile:
    """One device model's layout; its name is a contract: no field changes its name or meaning under it."""

    name: str
    """`<maker>_<model>_v<layout>`."""
    family: Family
    device: str
    """The device in words."""
    source: str
    """The document or project the layout was read in."""
    up: tuple[Element, ...]
    down: tuple[Element, ...]
    readings: tuple[Reading, ...]
    single_message: str = "frame"
    """Name of the message of a direction that has no switch."""
    identity: str | None = None
    """Declared name of the identity inside the frame; None: the frame carries none."""
    key: Literal["clock", "received"] = "received"
    """What tells two frames of a device apart: its clock (reception if it was never set), or reception."""
    zone: Literal["city"] = "city"
    """The zone of clocks that state none."""
    learns: tuple[Learn, ...] = ()
    """What its messages announce for later frames."""
    orders: tuple[Order, ...] = ()
    """How its devices are told the commands of the closed set; of one kind the first that takes it."""

    def fields(self, direction: Direction) -> tuple[Element, ...]:
        """Give the declaration of one direction; () if the device has none."""
        return self.up if direction == "up" else self.down
