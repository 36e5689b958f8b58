"""Arad LoRa meters: Sonata, XTR and Interpreter.

Source: actility/device-catalog, vendors/arad. High byte first; the first byte is the message, K the model, x
the scale of what it stands behind, 10^(x-7) litres by its lower half:

    9D 9B  K AA XX VVVV x                            standard, alarm: A X alarms, V register
    06     rr rr K VVVV x FF TT AA BB y {DD} ..      log: F minutes since the last of the records, T minutes
        from
                                                     one to the next, B battery [mV], D what ran in each,
                                                         scale y
    80     K m n R CCCC VVVV x AA BB {DD}*6 {WWWW}*5   beacon: m n firmware, R signal [dBm], C clock, D what
        ran in
                                                     each of six hours, W registers of five weeks

* A record of 8000 is empty, of 8001 too great for it, of 8002 and 8003 could not be read: the register
  before it is said to be the one behind it.
* Records of the log are spaced as the frame says: they are said, and dated by nothing else. What is the time
  of the hours and weeks of a beacon is not said by it.
"""

from narrowgate_codecs.elements import Bits, Epoch, Hex, Int, Named, Part, Scaled, Word
from narrowgate_codecs.elements import Code as Message
from narrowgate_codecs.layout import Array, Case, Element, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_MODELS: tuple[tuple[int, Word], ...] = (
    (0x52, "xtr_9xx"),
    (0x54, "glatt"),
    (0x56, "sonata_1"),
    (0x57, "sonata_2"),
    (0x59, "sonata_1_8xx"),
    (0x5A, "xtr_8xx"),
    (0x5C, "interpreter"),
)
_MODEL = Named("model", 1, _MODELS, otherwise="unknown")
_SCALES = tuple((scale, 10**scale) for scale in range(16))
"""Counts of 10^(x-7) litres are counts of 10^x of 10^-10 m3."""


def _scale(name: str) -> Bits:
    return Bits(f"{name}_byte", 1, (Part(name, 0, 4),))


_REGISTER: tuple[Element, ...] = (
    Int("count", 4),
    _scale("scale"),
    Scaled("volume_m3", "count", "scale", _SCALES, 10**10),
)
_ALARMS = Bits(
    "alarms",
    2,
    (
        Part("tamper", 1),
        Part("reverse_flow", 2),
        Part("leak", 3),
        Part("poor_radio", 4),
        Part("battery_low", 5),
        Part("was_programmed", 6),
        Part("sensor_fault", 7),
        Part("freeze", 8),
        Part("tilted", 9),
        Part("flow_above_limit", 10),
        Part("burst", 11),
        Part("empty_pipe", 12),
        Part("slave_battery_low", 13),
        Part("slave_invalid", 14),
        Part("smart", 15),
    ),
)
_MORE_ALARMS = Bits(
    "more_alarms",
    2,
    (
        Part("watchdog_or_hardware_reset", 1),
        Part("power_on_reset", 2),
        Part("hardware_fault", 3),
        Part("box_open", 4),
        Part("charging_fault", 5),
        Part("power_monitor_fault", 6),
        Part("pressure_low", 7),
        Part("pressure_high", 8),
    ),
)
_BATTERY = Int("battery_v", 2, per=1000)
_STANDARD: tuple[Element, ...] = (_MODEL, _ALARMS, _MORE_ALARMS, *_REGISTER)
_RECORD = Bits(
    "record",
    2,
    (
        Part("is_marked", 15),
        Part(
            "fault",
            0,
            16,
            ((0x8000, "empty"), (0x8001, "overflow"), (0x8002, "read_error"), (0x8003, "digit_error")),
        ),
        Part("ran", 0, 15),
    ),
)
_LOG: tuple[Element, ...] = (
    Hex("reserve", 2, default="0000"),
    _MODEL,
    *_REGISTER,
    Int("since_record_min", 2),
    Int("record_step_min", 2),
    _ALARMS,
    _BATTERY,
    _scale("record_scale"),
    Array("records", None, (_RECORD, Scaled("ran_m3", "ran", "record_scale", _SCALES, 10**10))),
)
_BEACON: tuple[Element, ...] = (
    _MODEL,
    Int("firmware_major", 1),
    Int("firmware_minor", 1),
    Int("rssi_dbm", 1, signed=True),
    Epoch("clock", 4, 2015),
    *_REGISTER,
    _ALARMS,
    _BATTERY,
    Array("hours", 6, (_RECORD,)),
    Array("weeks", 5, (Int("week_count", 4, null=(0x80000000, 0x80000001)),)),
)
_FLAGS = ("tamper", "reverse_flow", "leak", "battery_low", "sensor_fault", "freeze", "burst", "empty_pipe")
_CARRIES = (Carry("volume_m3"), *(Carry(name) for name in _FLAGS))

PROFILE = Profile(
    name="arad_sonata_v1",
    family=Family.WATER,
    device="Arad Sonata, XTR or Interpreter water meter",
    source="actility/device-catalog, vendors/arad",
    up=(
        Message("message", 1),
        Switch(
            "message",
            (
                Case("standard", (0x9D,), _STANDARD),
                Case("alarm", (0x9B,), _STANDARD),
                Case("log", (0x06,), _LOG),
                Case("beacon", (0x80,), _BEACON),
            ),
        ),
    ),
    down=(),
    key="clock",
    readings=(
        Reading("standard", _CARRIES),
        Reading("alarm", _CARRIES),
        Reading("log", (*_CARRIES, Carry("battery_v"))),
        Reading("beacon", (*_CARRIES, Carry("battery_v"), Carry("rssi_dbm")), clock="clock"),
    ),
)
