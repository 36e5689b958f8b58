"""Parts of M-Bus content that a maker lays out itself: what can be read of them.

A maker's records have a VIF of FF, its block follows DIF 0F or 1F. What is said here comes before what the
grammar picks among the other records.
"""

from types import MappingProxyType
from typing import Protocol

from narrowgate_codecs.bit_clocks import date_g
from narrowgate_codecs.elements import Bits, Hex, Part
from narrowgate_codecs.grammars.en13757_heads import Head
from narrowgate_codecs.layout import Leaf
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.sketch import At, Item, Reader, Sketch, refused
from narrowgate_codecs.wired import Wired
from narrowgate_schema.words import Reason


class Maker(Protocol):
    """Reads the own parts of one maker."""

    def record(self, reader: Reader, head: Head, sketch: Sketch) -> None:
        """Say what a record of the maker's own says."""
        ...

    def block(self, reader: Reader, at: int, sketch: Sketch) -> None:
        """Say what the block behind DIF 0F says, from a byte on."""
        ...


class Qundis:
    """Qundis walk-by telegrams: one record FF 5F of 53 bytes.

    Source: published telegrams. Place within the record [byte]: 12 volume [L], 16 day of the yearly reading,
    18 its volume, 22 day of the monthly reading, 24 its volume; volumes are eight digits, days of type G.
    What follows are twelve differences of months that nothing dates.
    """

    size, marks = 53, (0x5F,)

    def record(self, reader: Reader, head: Head, sketch: Sketch) -> None:
        """Say the volume and the volumes of its two readings."""
        if head.vif != 0x7F or head.modifiers != self.marks or head.width != self.size:
            return
        volume = Wired("volume_m3", 4, "decimal", per=1000)
        sketch.says.append(At(volume, head.value + 12))
        for day, value in ((16, 18), (22, 24)):
            leaves = (At(volume, head.value + value), At(date_g("stored_at"), head.value + day))
            sketch.lists["history"].append(Item(leaves))

    def block(self, reader: Reader, at: int, sketch: Sketch) -> None:
        """Say nothing: it has none."""


_VOLTS = (3.7, 1.9, 2.1, 2.2, 2.3, 2.4, 2.5, 2.65, 2.8, 2.9, 3.05, 3.2, 3.35, 3.5, 3.7, 3.7)
BATTERY = Bits("own_battery", 1, (Part("battery_v", 0, 4, numbers=_VOLTS),))
"""The battery's voltage as B Meters codes it."""


class BMeters:
    """B Meters Hydrodigit: a block whose first byte tells its parts.

    Source: published telegrams and their public analysis. The parts follow each other: b0 battery, b7 day of
    a leak (three bytes of packed digits, year first), b2 volume that ran backwards [L], b4 twelve volumes of
    undated month ends [10 L] and a byte more. Blocks of other parts are only told.
    """

    parts: tuple[tuple[int, int, Leaf], ...] = (
        (0, 1, BATTERY),
        (7, 3, Hex("leak_day", 3)),
        (2, 4, Wired("volume_reverse_m3", 4, signed=False, per=1000)),
        (4, 37, Hex("month_ends", 37)),
    )

    def record(self, reader: Reader, head: Head, sketch: Sketch) -> None:
        """Say nothing: it has none."""

    def block(self, reader: Reader, at: int, sketch: Sketch) -> None:
        """Say its parts; a block that is shorter or longer than they are is refused."""
        try:
            told, at = reader.byte(at), at + 1
            if told & ~sum(1 << bit for bit, _, _ in self.parts):
                return
            for bit, width, leaf in self.parts:
                if told >> bit & 1:
                    reader.need(at, width)
                    sketch.says.append(At(leaf, at))
                    at += width
            if reader.bytes(at, reader.size - at).strip(b"\x2f"):
                raise refused(Reason.LENGTH, reader.place, f"bytes too many from byte {at}")
        except FrameRefused as fault:
            sketch.faults.append(fault)


MAKERS: MappingProxyType[str, Maker] = MappingProxyType({"qundis": Qundis(), "bmeters": BMeters()})
"""By the name that a Described's table gives."""
