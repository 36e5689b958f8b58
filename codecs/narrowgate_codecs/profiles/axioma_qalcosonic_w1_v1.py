"""Axioma Qalcosonic W1 ultrasonic water meter, all layouts of its data port.

Source: Axioma Metering, W1 LoRa payload; confirmed by actility/device-catalog, tago-io/decoders and
Kungsbacka/IoTPayloadDecoder. Low byte first, instants [s since 1970], volumes [L]:

    port 100, 47 bytes   TT TT TT TT S VV VV VV VV LL LL LL LL BB BB BB BB {DD DD} x 15
                         T instant, S status, V volume; L instant of the log, B volume then,
                         D increases hour by hour
    port 100, 37 bytes   TT TT TT TT S VV VV VV VV {PP PP PP PP} x 6  II II II II
                         P volumes of the past, I [s] between them
    port 100, 11 bytes   TT TT TT TT S VV VV VV VV 00 00
    port 101             what port 100 will carry, as DIF/VIF; at its end N C U: bytes of the increases,
                         their size, unit of time and sign, units of time between them
    port 103             TT TT TT TT S
    S   b2 battery low, b3 permanent error, b4 an alarm, named by b5-7: 0 dry, 1 leak, 3 reverse flow,
        4 frost, 5 burst, 6 manipulation

* A log whose instant was never set gives no readings of the past.
* Without a captured port a frame of 5 bytes is an alarm and any other one is of port 100.
* An alarm names one cause at a time: the others are false.
* Volumes above what nine digits of litres can show are no volumes: such frames, seen in the field with
  shuffled bytes, are refused.
* The 37 bytes do not tell from which end the past volumes run: they are said, and are no readings.
* Port 101 can announce US gallons or other increases than the ones above. `announced` keeps it; a frame of
  another length than those above is refused.
"""

from narrowgate_codecs.elements import Bits, Epoch, Hex, Int, Left, Part, Port, Rest
from narrowgate_codecs.layout import Array, Body, Case, Deltas, Element, Switch
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_schema.words import Family

_LITRES_IN_M3 = 1000
_MOST_M3 = 999_999.999
_ALARMS = (
    ("dry", 0),
    ("leak", 1),
    ("reverse_flow", 3),
    ("low_temperature", 4),
    ("burst", 5),
    ("manipulation", 6),
)
_FLAGS = (
    ("empty_pipe", 0),
    ("leak", 1),
    ("reverse_flow", 3),
    ("freeze", 4),
    ("burst", 5),
    ("tamper", 6),
)


def _alarm_code(alarm: int) -> int:
    """Give what the status' upper half says for an alarm: its number over the bit that there is one."""
    return alarm << 1 | 1


_STATUS = Bits(
    "status",
    1,
    (
        Part("battery_low", at=2),
        Part("sensor_fault", at=3),
        Part("alarm", at=4, size=4, words=tuple((_alarm_code(alarm), name) for name, alarm in _ALARMS)),
        *(
            Part(name, at=4, size=4, words=tuple((code, code == _alarm_code(alarm)) for code in range(16)))
            for name, alarm in _FLAGS
        ),
    ),
)
_STATES = ("battery_low", "sensor_fault", *(name for name, _ in _FLAGS))


def _volume(name: str) -> Int:
    return Int(name, 4, "little", per=_LITRES_IN_M3, limits=(0.0, _MOST_M3))


_NOW = (Epoch("measured_at", 4, 2015, "little"), _STATUS, _volume("volume_m3"))
_ALARM: tuple[Element, ...] = (Epoch("raised_at", 4, 2015, "little"), _STATUS)

_EXTENDED = (
    *_NOW,
    Epoch("logged_at", 4, 2015, "little"),
    _volume("log_volume_m3"),
    Deltas("hours", "hour_volume_m3", "log_volume_m3", 2, count=15, order="little", per=_LITRES_IN_M3),
)
_PAST = (
    *_NOW,
    Array("past", 6, (_volume("past_volume_m3"),)),
    Int("period_s", 4, "little"),
)
_SHORT = (*_NOW, Hex("spare", 2, default="0000"))

_ANNOUNCEMENT = (
    Body(3, (Rest("announced"),)),
    Int("increases_bytes", 1),
    Bits(
        "increases",
        1,
        (
            Part("increase_bytes", at=0, size=4),
            Part(
                "increase_unit",
                at=4,
                size=2,
                words=((0, "seconds"), (1, "minutes"), (2, "hours"), (3, "days")),
            ),
            Part("increase_sign", at=6, size=2, words=((1, "positive"),)),
        ),
    ),
    Int("increase_units", 1),
)


_SIZES = (
    Case("extended", (47,), _EXTENDED),
    Case("past_volumes", (37,), _PAST),
    Case("short", (11,), _SHORT),
)
_UNPORTED = (*_SIZES, Case("alarm", (5,), _ALARM))


def _by_size(cases: tuple[Case, ...]) -> tuple[Element, ...]:
    return (Left("size"), Switch("size", cases))


_UP = (
    Port(default=0),
    Switch(
        "port",
        (
            Case("data", (100,), _by_size(_SIZES)),
            Case("announcement", (101,), _ANNOUNCEMENT),
            Case("alarm", (103,), _ALARM),
            Case("unported", (0,), _by_size(_UNPORTED)),
        ),
    ),
)

_CARRIED = (Carry("volume_m3"), *(Carry(name) for name in _STATES))

PROFILE = Profile(
    name="axioma_qalcosonic_w1_v1",
    family=Family.WATER,
    device="Axioma Qalcosonic W1 water meter",
    source="Axioma Metering, W1 LoRa payload",
    up=_UP,
    down=(),
    key="clock",
    readings=(
        *(Reading(case.name, _CARRIED, clock="measured_at") for case in _SIZES),
        Reading("extended", (Carry("volume_m3", "log_volume_m3"),), clock="logged_at", only_dated=True),
        Reading(
            "extended",
            (Carry("volume_m3", "hour_volume_m3"),),
            records="hours",
            clock="logged_at",
            each=Each(step_s=3600),
        ),
        Reading("alarm", tuple(Carry(name) for name in _STATES), clock="raised_at"),
    ),
)
