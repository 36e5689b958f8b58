"""Dingtek DO200 parking sensor, ultrasonic and magnetic.

Source: TheThingsNetwork/lorawan-devices, vendor/dingtek/do200.js and its examples. Port 3, big-endian:

    80 00 02 01 l dd dd PL MB vv vv xx yy zz nn 00 81      alarm          02 instead of 01: periodic
    80 00 02 03 l F f u t m ss ss hh hh bb r 81            parameters
    l  length of the frame as the maker states it     d  distance to the next object [mm]
    P L M B  nibbles, not 0: parked, level alarm, magnetic alarm, low battery     v  battery [0.01 V]
    x y z  magnetic field, signed, counts     n  frame counter
    F f  firmware, u  h between reports, t  min and m  s between detections, h  magnetic threshold [mG]
    down, as ASCII: 8002 8888 OO HH 81      O option, H value in hex digits:
        01 set_upload_interval [h], 02 set_magnetic_threshold [mG], 03 set_ultrasonic_interval [min],
        04 set_magnetic_interval [s], 05 set_battery_threshold [%]

* That the bay is occupied is read from the nibble P, which the maker calls the parking alarm.
* Published frames state wrong lengths: every message has one length, so `l` is said and not looked at.
* A frame on another port than 3 is none of this device's; one without a port is taken as one on port 3.
"""

from narrowgate_codecs.elements import HEXADECIMAL, Bits, Code, Const, Digits, Hex, Int, Part, Port
from narrowgate_codecs.layout import Case, Element, Switch
from narrowgate_codecs.orders import Arg, Order
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.commands import CommandKind
from narrowgate_schema.words import Family

_LOWERED = ((0, False),)
ALARMS = Bits(
    "alarms",
    2,
    (
        Part("occupied", at=12, size=4, words=_LOWERED, otherwise=True),
        Part("level_alarm", at=8, size=4, words=_LOWERED, otherwise=True),
        Part("magnetic_alarm", at=4, size=4, words=_LOWERED, otherwise=True),
        Part("battery_low", at=0, size=4, words=_LOWERED, otherwise=True),
    ),
)
"""The nibbles of every model."""
BATTERY_AND_AXES: tuple[Element, ...] = (
    Int("battery_v", 2, per=100),
    *(Int(f"magnetic_{axis}", 2, signed=True) for axis in "xyz"),
)
"""Behind the nibbles in every model."""
COUNTER: tuple[Element, ...] = (
    Int("sequence", 2),
    Hex("reserve", 1, default="00"),
    Const(b"\x81"),
)
"""The end of the measuring messages in every model."""
CARRIES = (
    Carry("occupied"),
    Carry("battery_low"),
    Carry("battery_v"),
    Carry("magnetic_x"),
    Carry("magnetic_y"),
    Carry("magnetic_z"),
    Carry("sequence"),
)
"""What every model's measuring messages say."""


def frames(
    model: int, length: int, state: tuple[Element, ...], parameters: tuple[Element, ...]
) -> tuple[Element, ...]:
    """Give the messages up of a model: both kinds of state, and the parameters."""
    return (
        Port("port", default=3),
        Const(b"\x80\x00" + bytes([model])),
        Code("type", 1),
        Int("length", 1, default=length),
        Switch("port", (Case("by_type", (3,), (_types(state, parameters),)),)),
    )


def _types(state: tuple[Element, ...], parameters: tuple[Element, ...]) -> Switch:
    return Switch(
        "type",
        (
            Case("alarm", (0x01,), state),
            Case("periodic", (0x02,), state),
            Case("parameters", (0x03,), (*parameters, Const(b"\x81"))),
        ),
    )


def orders(password: bytes, options: tuple[tuple[str, int, int], ...]) -> tuple[Element, ...]:
    """Give the messages down of a model: name, option and width of the value [hex digits] of each."""
    return (
        Port("port", default=3),
        Const(b"8002" + password),
        Code("option", 2),
        Switch(
            "option",
            tuple(
                Case(f"set_{name}", (int.from_bytes(b"%02X" % option),), (Digits(name, width, HEXADECIMAL),))
                for name, option, width in options
            ),
        ),
        Const(b"81"),
    )


ORDERS = (
    Order(
        CommandKind.REPORT_INTERVAL,
        "set_upload_interval",
        (("upload_interval", Arg("interval_s", per=3600)),),
    ),
)
"""Of every model, in whole hours; they do not answer."""

_STATE: tuple[Element, ...] = (Int("distance_m", 2, per=1000), ALARMS, *BATTERY_AND_AXES, *COUNTER)
_PARAMETERS: tuple[Element, ...] = (
    Int("firmware_major", 1),
    Int("firmware_minor", 1),
    Int("upload_interval_h", 1),
    Int("ultrasonic_interval_min", 1),
    Int("magnetic_interval_s", 1),
    Int("level_threshold", 2),
    Int("magnetic_threshold", 2),
    Hex("reserve", 2, default="0000"),
)

PROFILE = Profile(
    name="dingtek_do200_v1",
    family=Family.PARKING,
    device="Dingtek DO200 parking sensor",
    source="TheThingsNetwork/lorawan-devices, vendor/dingtek/do200.js",
    up=frames(0x02, 0x15, _STATE, _PARAMETERS),
    down=orders(
        b"8888",
        (
            ("upload_interval", 1, 2),
            ("magnetic_threshold", 2, 2),
            ("ultrasonic_interval", 3, 2),
            ("magnetic_interval", 4, 2),
            ("battery_threshold", 5, 2),
        ),
    ),
    readings=(
        Reading("alarm", (*CARRIES, Carry("distance_m"))),
        Reading("periodic", (*CARRIES, Carry("distance_m"))),
    ),
    orders=ORDERS,
)
