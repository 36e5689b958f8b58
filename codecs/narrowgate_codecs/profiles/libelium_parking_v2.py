"""Libelium Smart Parking node, firmware 2 and 3, over LoRaWAN or Sigfox.

Source: Libelium Smart Parking technical guide (frames of firmware 2), the open decoders of firmware 3
(ELEMENT-IoT parser, libelium-parking-sensor-v2). 11 bytes, of which the makers of decoders agree on these:

    HH SS ..    H  b7 occupied, b6 change the battery, b5 configuration refused, b4 recalibrated, b0-3 type
                S  frame counter
    type 0 info, 1 keep_alive:  EE TT ..      E error of the sensor, 0 none; T temperature, signed [Cel]
         3 error:               EE TT ..      as before: what is wrong, temperature
         4 start_1:             VV ..         V firmware
         2 daily, 5 start_2, 6 service, 7 downlink, 8 rssi, any other: the rest is the firmware's own

* The other bytes changed from firmware to firmware: they are said as they are. The guide of 2017 has the
  temperature, not the error, behind the counter: nodes of that firmware are not of this layout.
* A node with an error that says free is not believed: the bay's state is null, and `sensor_fault` is true.
* Info is sent at a change of the bay, keep_alive without one; all types bear the state.
"""

from narrowgate_codecs.elements import Bits, Hex, Implied, Int, Part
from narrowgate_codecs.layout import Case, Element, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_HEAD = Bits(
    "head",
    1,
    (
        Part("occupied", at=7),
        Part("battery_low", at=6, default=False),
        Part("config_refused", at=5, default=False),
        Part("recalibrated", at=4, default=False),
        Part("frame_type", at=0, size=4),
    ),
)
_ERROR = Bits(
    "error",
    1,
    (
        Part("sensor_error", at=0, size=8, default=0),
        Part("sensor_fault", at=0, size=8, words=((0, False),), otherwise=True),
    ),
)
_TEMPERATURE = Int("temperature_c", 1, signed=True)


def _rest(width: int) -> Hex:
    return Hex("data", width, default="00" * width)


_MEASURED: tuple[Element, ...] = (_ERROR, _TEMPERATURE, _rest(7))
_BASIC = (
    Carry("occupied"),
    Carry("battery_low"),
    Carry("recalibrated"),
    Carry("sequence"),
)
_DOUBTED = (
    Carry("occupied", doubted_by="sensor_fault"),
    *_BASIC[1:],
    Carry("sensor_fault"),
    Carry("temperature_c"),
)

PROFILE = Profile(
    name="libelium_parking_v2",
    family=Family.PARKING,
    device="Libelium Smart Parking node, firmware 2 and 3",
    source="Libelium Smart Parking technical guide; open decoders of firmware 3",
    up=(
        _HEAD,
        Int("sequence", 1),
        Switch(
            "frame_type",
            (
                Case("info", (0,), _MEASURED),
                Case("keep_alive", (1,), _MEASURED),
                Case("daily", (2,), (_rest(9),)),
                Case("error", (3,), (Hex("error", 1), _TEMPERATURE, Implied("sensor_fault", True), _rest(7))),
                Case("start_1", (4,), (Int("firmware_version", 1), _rest(8))),
                Case("start_2", (5,), (_rest(9),)),
                Case("service", (6,), (_rest(9),)),
                Case("downlink", (7,), (_rest(9),)),
                Case("rssi", (8,), (_rest(9),)),
            ),
            default=Case("other", (), (_rest(9),)),
        ),
    ),
    down=(),
    readings=(
        Reading("info", _DOUBTED),
        Reading("keep_alive", _DOUBTED),
        Reading("error", _DOUBTED),
        *(
            Reading(name, _BASIC)
            for name in ("daily", "start_1", "start_2", "service", "downlink", "rssi", "other")
        ),
    ),
)
