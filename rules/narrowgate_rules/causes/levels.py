"""What devices lose together: the levels of groups, from the largest to the smallest."""

from dataclasses import dataclass

from narrowgate_rules.declaration import Param
from narrowgate_schema.families import OUTSIDE_FAMILIES, outside_silence
from narrowgate_schema.words import Family, GroupLevel, Severity

_LAMPS = ("lamp_out", "lamp_power_low", "lamp_power_high", "control_gear", "cycling", "dimming")


@dataclass(frozen=True)
class GroupRule:
    """A question to the findings of devices that share something."""

    name: str
    version: int
    level: GroupLevel
    families: tuple[Family, ...]
    """Whose devices are members."""
    help: str
    severity: Severity
    symptoms: tuple[str, ...]
    """Rules whose findings count: enough of them at once are the group's."""
    explains: tuple[str, ...]
    """Rules whose findings of members are held back as well."""
    params: tuple[Param, ...] = (
        Param("share_pct", 60.0, "%", 1.0, 100.0, "members that fail, of those known about"),
        Param("least", 3.0, "", 2.0, 1000.0, "and so many at least"),
        Param("window_min", 5.0, "min", 1.0, 1440.0, "how far apart the same outage may be noticed"),
    )


CELL_SILENT = GroupRule(
    name="cell_silent",
    version=1,
    level=GroupLevel.CELL,
    families=tuple(Family),
    help="Nothing is heard of the devices of a radio cell.",
    severity=Severity.MAJOR,
    symptoms=("meter_silent", "lamp_silent", "bay_silent", *map(outside_silence, OUTSIDE_FAMILIES)),
    explains=(),
)
CABINET_OUT = GroupRule(
    name="cabinet_out",
    version=1,
    level=GroupLevel.CABINET,
    families=(Family.LIGHTING,),
    help="The lamps of a cabinet have no supply, or are silent.",
    severity=Severity.MAJOR,
    symptoms=("supply_loss", "lamp_silent"),
    explains=_LAMPS,
)
FEEDER_OUT = GroupRule(
    name="feeder_out",
    version=1,
    level=GroupLevel.FEEDER,
    families=(Family.LIGHTING,),
    help="The lamps of a feeder have no supply, or are silent.",
    severity=Severity.MAJOR,
    symptoms=("supply_loss", "lamp_silent"),
    explains=_LAMPS,
)
DMA_OUT = GroupRule(
    name="dma_out",
    version=1,
    level=GroupLevel.ZONE,
    families=(Family.WATER,),
    help="The meters of a district have no water, or are silent.",
    severity=Severity.MAJOR,
    symptoms=("empty_pipe", "meter_silent"),
    explains=("reverse_flow",),
)
GROUP_RULES: tuple[GroupRule, ...] = (CELL_SILENT, CABINET_OUT, FEEDER_OUT, DMA_OUT)
"""From the largest to the smallest: what a larger one explains, no smaller one is asked about."""


@dataclass(frozen=True)
class Release:
    """How findings come to the desk, whatever their rule."""

    name: str = "release"
    params: tuple[Param, ...] = (
        Param("gap_min", 10.0, "min", 0.0, 1440.0, "least time from one episode to the next of its kind"),
        Param("flap_raises", 3.0, "", 2.0, 8.0, "so many raises of one kind are flapping"),
        Param("flap_min", 60.0, "min", 1.0, 1440.0, "within so long; what then stands so long is told"),
    )


RELEASE = Release()
