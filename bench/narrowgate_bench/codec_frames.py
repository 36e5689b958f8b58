"""Frames to decode: whatever a profile's own encoder can send, and what becomes of it on a bad day."""

import random
import re
from typing import Any

from narrowgate_bench.codec_resources import drawn_record, drawn_resources
from narrowgate_bench.described_frames import drawn
from narrowgate_bench.drawn_leaves import drawn_leaf
from narrowgate_bench.drawn_spellings import Spellings
from narrowgate_codecs import PROFILES
from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.compiler import goes_to_the_end
from narrowgate_codecs.encode import frame_of
from narrowgate_codecs.facts import NO_FACT
from narrowgate_codecs.known import Known
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.regions import FrameTooLongError
from narrowgate_codecs.scope import Wanted, part_code
from narrowgate_codecs.soundness import every
from narrowgate_codecs.sums import Sum

Values = dict[str, Any]
Sent = tuple[bytes, int | None]
"""A frame and the port it travels on; None where the frame itself says what it is."""

USUAL = {
    "axioma_qalcosonic_w1_v1": "short",
    "bosch_tps110_v1": "startup",
    "cjt188_water_v2004": "current_data",
    "ctwing_parking_v1": "data_report",
    "dingtek_do200_v1": "periodic",
    "dingtek_do201_v1": "periodic",
    "dingtek_do202_v1": "periodic",
    "dragino_sw3l_nb_v1": "frame",
    "huati_nb_v1": "report",
    "libelium_parking_v2": "info",
    "movebroad_vd33d_udp_v1": "status",
    "movebroad_vd33d_v1": "long_status",
    "netvox_r719a_v1": "status",
    "nwave_ncc405_v1": "heartbeat",
    "nwave_nps310_v1": "startup",
    "nwave_nps405_v1": "heartbeat",
    "tekzitel_tekzipark_v1": "diagnostic",
}
"""The message of a profile whose usual frame has one layout: its fixed rows and struct loop are of it."""

KEY = bytes(range(16))
"""What encrypted frames are drawn with."""
_CHECK = re.compile(r"check sum ([0-9A-F]+) at byte (\d+), ([0-9A-F]+) is right")

_SHARE_OF_OPTIONAL = 0.5


class Sender:
    """Draws messages of one profile and direction over all choices of its declaration."""

    def __init__(
        self,
        profile: str,
        direction: Direction,
        rng: random.Random,
        most_records: int = 6,
        *,
        all_codes: bool = True,
    ) -> None:
        """Take the profile; without `all_codes` a choice is sent as its first code only, as encode does."""
        self._all_codes = all_codes
        self._first_shape = rng.randrange(1 << 32)
        self._frame, self._rng, self._most_records = frame_of(profile, direction), rng, most_records
        self._fields = PROFILES[profile].fields(direction)
        self._single = PROFILES[profile].single_message
        self._around: list[Values] = []
        self._message: str | None = None
        self._ways: dict[tuple[int, str], tuple[lay.Case, ...]] = {}
        """The cases of a choice that lead to a message."""
        bits = [field for field in every(self._fields) if isinstance(field, el.Bits)]
        self._bits_of: dict[str, dict[str, el.Part]] = {}
        for field in bits:
            for part in field.parts:
                self._bits_of.setdefault(part.name, {})[field.name] = part
        self._named: dict[str, Any] = {part.name: part for field in bits for part in field.parts}
        leaves: Any = [field for field in every(self._fields) if isinstance(field, lay.LEAVES)]
        for leaf in leaves:
            self._named.setdefault(leaf.name, leaf)
        ports = [field.name for field in self._fields if isinstance(field, el.Port)]
        ports += ["port" for field in self._fields if isinstance(field, lay.Resources)]
        self._port = ports[0] if ports else None
        self._units = {
            field.per.by: field.per
            for field in every(self._fields)
            if isinstance(field, el.Bcd) and isinstance(field.per, el.Units)
        }

        lists = [field for field in every(self._fields) if isinstance(field, (lay.Array, lay.Deltas))]
        self._counts = {field.count for field in lists if isinstance(field.count, str)}
        self._masks = {field.mask for field in every(self._fields) if isinstance(field, lay.Channels)}
        self._spellings = Spellings(self._fields, rng) if all_codes else None

    def frame(self, message: str | None = None) -> bytes:
        """Draw a frame; of one message, if it is named."""
        return self.sent(message)[0]

    def sent(self, message: str | None = None) -> Sent:
        """Draw a frame and the port it travels on; of one message, if it is named."""
        self._message = message
        while True:
            values: Values = {}
            drawn = self._draw(self._fields, values) or self._single
            if message is None or drawn == message:
                wanted = Wanted(values, {}, keys=(KEY,))
                try:
                    frame = self._frame.write(wanted)
                except FrameTooLongError:
                    continue  # longer than its own length can say
                port = None if self._port is None else wanted.sent.get(self._port)
                if self._spellings is not None and self._spellings.names:
                    read = self._frame.read(frame, Known(port, (KEY,)))
                    frame = self._spellings.drawn(frame, read.said)
                return frame, port

    def _draw(self, fields: tuple[lay.Element, ...], values: Values) -> str | None:
        message = None
        for field in fields:
            match field:
                case lay.Lead() | lay.Tail():
                    if self._rng.random() < _SHARE_OF_OPTIONAL:
                        message = self._draw(field.fields, values) or message
                case lay.Sized() | lay.Body() | lay.FormatA() | lay.Encrypted():
                    message = self._draw(field.fields, values) or message
                case lay.When():
                    if (self._raw(field.on, values) in field.are) != field.other:
                        message = self._draw(field.fields, values) or message
                case lay.Switch():
                    message = self._choose(field, values)
                case _:
                    self._put(field, values)
        return message

    def _put(self, field: lay.Element, values: Values) -> None:
        match field:
            case lay.Records():
                count = self._rng.randint(0, self._most_records)
                self._around.append(values)
                values[field.name] = [self._record(field, last=at == count - 1) for at in range(count)]
                self._around.pop()
            case lay.Array():
                self._array(field, values)
            case lay.Channels():
                self._channels(field, values)
            case lay.Resources():
                self._resources(field, values)
            case lay.Deltas():
                self._deltas(field, values)
            case lay.Described():
                values[field.name] = drawn(field, self._rng, self._first_shape)
            case _:
                self._leaf(field, values)

    def _choose(self, field: lay.Switch, values: Values) -> str:
        case = self._rng.choice(self._towards(field))
        if isinstance(self._named.get(field.on), el.Fact) and field.default is not None:
            # What nobody announced is unknown to whoever reads the frame.
            return self._draw(field.default.fields, values) or field.default.name
        code = (
            self._rng.choice(case.when if self._all_codes else case.when[:1])
            if case.when
            else self._other_code(lay.cases_of(field), self._codes(field.on))
        )
        self._set(field.on, code, values)
        return self._draw(case.fields, values) or case.name

    def _towards(self, field: lay.Switch) -> tuple[lay.Case, ...]:
        """Give the cases that lead to the message that is wanted; all of them if none is, or none does."""
        cases = lay.cases_of(field)
        if self._message is None:
            return cases
        key = (id(field), self._message)
        if key not in self._ways:
            self._ways[key] = tuple(case for case in cases if self._message in _messages(case)) or cases
        return self._ways[key]

    def _set(self, name: str, code: int, values: Values) -> None:
        """Let a name say what is sent as a code."""
        one = self._named[name]
        bits = isinstance(one, el.Part) and one.size == 1 and not one.words
        words = dict(one.words) if isinstance(one, (el.Named, el.Part)) else {}
        values[name] = words.get(code, bool(code) if bits else code)

    def _raw(self, name: str, values: Values) -> int:
        """Give the code that a name drawn before is sent as, in this item or around it."""
        around = next(one for one in (values, *reversed(self._around)) if self._says(name, one))
        one = self._named[name]
        value: Any = around.get(name)
        if isinstance(one, el.Fact):
            return NO_FACT
        if isinstance(one, el.Part) and value is None:
            # Another message may say the same name in other bits.
            bits, one = next(found for found in self._bits_of[name].items() if found[0] in around)
            return part_code(one, int(around[bits], 16))
        if isinstance(one, (el.Named, el.Part)) and one.words:
            return next(code for code, word in one.words if word == value)
        if isinstance(one, el.Varint):
            counted: int = round(value * one.per)
            return counted
        return round(value * one.per) - one.plus if isinstance(one, el.Int) else int(value)

    def _says(self, name: str, values: Values) -> bool:
        return name in values or any(bits in values for bits in self._bits_of.get(name, ()))

    def _other_code(self, cases: tuple[lay.Case, ...], codes: int = 256) -> int:
        taken = {code for case in cases for code in case.when}
        return self._rng.choice([code for code in range(codes) if code not in taken])

    def _codes(self, name: str) -> int:
        """Give how many codes a name of at most a byte has."""
        bits = [one for one in every(self._fields) if isinstance(one, el.Bits)]
        return min([256, *(1 << part.size for one in bits for part in one.parts if part.name == name)])

    def _record(self, field: lay.Records, *, last: bool) -> Values:
        anywhere = last or field.length_width > 0
        kinds = [case for case in lay.cases_of(field) if anywhere or not _goes_to_the_end(case.fields)]
        case = self._rng.choice(kinds)
        values: Values = {"record": case.name}
        if not case.when:
            values["tag"] = self._other_code(
                field.cases, (256 >> field.short_bits) - (field.escape is not None)
            )
        self._draw(case.fields, values)
        return values

    def _resources(self, field: lay.Resources, values: Values) -> None:
        values.update(drawn_resources(field, self._rng, self._most_records))
        if not field.inner:
            return
        for item in values.get(field.name, ()):
            item.pop("data", None)
        values["frames"] = []
        if values.get("form") != "tlv" or values["object"] == field.objects[0].id:
            values["frames"] = [drawn_record(field, self._rng) for _ in range(self._rng.randint(1, 3))]
        for frame in values["frames"]:
            self._draw(field.inner, frame)

    def _array(self, field: lay.Array, values: Values) -> None:
        values[field.name] = [{} for _ in range(self._count(field.count, values))]
        self._around.append(values)
        for item in values[field.name]:
            self._draw(field.fields, item)
        self._around.pop()

    def _channels(self, field: lay.Channels, values: Values) -> None:
        mask: int = self._raw(field.mask, values)
        values[field.name] = [{} for _ in range(mask.bit_count())]
        self._around.append(values)
        for item in values[field.name]:
            self._draw(field.fields, item)
        self._around.pop()

    def _count(self, count: int | str | None, values: Values) -> int:
        """Give how many items a list has: as was drawn, as is declared, or as it comes."""
        if isinstance(count, str):
            return self._raw(count, values)
        return self._rng.randint(0, self._most_records) if count is None else count

    def _deltas(self, field: lay.Deltas, values: Values) -> None:
        count, number = self._count(field.count, values), self._raw(field.base, values)
        most = (0.0, float((1 << field.bits) - 1)) if field.bits else None
        step = el.Int("step", field.width or 2, signed=field.signed, limits=most)
        values[field.name] = []
        for _ in range(count):
            number += drawn_leaf(step, self._rng) * (1 if field.towards == "later" else -1)
            values[field.name].append({field.item: number if field.per == 1 else number / field.per})

    def _leaf(self, field: lay.Element, values: Values) -> None:
        name = getattr(field, "name", None)
        if name is None or isinstance(field, (el.Mark, el.Implied, el.Scaled, el.Moment, Sum)):
            return
        if isinstance(field, el.Bits):
            self._bits(field, values)
        elif name in self._counts:
            values[name] = self._rng.randint(0, self._most_records)
        elif name in self._masks:
            values[name] = self._rng.randrange(1 << self._rng.choice((4, 4, 4, 9)))
        elif isinstance(field, el.Code) and name in self._units:
            values.setdefault(name, self._rng.choice(self._units[name].table)[0])
        elif isinstance(field, el.Bcd):
            self._bcd(field, values)
        elif isinstance(field, el.Hex) and name == "own_check":
            values[name] = field.default  # what fills the last block would be taken for it
        else:
            values[name] = drawn_leaf(field, self._rng)

    def _bits(self, field: el.Bits, values: Values) -> None:
        values[field.name] = self._rng.randbytes(field.width).hex()
        for part in field.parts:
            if part.is_closed:
                values[part.name] = self._rng.choice(part.words)[1]
            elif part.null and self._rng.random() < 0.05:
                values[part.name] = None

    def _bcd(self, field: el.Bcd, values: Values) -> None:
        if self._rng.random() < 0.05:
            values[field.name] = None
            return
        count = self._rng.randrange(10 ** (2 * field.width) - 1)
        if field.signed and self._rng.random() < 0.5:
            count = -(count // 10)
        if isinstance(field.per, int):
            values[field.name] = count / field.per
            return
        code, per = self._rng.choice(field.per.table)
        values[field.per.by] = code
        values[field.name] = count / per


def _messages(case: lay.Case) -> tuple[str, ...]:
    return lay.messages_of(case.fields) or (case.name,)


def _goes_to_the_end(fields: tuple[lay.Element, ...]) -> bool:
    return bool(fields) and goes_to_the_end(fields[-1])


def damaged(frame: bytes, rng: random.Random) -> bytes:
    """Give a frame cut, longer, changed in some bytes, spliced with itself, or bytes that are no frame."""
    kind = rng.randrange(6)
    if kind == 0:
        return frame[: rng.randrange(len(frame) + 1)]
    if kind == 1:
        return frame + rng.randbytes(rng.randrange(1, 6))
    if kind == 2:
        at = rng.randrange(len(frame) + 1)
        return frame[:at] + rng.randbytes(rng.randrange(3)) + frame[at + rng.randrange(3) :]
    if kind == 3 and rng.random() < 0.3:
        return rng.randbytes(rng.randrange(80))
    changed = bytearray(frame)
    for _ in range(rng.randrange(1, 4) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.choice((0, 0xFF, 0xFE, 0x99, rng.randrange(256)))
    return bytes(changed)


def mended(frame: bytes, detail: str) -> bytes:
    """Give a frame with the check sum that a refusal calls right; as it is if that was not its fault."""
    found = _CHECK.search(detail)
    if found is None:
        return frame
    right = bytes.fromhex(found[3])
    at = int(found[2])
    return frame[:at] + right + frame[at + len(right) :]
