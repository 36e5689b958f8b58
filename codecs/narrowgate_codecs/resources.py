"""The closed vocabulary, third part: resources of LwM2M objects, whatever content format carries them.

A frame of such resources describes itself: a device sends what changed, in any order, as LwM2M TLV (OMA LwM2M
1.0, 6.4.3) or as SenML in CBOR (RFC 8428). What the numbers of objects and resources mean stands in the OMA
registry, not in the frame; an Object is the part of the registry that a profile knows.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from narrowgate_codecs import elements as el

Kind: TypeAlias = Literal["float", "integer", "boolean", "text", "opaque", "time", "link"]
EARLIEST_YEAR = 2015
"""A device's clock before it was never set."""
MOST_INSTANCES = 256
_FIRST_YEAR = 1971
_TRUTH = ((0, False), (1, True))


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of an object."""

    id: int
    name: str
    kind: Kind
    per: int = 1
    """Units of the wire in one unit of the value; other than 1 for floats only."""
    limits: tuple[float, float] | None = None
    """Least and greatest value a sound device can send; outside: `sanity`."""
    unit: str = ""
    """As SenML writes it: a record that states another one is refused as `sanity`; '': none is looked at."""
    many: bool = False
    """It may have several instances: they are said as a list of {"at", name}."""


@dataclass(frozen=True, slots=True)
class Object:
    """What is known of one object of the registry."""

    id: int
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources up to the end of the region, as TLV or as SenML in CBOR; their first bytes say which.

    They are said as a list: one item for each instance of an object and each instant. TLV names no object:
    the captured port is its number; without one it is the first of `objects` if that one fits, else the only
    one that does. A record that says the impossible is refused alone, one that cannot be read ends the list.
    What stands for no known resource is said under `others`.
    """

    name: str
    objects: tuple[Object, ...]
    also: tuple[Object, ...] = ()
    """Objects that are thought of only where none of `objects` fits."""
    inner: tuple[Any, ...] = ()
    """Elements that fill every opaque value, those of SenML records whose names are no paths among them: each
    value is read in a scope of its own, in the list `frames`."""
    versions: tuple[int, ...] = ()
    """What a SenML record named V behind the base name may say; another one is refused as `model`. (): there
    is no such record."""
    at_most: int = 256
    """Records; what follows more than that is refused as `length`."""


TIMESTAMP = 5518
"""The resource that says when the others of its instance were measured; every object has it."""
STAMP = Resource(TIMESTAMP, "time", "time")
FRAMES = "frames"
"""The list of what opaque values hold."""
NAME = el.Utf8("name")
VERSION = el.Bits("encoder", 2, (el.Part("encoder_type", 8, 8), el.Part("encoder_version", 0, 8)))
VERSION_NAME = "V"
OTHERS = "others"
"""The list of what stands for no known resource."""

FORM = el.Named("form", 1, ((0, "tlv"), (1, "senml_cbor")))
OBJECT = el.Int("object", 2)
AT = el.Int("at", 2)
"""Which instance of a resource."""
INSTANCE = el.Named("instance", 2, tuple((at, str(at) if at else "") for at in range(MOST_INSTANCES)))
"""The only instance of a device is 0: its series is ''."""
CLOCK = el.Epoch("time", 8, EARLIEST_YEAR, per_s=1_000_000)
"""What dates an item: its resource 5518, else the time of its SenML records."""
OFFSET = el.Int("after_reception_s", 8, signed=True, per=1_000_000)
"""Where SenML counts from reception; negative for what was before it."""


def all_of(element: Resources) -> tuple[Object, ...]:
    """Give the objects that are known, those that measure first."""
    return (*element.objects, *element.also)


ResourceLeaf: TypeAlias = el.Int | el.Float | el.Named | el.Epoch | el.Utf8 | el.Rest


def leaf_of(resource: Resource) -> ResourceLeaf:
    """Give the element that says a resource's value."""
    match resource.kind:
        case "float":
            return el.Float(resource.name, 8, limits=resource.limits)
        case "integer":
            return el.Int(resource.name, 8, signed=True, limits=resource.limits)
        case "boolean":
            return el.Named(resource.name, 1, _TRUTH)
        case "time":
            return el.Epoch(resource.name, 8, _FIRST_YEAR)
        case "opaque":
            return el.Rest(resource.name)
    return el.Utf8(resource.name)


def leaves_of(element: Resources) -> tuple[ResourceLeaf, ...]:
    """Give every element that an item can say itself, not as a list."""
    said = [leaf_of(resource) for one in all_of(element) for resource in one.resources if not resource.many]
    return (INSTANCE, CLOCK, OFFSET, *dict.fromkeys(said))
