"""Inverse compact profiles: many values of one record, backwards in time from the record of their storage.

Source: EN 13757-3:2018, annex F:

    ii mm uu cc   control: i 0 absolute, 1 grows, 2 falls, 3 signed; u 0 s, 1 min, 2 h, 3 days; c coding
    spacing       1 to 250 of the unit; FD half a month, FE with unit 3 a month, 2 a quarter, 1 half a year,
                  0 a year
    elements      the newest first: how much the value differs from the one after it
"""

from dataclasses import dataclass

from narrowgate_codecs.bit_clocks import Shift
from narrowgate_codecs.grammars.en13757_heads import Head
from narrowgate_codecs.sketch import At, Item, Reader, Run, Sketch, refused
from narrowgate_codecs.wired import Coding, Wired
from narrowgate_schema.words import Reason

PROFILE_VIFE = frozenset({0x13, 0x1E, 0x1F})
"""Inverse compact profile, compact profile of registers, compact profile."""
_WIDTHS: dict[int, tuple[Coding, int]] = {
    1: ("integer", 1),
    2: ("integer", 2),
    3: ("integer", 3),
    4: ("integer", 4),
    9: ("decimal", 1),
    0xA: ("decimal", 2),
    0xB: ("decimal", 3),
    0xC: ("decimal", 4),
}
_MONTHS = {3: 1, 2: 3, 1: 6, 0: 12}
_SECONDS = {0: 1, 1: 60, 2: 3600}
_LEAST_WHOLE = 2
"""[byte] of a register's whole value."""
_WIDEST_BASE = 6
"""[byte] of a number that differences are taken from: sums stay exact."""


@dataclass(frozen=True, slots=True)
class ProfileHead:
    """What control and spacing say, and where the elements stand."""

    at: int
    """[byte] of the record, as a refusal prints it."""
    first: int
    coding: Coding
    width: int
    mode: int
    shifts: tuple[Shift, ...]
    """How far each element lies back."""

    def add(self, sketch: Sketch, base: At, clocks: tuple[At, ...], place: str) -> None:
        """Add the elements to `history`.

        Raises:
            FrameRefused: `sanity`: the elements cannot be what they are said to be.
        """
        leaf = base.leaf
        if not isinstance(leaf, Wired):
            raise TypeError("a profile is of numbers")
        if self.mode == 0:
            if self.width < _LEAST_WHOLE:
                raise refused(Reason.SANITY, place, f"whole values of {self.width} byte at byte {self.at}")
            self._add_values(sketch, leaf, clocks)
        elif leaf.coding != "float" and leaf.width <= _WIDEST_BASE:
            sketch.runs.setdefault("history", []).append(
                Run(base, self.first, clocks, self._difference(leaf), 1 if self.mode == 2 else -1)
            )

    def _add_values(self, sketch: Sketch, leaf: Wired, clocks: tuple[At, ...]) -> None:
        void = -(1 << 8 * self.width - 1) if self.coding == "integer" else None
        value = Wired(leaf.name, self.width, self.coding, "little", True, void, leaf.times, leaf.per)
        for step, clock in enumerate(clocks):
            sketch.lists["history"].append(Item((At(value, self.first + step * self.width), clock)))

    def _difference(self, leaf: Wired) -> Wired:
        signed = self.mode == 3
        void = None
        if self.coding == "integer":
            void = -(1 << 8 * self.width - 1) if signed else (1 << 8 * self.width) - 1
        return Wired(leaf.name, self.width, self.coding, "little", signed, void)


def profile_of(reader: Reader, head: Head) -> ProfileHead:
    """Read control and spacing of a record that is an inverse compact profile.

    Raises:
        FrameRefused: `length` if they are missing, `model` if they say nothing known.
    """
    if head.width < 2:
        raise refused(Reason.LENGTH, reader.place, f"profile of {head.width} bytes at byte {head.at}")
    control, spacing = reader.byte(head.value), reader.byte(head.value + 1)
    shift = _shift(control >> 4 & 3, spacing)
    if control & 0x0F not in _WIDTHS or shift is None:
        shown = f"{control:02X} {spacing:02X}"
        raise refused(Reason.MODEL, reader.place, f"profile of control and spacing {shown} at byte {head.at}")
    coding, width = _WIDTHS[control & 0x0F]
    count = (head.width - 2) // width
    shifts = tuple(
        Shift(-step * shift.seconds, -step * shift.days, -step * shift.months) for step in range(1, count + 1)
    )
    return ProfileHead(head.at, head.value + 2, coding, width, control >> 6, shifts)


def _shift(unit: int, spacing: int) -> Shift | None:
    """Give the distance of two elements; None for a spacing that says none."""
    if spacing == 0xFE:
        return Shift(months=_MONTHS[unit])
    if not 1 <= spacing <= 250:
        return None
    return Shift(days=spacing) if unit == 3 else Shift(seconds=spacing * _SECONDS[unit])
