"""The usual frames declared with construct alone, as its manual would have it, check sums included."""

from collections.abc import Callable, Sequence
from typing import Any

import construct as c

from narrowgate_bench.parking_constructs import PARKING_STRUCTS

_CJT188 = c.Struct(
    "summed"
    / c.RawCopy(
        c.Struct(
            "start" / c.Const(b"\x68"),
            "meter_type" / c.Int8ub,
            "address" / c.Bytes(7),
            "control" / c.Int8ub,
            "length" / c.Int8ub,
            "data_identifier" / c.Int16ub,
            "serial" / c.Int8ub,
            "volume" / c.Bytes(4),
            "volume_unit" / c.Int8ub,
            "settlement_volume" / c.Bytes(4),
            "settlement_unit" / c.Int8ub,
            "clock" / c.Bytes(7),
            "status" / c.BitStruct(c.Padding(5), "battery_low" / c.Flag, "valve" / c.BitsInteger(2)),
            "vendor" / c.Int8ub,
        )
    ),
    "check" / c.Checksum(c.Int8ub, lambda span: sum(span) & 0xFF, c.this.summed.data),
    "end" / c.Const(b"\x16"),
)

_HUATI = c.Struct(
    "start" / c.Const(b"\xaa\x72"),
    "type" / c.Int8ub,
    "more" / c.Int8ub,
    "length" / c.Int16ub,
    "summed"
    / c.RawCopy(
        c.Struct(
            "command" / c.Int8ub,
            "register" / c.Int16ub,
            "power" / c.Int16ub,
            "voltage" / c.Int16ub,
            "current" / c.Int16ub,
            "power_factor" / c.Int16ub,
            "registers_17" / c.Bytes(22),
            "energy" / c.Int32ub,
            "registers_43" / c.Bytes(22),
            "signal" / c.Int16ub,
            "registers_67" / c.Bytes(4),
        )
    ),
    "check" / c.Checksum(c.Int8ub, lambda span: sum(span) & 0xFF ^ 0xFF, c.this.summed.data),
)

_VALUES = {0x0267: c.Int16sb, 0x0302: c.Int16ub} | {tag: c.GreedyBytes for tag in range(0x0500, 0x0700)}
_PLACEPOD = c.GreedyRange(
    c.Struct("tag" / c.Int16ub, "value" / c.Switch(c.this.tag, _VALUES, default=c.Int8ub))
)

_SW3L = c.Struct(
    "imei" / c.Bytes(8),
    "model" / c.Const(b"\x0c"),
    "firmware" / c.Int8ub,
    "battery" / c.Int16ub,
    "signal" / c.Int8ub,
    "pa4" / c.Int8ub,
    "pb15" / c.Int8ub,
    "alarm" / c.Int8ub,
    "mode" / c.Int8ub,
    "pulses_per_litre" / c.Int16ub,
    "pulses" / c.Int32ub,
    "counted_at" / c.Int32ub,
    "stored" / c.GreedyRange(c.Struct("pulses" / c.Int32ub, "stored_at" / c.Int32ub)),
)

_W1 = c.Struct(
    "measured_at" / c.Int32ul,
    "status" / c.Int8ul,
    "volume" / c.Int32ul,
    "spare" / c.Bytes(2),
)

_STRUCTS = {
    "axioma_qalcosonic_w1_v1": _W1,
    "cjt188_water_v2004": _CJT188,
    "dragino_sw3l_nb_v1": _SW3L,
    "huati_nb_v1": _HUATI,
    "pni_placepod_v1": _PLACEPOD,
    **PARKING_STRUCTS,
}


def reader(profile: str) -> Callable[[Sequence[bytes]], list[Any]] | None:
    """Give what parses a list of frames of a profile; None for one that is not declared here."""
    struct = _STRUCTS.get(profile)
    return None if struct is None else lambda frames: [struct.parse(frame) for frame in frames]
