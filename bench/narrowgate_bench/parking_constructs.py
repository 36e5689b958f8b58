"""The usual frames of parking sensors declared with construct alone, as its manual would have it."""

import construct as c

_AXES = ("x" / c.Int16sb, "y" / c.Int16sb, "z" / c.Int16sb)

_TPS110 = c.Struct(
    "debug" / c.Array(3, c.Int32ul),
    "firmware" / c.Bytes(3),
    "cause" / c.Int8ub,
    "state" / c.BitStruct(c.Padding(7), "occupied" / c.Flag),
)

_CTWING = c.Struct(
    "command" / c.Const(b"\x02"),
    "service" / c.Int16ub,
    "length" / c.Int16ub,
    "battery" / c.Float32b,
    "percent" / c.Int32sb,
    "ptime" / c.Int64ub,
    "state" / c.Int8ub,
    "error" / c.Int8ub,
    "change" / c.Int8ub,
    "magnetic" / c.Int32sb,
)


def _dingtek(model: bytes, *air: c.Construct) -> c.Construct:
    return c.Struct(
        "head" / c.Const(b"\x80\x00" + model),
        "type" / c.Int8ub,
        "length" / c.Int8ub,
        "level" / c.Int16ub,
        "alarms"
        / c.BitStruct("park" / c.Nibble, "level" / c.Nibble, "magnet" / c.Nibble, "battery" / c.Nibble),
        "volts" / c.Int16ub,
        *_AXES,
        *air,
        "counter" / c.Int16ub,
        "reserve" / c.Int8ub,
        "end" / c.Const(b"\x81"),
    )


_AIR = ("temperature" / c.Int8sb, "humidity" / c.Int8ub)

_LIBELIUM = c.Struct(
    "head"
    / c.BitStruct(
        "occupied" / c.Flag, "battery" / c.Flag, "config" / c.Flag, "recalibrated" / c.Flag, "type" / c.Nibble
    ),
    "sequence" / c.Int8ub,
    "error" / c.Int8ub,
    "temperature" / c.Int8sb,
    "data" / c.Bytes(7),
)

_VD33D = c.Struct(
    "head" / c.Const(b"\x00\x00\x50"),
    "packet" / c.Int8ub,
    "serial" / c.Bytes(4),
    "receiver" / c.Bytes(4),
    "version" / c.Int8ub,
    "type" / c.Const(b"\x3a"),
    "time" / c.Int32ul,
    "count" / c.Int16ul,
    "status" / c.Int8ub,
    "field" / c.Array(3, c.Int16sl),
    "difference" / c.Int16ul,
    "radar" / c.Array(4, c.Int8ub),
)

_DATA = c.Struct(
    "serial" / c.Bytes(12),
    "server" / c.Bytes(4),
    "status" / c.Int8ub,
    "battery" / c.Int8ub,
    "bay" / c.Bytes(7),
    "field" / c.Array(3, c.Int32sl),
    "algorithm" / c.Int8ub,
    "heartbeat" / c.Int8ub,
    "clock" / c.Bytes(6),
    "count" / c.Int32ub,
    "batch" / c.Int8ub,
    "reserve" / c.Bytes(8),
    "packet" / c.Int8ub,
)
_INNER = c.Struct(
    "device" / c.Bytes(4), "command" / c.Int8ub, "ack" / c.Int8ub, "size" / c.Int8ub, "data" / _DATA
)
_OUTER = c.Struct(
    "code" / c.Const(b"\xff"),
    "length" / c.Int16ub,
    "com" / c.Int16ub,
    "start" / c.Const(b"\xaa"),
    "inner" / c.RawCopy(_INNER),
    "check" / c.Checksum(c.Int8ub, lambda span: sum(span) & 0xFF, c.this.inner.data),
    "end" / c.Const(b"\xbb"),
)
_VD33D_UDP = c.Struct(
    "start" / c.Const(b"\x80"),
    "outer" / c.RawCopy(_OUTER),
    "check" / c.Checksum(c.Int8ub, lambda span: sum(span) & 0xFF, c.this.outer.data),
    "end" / c.Const(b"\x81"),
)

_R719A = c.Struct(
    "command" / c.Const(b"\x01"),
    "device" / c.Const(b"\x59"),
    "report" / c.Const(b"\x01"),
    "battery" / c.BitStruct("low" / c.Flag, "tenths" / c.BitsInteger(7)),
    "occupied" / c.Int8ub,
    "reserve" / c.Bytes(6),
)

_NCC405 = c.Struct("flags" / c.Int8ub, "battery" / c.Int8ub, "mean" / c.Int8ub)
_NPS310 = c.Struct("firmware" / c.Bytes(3), "cause" / c.Int8ub, "state" / c.Int8ub)
_NPS405 = c.Struct("flags" / c.Int8ub, "battery" / c.Int8ub, "temperature" / c.Int8sb)

_TEKZIPARK = c.Struct(
    "flags" / c.Bitwise(c.Array(8, c.Flag)),
    "temperature" / c.Int8sb,
    "bay" / c.Int8ub,
    "axes" / c.Array(6, c.Int8sb),
    "fault" / c.Int8ub,
    "obstruction" / c.Int8ub,
    "reflection" / c.Int8ub,
)

PARKING_STRUCTS = {
    "bosch_tps110_v1": _TPS110,
    "ctwing_parking_v1": _CTWING,
    "dingtek_do200_v1": _dingtek(b"\x02"),
    "dingtek_do201_v1": _dingtek(b"\x31", *_AIR),
    "dingtek_do202_v1": _dingtek(b"\x32", *_AIR),
    "libelium_parking_v2": _LIBELIUM,
    "movebroad_vd33d_udp_v1": _VD33D_UDP,
    "movebroad_vd33d_v1": _VD33D,
    "netvox_r719a_v1": _R719A,
    "nwave_ncc405_v1": _NCC405,
    "nwave_nps310_v1": _NPS310,
    "nwave_nps405_v1": _NPS405,
    "tekzitel_tekzipark_v1": _TEKZIPARK,
}
"""By profile."""
