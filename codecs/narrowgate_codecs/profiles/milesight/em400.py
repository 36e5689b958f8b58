"""The channels of Milesight's EM400 distance sensors (TLD, UDL, MUD) over bins, gutters and parking bays.

Source: Milesight-IoT/SensorDecoders, em-series/em400-tld:

    03 67 temperature i16 [0.1 Cel]   04 82 distance u16 [mm]   05 00 position: 0 level, 1 tilted
    83 67, 84 82 the same with an alarm: 0 it is over, 1 raised        88 00 torn off
    06 88 latitude, longitude i32 [1e-6 deg], state: b0-1 motion, b4-7 fence
"""

from narrowgate_codecs.elements import Bits, Hex, Int, Named, Part
from narrowgate_codecs.layout import Case
from narrowgate_codecs.profile import Carry, Reading
from narrowgate_codecs.profiles.milesight.channels import ABOUT, SETTINGS, celsius, channels, number, setting

_RAISED = ((0, False), (1, True))
_DISTANCE = Int("distance_m", 2, "little", per=1000)

_UPLINKS = (
    Case("temperature", (0x0367,), (celsius("temperature_c"),)),
    Case("distance", (0x0482,), (_DISTANCE,)),
    Case("position", (0x0500,), (Named("position", 1, ((0, "normal"), (1, "tilt"))),)),
    Case(
        "location",
        (0x0688,),
        (
            Int("latitude_deg", 4, "little", signed=True, per=1_000_000),
            Int("longitude_deg", 4, "little", signed=True, per=1_000_000),
            Bits(
                "location_byte",
                1,
                (
                    Part("motion", 0, 2, ((0, "unknown"), (1, "start"), (2, "moving"), (3, "stop"))),
                    Part("fence", 4, 4, ((0, "inside"), (1, "outside"), (2, "unset"), (3, "unknown"))),
                ),
            ),
        ),
    ),
    Case("temperature_alarm", (0x8367,), (celsius("temperature_c"), Named("temperature_alarm", 1, _RAISED))),
    Case("distance_alarm", (0x8482,), (_DISTANCE, Named("distance_alarm", 1, _RAISED))),
    Case("torn_off", (0x8800,), (Named("tamper", 1, ((1, True),)),)),
)
_SETTINGS = (
    *SETTINGS,
    setting("distance_limits", 0x06, Hex("distance_limits", 9)),
    setting("has_height", 0x13, number("has_height", 1)),
    setting("collect_again", 0x1C, Hex("collect_again", 2)),
    setting("tilt_stops_distance", 0x3E, number("tilt_stops_distance", 1)),
    setting("measures_flight", 0x56, number("measures_flight", 1)),
    setting("people_from", 0x70, Int("people_from_m", 2, "little", per=1000)),
    setting("mode", 0x71, Named("mode", 1, ((0, "standard"), (1, "bin")), otherwise="other")),
    setting("height", 0x77, Int("height_m", 2, "little", per=1000)),
    setting("reports_tilt", 0xA1, number("reports_tilt", 1)),
    setting("tamper_alarm", 0xA2, Hex("tamper_alarm", 2)),
    setting("sim", 0xA3, number("sim", 1)),
    setting("background", 0xA4, number("background", 1)),
    setting("calibrate_tilt", 0xA5, Hex("calibrate_tilt", 1, default="ff")),
    setting("calibrate", 0xA6, Hex("calibrate", 1, default="ff")),
)

UP = channels(*ABOUT, *_UPLINKS, *_SETTINGS)
DOWN = channels(*_SETTINGS)
READINGS = (
    Reading(
        "records",
        (Carry("distance_m"), Carry("temperature_c"), Carry("battery_pct"), Carry("tamper")),
        records="records",
    ),
)
