"""The data records of EN 13757-3: which of them is what a reading says, and the inverse, records from values.

Source: EN 13757-3:2018, clause 6 and annex F (compact profiles); OMS specification volume 2, annex on data
points. Records back to back, each a head (en13757_heads.py) and a value; 2F is filler, 0F or 1F begins the
maker's own bytes, which go on to the end.

* `records` tells them all, each with its head and its value. What cannot be read ends them.
* The **main storage** is 0 where a volume, a flow or a time of storage 0 is among them, else the lowest
  that has one: meters that send by the hour put the hour's register into storage 1 or 8 and nothing into 0.
* `volume_m3` is the volume of the main storage, no tariff, no subunit, of function "now", counted in both
  directions; `volume_reverse_m3` the one that only counts backwards (VIFE 3C); `tariff_1_m3` .. the tariffs.
  Extremes, values while in error, limits, targets of other storages and durations are no totals.
* `clock` dates the main storage. A volume of another storage that has a date is an item of `history`; so is
  one whose date follows from that of an earlier storage and the interval of storing (FD24 to FD29).
* An inverse compact profile (VIFE 13) runs backwards from the number and the time of its own storage: its
  items are in `history` too. What is behind an element that says nothing is not known.
* A row ("maker", name) of the element's table tells whose own parts are read as well: en13757_makers.py.
* The least negative integer, a float that is none and a digit above 9 say nothing; a leading F is a minus.
"""

from narrowgate_codecs.bit_clocks import BitClock, Shift, date_g, time_f, time_i
from narrowgate_codecs.elements import Hex
from narrowgate_codecs.grammars.en13757_compact import fact_name, family_formats, signature_of
from narrowgate_codecs.grammars.en13757_heads import Head, number, read_head
from narrowgate_codecs.grammars.en13757_makers import MAKERS, Maker
from narrowgate_codecs.grammars.en13757_profiles import PROFILE_VIFE, profile_of
from narrowgate_codecs.grammars.en13757_units import (
    BACKWARD,
    INTERVALS,
    MEASURES,
    Measure,
    interval,
    measure_of,
)
from narrowgate_codecs.layout import Described, Leaf
from narrowgate_codecs.lists import list_of, pass_on
from narrowgate_codecs.raws import raw_of, wrong
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Wanted
from narrowgate_codecs.sketch import At, Item, Reader, Sketch, refused
from narrowgate_codecs.wired import Wired
from narrowgate_schema.words import Reason

AT_MOST = 255
"""Records of one content."""
FILLER = 0x2F
OWN = (0x0F, 0x1F)
"""DIF of the maker's own bytes; behind 1F more records follow in the next frame."""
_MAIN = ("volume_m3", "flow_m3_per_h")
_CARRIED = ("flow_m3_per_h", "temperature_c", "ambient_temperature_c", "pressure_bar", "battery_v")
_ERROR_FLAGS = 0xFD17
_DATE, _TIME = 0x6C, 0x6D


class En13757:
    """The grammar of M-Bus data records."""

    def sketch(self, reader: Reader, element: Described) -> Sketch:
        """Give where the records' values stand."""
        sketch = Sketch()
        sketch.lists["history"] = []
        heads = self._walk(reader, sketch, element.name, _maker(element))
        if not heads and sketch.faults:
            raise sketch.faults[0]
        _Picks(heads, reader, sketch).pick()
        if element.announces and not sketch.faults:
            sketch.announces = _announced(heads, reader, sketch, element)
        return sketch

    def _walk(self, reader: Reader, sketch: Sketch, name: str, own: Maker | None = None) -> list[Head]:
        """Give the heads, and note every record in the sketch; what cannot be read ends them."""
        heads: list[Head] = []
        items = sketch.lists[name] = []
        at = 0
        while at < reader.size:
            dif = reader.byte(at)
            if dif == FILLER:
                at += 1
            elif dif in OWN:
                items.append(_own(at, reader.size))
                if own is not None:
                    own.block(reader, at + 1, sketch)
                break
            else:
                try:
                    head = self._head(reader, at, len(heads))
                except FrameRefused as fault:
                    sketch.faults.append(fault)
                    break
                heads.append(head)
                items.append(_told(head))
                if own is not None and head.is_own:
                    own.record(reader, head, sketch)
                at = head.stop
        return heads

    def _head(self, reader: Reader, at: int, count: int) -> Head:
        if reader.byte(at) & 0x0F == 0x0F:
            raise refused(Reason.MODEL, reader.place, f"DIF {reader.byte(at):02X} at byte {at} is no record")
        if count == AT_MOST:
            raise refused(Reason.LENGTH, reader.place, f"more than {AT_MOST} records")
        head = read_head(reader, at)
        if head.form == "text" and head.vif in MEASURES and not PROFILE_VIFE & set(head.modifiers):
            raise refused(Reason.SANITY, reader.place, f"a text as a measure at byte {at}")
        return head

    def write(self, element: Described, wanted: Wanted) -> bytes:
        """Give records from a list of {"head": hex, name: value}, {"head": hex, "data": hex} and the like."""
        made = b""
        for at, values in enumerate(list_of(element.name, wanted)):
            made += _written(Wanted(values, {}, f"{wanted.place}{element.name}[{at}].", {"record"}), wanted)
        return made


def _maker(element: Described) -> Maker | None:
    """Give who reads the maker's own parts; None: they are only told."""
    for row in element.table:
        if row[0] == "maker":
            return MAKERS[str(row[1])]
    return None


def _announced(
    heads: list[Head], reader: Reader, sketch: Sketch, element: Described
) -> list[tuple[str, bytes]]:
    """Give the heads by which the device may shorten later frames; those that its family has are no news."""
    items = sketch.lists[element.name]
    if not heads or len(items) > len(heads) or any(head.value != head.until for head in heads):
        return []
    told = b"".join(reader.bytes(head.at, head.until - head.at) for head in heads)
    signature = signature_of(told)
    return [] if family_formats(element.table).get(signature) == told else [(fact_name(signature), told)]


class _Picks:
    """Chooses among records what a reading says."""

    def __init__(self, heads: list[Head], reader: Reader, sketch: Sketch) -> None:
        self.reader, self.sketch = reader, sketch
        now = [head for head in heads if head.function == 0 and head.subunit == 0]
        self.profiles = [head for head in now if PROFILE_VIFE & set(head.modifiers)]
        self.measured: list[tuple[Head, Measure, int | None]] = []
        self.dates: dict[int, Head] = {}
        self.intervals: dict[int, Shift] = {}
        for head in now:
            found = measure_of(head)
            if found is not None:
                self.measured.append((head, *found))
            elif clock_of(head, "") is not None and head.tariff == 0:
                self._date(head)
            elif head.vif in INTERVALS and head.form == "number" and head.width <= 2:
                count = reader.number(head.value, head.width, "little")
                self.intervals[head.storage] = interval(head.vif, count)
        self.said = {said.leaf.name for said in sketch.says}

    def _date(self, head: Head) -> None:
        """Keep a storage's date; one with a time of day is preferred to one without."""
        known = self.dates.get(head.storage)
        if known is None or (known.vif == _DATE and head.vif == _TIME):
            self.dates[head.storage] = head

    def pick(self) -> None:
        """Say what a reading needs."""
        main = self._main_storage()
        self._say_clock(main)
        for head, measure, way in self.measured:
            if head.storage == main:
                name = _name(head, measure, way)
                if name is not None:
                    self._say(name, head, measure)
        self._history(main)
        for head in self.profiles:
            self._profile(head)

    def _main_storage(self) -> int:
        candidates = {head.storage for head, measure, _ in self.measured if measure.name in _MAIN}
        candidates |= {
            head.storage for head in self.dates.values() if head.storage == 0 and head.vif == _TIME
        }
        return min(candidates, default=0)

    def _say_clock(self, main: int) -> None:
        head = self.dates.get(main)
        if head is not None and (main or head.vif == _TIME):
            leaf = clock_of(head, "clock")
            if leaf is not None:
                self.sketch.says.append(At(leaf, head.value))

    def _say(self, name: str, head: Head, measure: Measure) -> None:
        if name not in self.said:
            self.said.add(name)
            self.sketch.says.append(At(leaf_of(head, name, measure), head.value))

    def _history(self, main: int) -> None:
        """Add an item for each storage but the main one that has a date, or one by an interval."""
        items = self.sketch.lists["history"]
        storages = {head.storage for head, measure, _ in self.measured if measure.name == "volume_m3"}
        for storage in sorted(storages - {main}):
            stored_at = self._dated(storage)
            if stored_at is None:
                continue
            found: dict[str, At] = {}
            for head, measure, way in self.measured:
                if head.storage == storage and head.tariff == 0 and measure.name == "volume_m3":
                    name = _name(head, measure, way)
                    if name is not None:
                        found.setdefault(name, At(leaf_of(head, name, measure), head.value))
            if found:
                items.append(Item((*found.values(), stored_at)))

    def _dated(self, storage: int) -> At | None:
        """Give the date of a storage: its own, or that of an earlier one, so many intervals before it."""
        if storage in self.dates:
            return self._stored_at(storage)
        first = max((known for known in self.intervals if known < storage), default=None)
        if first is None or first not in self.dates:
            return None
        steps, shift = storage - first, self.intervals[first]
        return self._stored_at(
            first, Shift(-steps * shift.seconds, -steps * shift.days, -steps * shift.months)
        )

    def _stored_at(self, storage: int, shift: Shift = Shift()) -> At:  # noqa: B008 - frozen
        head = self.dates[storage]
        leaf = clock_of(head, "stored_at", shift)
        if leaf is None:
            raise TypeError("a date that is none")
        return At(leaf, head.value)

    def _profile(self, head: Head) -> None:
        """Add an inverse compact profile of volumes; one without its base is refused."""
        bases = [
            (base, measure)
            for base, measure, way in self.measured
            if measure.name == "volume_m3"
            and way is None
            and (base.storage, base.tariff, base.vif) == (head.storage, head.tariff, head.vif)
        ]
        if head.vif & 0x78 != 0x10 or head.tariff or 0x13 not in head.modifiers:
            return
        if not bases:
            fault = refused(Reason.SANITY, self.reader.place, f"profile at byte {head.at} without its base")
            self.sketch.faults.append(fault)
            return
        try:
            profile = profile_of(self.reader, head)
            base, measure = bases[0]
            volume = leaf_of(base, "volume_m3", measure)
            if head.storage in self.dates:
                clocks = tuple(self._stored_at(head.storage, shift) for shift in profile.shifts)
                profile.add(self.sketch, At(volume, base.value), clocks, self.reader.place)
        except FrameRefused as fault:
            self.sketch.faults.append(fault)


def _name(head: Head, measure: Measure, way: int | None) -> str | None:
    """Give what a measure of the main storage says; None if it is no value of a reading."""
    if measure.name == "volume_m3":
        if head.tariff:
            return f"tariff_{head.tariff}_m3" if way is None and head.tariff <= 3 else None
        return {None: "volume_m3", BACKWARD: "volume_reverse_m3"}.get(way)
    return measure.name if measure.name in _CARRIED and way is None and not head.tariff else None


def leaf_of(head: Head, name: str, measure: Measure) -> Wired:
    """Give the leaf of a measure."""
    return number(head, name, measure.factor.numerator, measure.factor.denominator)


def clock_of(head: Head, name: str, shift: Shift = Shift()) -> BitClock | None:  # noqa: B008 - frozen
    """Give the clock that a record is, None if it is none."""
    if head.modifiers or head.is_own or head.form != "number" or head.coding != "integer":
        return None
    makers = {(_DATE, 2): date_g, (_TIME, 2): date_g, (_TIME, 4): time_f, (_TIME, 6): time_i}
    make = makers.get((head.vif, head.width))
    return None if make is None else make(name, shift)


def _own(at: int, size: int) -> Item:
    own = () if at + 1 == size else (At(Hex("maker_data", size - at - 1), at + 1),)
    return Item((At(Hex("head", 1), at), *own), "maker")


def _told(head: Head) -> Item:
    """Give a record as it is told: its head and its value."""
    kind, leaf = value_leaf(head)
    value = () if leaf is None else (At(leaf, head.value),)
    return Item((At(Hex("head", head.value - head.at), head.at), *value), kind)


def value_leaf(head: Head) -> tuple[str, Leaf | None]:
    """Give the kind of a record and the leaf of its value, None if it has no value."""
    clock = clock_of(head, "time")
    if clock is not None:
        return "time", clock
    found = measure_of(head)
    if found is not None:
        measure, way = found
        return ("backward" if way == BACKWARD else "measure"), leaf_of(head, measure.name, measure)
    kind = "error_flags" if head.vif == _ERROR_FLAGS else "data"
    return kind, Hex("data", head.width) if head.width else None


def _written(inner: Wanted, wanted: Wanted) -> bytes:
    values = inner.values
    given = values.get("head")
    inner.used.add("head")
    try:
        head_bytes = bytes.fromhex(given) if isinstance(given, str) else b""
    except ValueError:
        head_bytes = b""
    if head_bytes in (b"\x0f", b"\x1f"):
        inner.used.add("maker_data")
        return head_bytes + bytes.fromhex(str(values.get("maker_data", "")))
    try:
        head = read_head(Reader(head_bytes + bytes(256)), 0)
    except FrameRefused:
        head = None
    if head is None or head.value != len(head_bytes):
        raise wrong("head", given, "the hex of one record's DIF to VIF is wanted", inner)
    _, leaf = value_leaf(head)
    made: bytes = b"" if leaf is None else raw_of(leaf, inner)
    pass_on(inner, wanted)
    return head_bytes + made
