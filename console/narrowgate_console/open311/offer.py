"""What the city offers by Open311: services, what is asked with each, and to whom it is open."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from narrowgate_console.pace import Allowance
from narrowgate_schema.words import Family, Severity

READING = Allowance(at_once=120, every_s=0.5)
REPORTING = Allowance(at_once=60, every_s=1.0)
STRANGERS_REPORTING = Allowance(at_once=10, every_s=60.0)


class DataType(StrEnum):
    """What an answer to a question is (GeoReport v2, GET service definition)."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE = "singlevaluelist"
    MULTI = "multivaluelist"


@dataclass(frozen=True)
class Attribute:
    """One question that goes with a service."""

    code: str
    description: str
    datatype: DataType = DataType.STRING
    is_required: bool = False
    hint: str = ""
    """What helps to answer it."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What may be chosen, by key."""


@dataclass(frozen=True)
class Offered:
    """One service."""

    code: str
    """The desk's service: the name of the rule that finds the same."""
    name: str
    family: Family
    description: str = ""
    group: str = ""
    keywords: tuple[str, ...] = ()
    severity: Severity = Severity.MINOR
    is_batch: bool = False
    """Whether a report is answered by a token, and its number is asked for later."""
    attributes: tuple[Attribute, ...] = ()
    asset_attribute: str = ""
    """The code of the question whose answer names an asset; '' if none does."""


@dataclass(frozen=True)
class Offer:
    """All of it; the default offers nothing, to nobody."""

    services: Mapping[str, Offered] = field(default_factory=dict)
    jurisdictions: tuple[str, ...] = ()
    """What it answers for; none: whatever is named."""
    contact: str = ""
    key_service: str = ""
    """How one comes by a key."""
    url: str = ""
    """Where the outside finds it; '' is wherever it was asked."""
    anybody_reads: bool = False
    """Whether requests are shown without a key."""
    anybody_reports: bool = False
    """Whether reports are taken without a key."""
    shows_words: bool = False
    """Whether what people wrote is shown without a key."""
    begun_us: int = 0
    """Since when it is as it is [us]."""
    reading: Allowance = READING
    """How fast an address may read."""
    reporting: Allowance = REPORTING
    """How fast a key may report."""
    strangers_reporting: Allowance = STRANGERS_REPORTING
    """How fast an address may report without a key."""
