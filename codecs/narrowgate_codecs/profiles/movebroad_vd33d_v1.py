"""Movebroad VD33D parking sensor over CoAP, OneNET or MQTT-SN.

Source: gdgly/stm32L151_nbiot_tmote_app_workspace, net_coap_message_operate.h (firmware). Little-endian:

    00 00 50 n NN*4 dd*4 v TT ..      n packet, N serial number, d receiver, v version, T type
    37  short_status    tt*4 cc*2 s
    3A  long_status     tt*4 cc*2 s  xx yy zz ff  d k o e  [version 2: r n m q XX YY ZZ gg V*16 B*16]
    35 3C 3D  info      text (JSON)           3F  magnetometer    bytes
    t  time of the event [s since 1970 UTC]   c  changes of the bay since start
    s  0 free, 1 occupied, 2 free again, 3 occupied again, 4 to 9 the sensor is faulty
    x y z  magnetic field, signed, and f its difference from the background XX YY ZZ, counts
    d k o e  radar: distance, strength, cover count, difference      V B  radar spectrum, its background
    r n  signal, SNR      m  temperature of the sensor [Cel]      q  of the magnetometer [Cel]     g  debug

* Again (2, 3) means a periodic repeat of the same state. A faulty sensor's bay is null, and `sensor_fault` is
  true: a fault is never a free bay. Any other status says nothing.
* The firmware declares x y z without a sign but fills them from signed registers; their background is signed.
* Signal, SNR and radar figures have no documented unit: said, not carried. `c` counts changes, not frames.
"""

from narrowgate_codecs.elements import Bits, Code, Const, Epoch, Hex, Int, Part, Rest, Text
from narrowgate_codecs.layout import Array, Case, Element, Switch, Tail
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

STATUS = Bits(
    "spot_status",
    1,
    (
        Part("occupied", at=0, size=8, words=((0, False), (1, True), (2, False), (3, True))),
        Part(
            "sensor_fault",
            at=0,
            size=8,
            words=(*((code, False) for code in range(4)), *((code, True) for code in range(4, 10))),
        ),
        Part("is_repeat", at=0, size=8, words=((0, False), (1, False), (2, True), (3, True))),
    ),
)
"""What a bay's status byte says, in every dialect of the sensor."""

_EVENT = (Epoch("event_at", 4, 2015, "little"), Int("spot_count", 2, "little"), STATUS)
_RADAR = tuple(Int(f"radar_{name}", 1) for name in ("distance", "strength", "cover_count", "diff"))
_LATER: tuple[Element, ...] = (
    Int("nb_rssi", 1),
    Int("nb_snr", 1, signed=True),
    Int("temperature_c", 1, signed=True),
    Int("magnetometer_temperature_c", 1, signed=True),
    *(Int(f"background_{axis}", 2, "little", signed=True) for axis in "xyz"),
    Int("debug", 2, "little", signed=True),
    Array("radar_values", 16, (Int("value", 1),)),
    Array("radar_background", 16, (Int("value", 1),)),
)
_LONG: tuple[Element, ...] = (
    *_EVENT,
    *(Int(f"magnetic_{axis}", 2, "little", signed=True) for axis in "xyz"),
    Int("magnetic_diff", 2, "little"),
    *_RADAR,
    Tail(_LATER),
)
_SAID = (Carry("occupied"), Carry("sensor_fault"))

PROFILE = Profile(
    name="movebroad_vd33d_v1",
    family=Family.PARKING,
    device="Movebroad VD33D parking sensor over CoAP, OneNET or MQTT-SN",
    source="gdgly/stm32L151_nbiot_tmote_app_workspace, net_coap_message_operate.h (firmware)",
    up=(
        Const(b"\x00\x00\x50"),
        Int("packet", 1, default=0),
        Hex("device_sn", 4, "little"),
        Hex("receiver_sn", 4, "little", default="00000000"),
        Int("version", 1, default=1),
        Code("type", 1),
        Switch(
            "type",
            (
                Case("short_status", (0x37,), _EVENT),
                Case("long_status", (0x3A,), _LONG),
                Case("info", (0x35, 0x3C, 0x3D), (Text("info"),)),
                Case("magnetometer", (0x3F,), (Rest("data"),)),
            ),
        ),
    ),
    down=(),
    identity="device_sn",
    key="clock",
    readings=(
        Reading("short_status", _SAID, clock="event_at"),
        Reading(
            "long_status",
            (
                *_SAID,
                Carry("magnetic_x"),
                Carry("magnetic_y"),
                Carry("magnetic_z"),
                Carry("temperature_c"),
            ),
            clock="event_at",
        ),
    ),
)
