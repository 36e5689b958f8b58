"""The tree of an expression: a closed set of nodes, each with its unit and where it stands in the text."""

from dataclasses import dataclass
from typing import Literal

from narrowgate_rules.written.units import Unit

Arithmetic = Literal["+", "-", "*", "/"]
Comparison = Literal["<", "<=", ">", ">=", "==", "!="]
Aggregate = Literal["min", "max", "mean", "sum", "count", "delta", "rate", "share"]


@dataclass(frozen=True)
class Number:
    """A literal; it has the unit of what it stands beside."""

    value: float


@dataclass(frozen=True)
class Threshold:
    """A parameter of the rule."""

    name: str


@dataclass(frozen=True)
class Value:
    """A column of the reading."""

    name: str


@dataclass(frozen=True)
class Attribute:
    """A number of the device's or the asset's registry row; null where it is not set."""

    name: str
    of_asset: bool
    otherwise: float
    """What stands for it where it is not set; NaN: nothing does."""


@dataclass(frozen=True)
class SunElevation:
    """Where the sun stands at the asset [deg]."""


@dataclass(frozen=True)
class Between:
    """The city's clock is in a span of the day, which may reach over midnight."""

    from_min: int
    to_min: int


@dataclass(frozen=True)
class OnDays:
    """The city's weekday is one of some, Monday = 0."""

    days: frozenset[int]


@dataclass(frozen=True)
class Binary:
    """Arithmetic of two numbers."""

    operator: Arithmetic
    left: "Node"
    right: "Node"
    scale: float
    """What the result is multiplied by, so that it comes in its unit."""


@dataclass(frozen=True)
class Magnitude:
    """The absolute value."""

    of: "Node"


@dataclass(frozen=True)
class Compare:
    """A comparison of two numbers."""

    operator: Comparison
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Both:
    """All of some conditions."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Either:
    """At least one of some conditions."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one of those conditions that are known."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Negation:
    """The contrary of a condition."""

    of: "Node"


@dataclass(frozen=True)
class Known:
    """Whether a value is known at all."""

    of: "Node"


@dataclass(frozen=True)
class Held:
    """The last known value, this reading's included."""

    of: "Node"
    memory: int
    """Which memory of the rule it has."""


@dataclass(frozen=True)
class Previous:
    """The last known value before this reading."""

    of: "Node"
    memory: int


@dataclass(frozen=True)
class Slope:
    """How fast a value rose since it was last known, per hour; unknown over a hole."""

    of: "Node"
    memory: int


@dataclass(frozen=True)
class Steady:
    """A value has been what it is for some time; unknown where the value is."""

    of: "Node"
    span_us: int
    memory: int


@dataclass(frozen=True)
class BeforeSwitch:
    """The last known value before another one, the key, was switched last."""

    of: "Node"
    key: "Node"
    memory: int


@dataclass(frozen=True)
class DimmingPower:
    """What the lamp draws at a level [W]: by the asset's dimming curve; without one at full level only."""

    level: "Node"


@dataclass(frozen=True)
class FirstKnown:
    """The first of some numbers, or of some conditions, that is known."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Window:
    """What is known of a value over the time up to this reading."""

    aggregate: Aggregate
    of: "Node"
    span_us: int
    counts_true: bool
    """It counts the readings in which a condition holds, not those in which a number is known."""
    memory: int


Node = (
    Number
    | Threshold
    | Value
    | Attribute
    | SunElevation
    | Between
    | OnDays
    | Binary
    | Magnitude
    | Compare
    | Both
    | Either
    | AnyOf
    | Negation
    | Known
    | Held
    | Previous
    | Slope
    | Steady
    | BeforeSwitch
    | DimmingPower
    | FirstKnown
    | Window
)


Remembering = Held | Previous | Slope | Steady | BeforeSwitch | Window
"""Nodes with a memory of their own."""


@dataclass(frozen=True)
class Typed:
    """A node and what it is: a condition, or a number in a unit."""

    node: Node
    unit: Unit | Literal["condition", "any"]
    """'any': a literal, which takes on the unit it needs."""
