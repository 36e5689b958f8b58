"""TekziPark parking sensor of Tekzitel, magnetic and radar, with a reader of Bluetooth beacons.

Source: TheThingsNetwork/lorawan-devices, vendor/tekzitel/tekzipark.js and its examples. Big-endian:

    port 1   F t i [r bb ..]                 status         r  signal of the beacons, signed; b  each beacon
    port 2   F t i xyz XYZ f o e             diagnostic     x y z deflection, X Y Z baseline, signed; f fault
    F  b0 keep-alive, b1 reset, b2 no beacon, b3 radar, b4 obstruction, b5 good battery, b7 occupied
    t  temperature, signed [Cel]     i  number of the bay     o  obstruction, e  reflection
    down, port 3: eight bytes of settings, from the highest bit of each on:
        suppress_baseline_offset, radar_start_range 3, fluctuations_count 4 / downlink_frequency,
        axis_deflection 2, debug_mode, deflection_threshold_mag 4 / zero_neg_drop, oversampling 2,
        hw_acc_samples_no 2, fluctuation_threshold_xy 3 / sleep_time 3, reset_control, mag_reboot,
        fluctuation_delay_time 3 / axis_fluctuations 2, fluctuation_threshold_z 3, self_heal,
        keepalive_period 2 / radar_scan_count 4, obstruction_check, reflection_threshold_radar 3 / oi,
        send_rssi, beacons_scan_no 3, ble_scan_window 3 / ble_scan_rssi 8

* A sensor with a fault code that says free is not believed: the bay's state is null.
* The beacons' signal is not the sensor's own and is not carried.
* A frame without a port is taken for a status.
"""

from narrowgate_codecs.elements import Bits, Int, Part, Port
from narrowgate_codecs.layout import Array, Case, Element, Switch, Tail
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_HEAD: tuple[Element, ...] = (
    Bits(
        "flags",
        1,
        (
            Part("occupied", at=7),
            Part("keep_alive", at=0, default=False),
            Part("was_reset", at=1, default=False),
            Part("no_beacon", at=2, default=False),
            Part("radar", at=3, default=False),
            Part("obstruction", at=4, default=False),
            Part("good_battery", at=5, default=True),
            Part("battery_low", at=5, words=((0, True), (1, False))),
        ),
    ),
    Int("temperature_c", 1, signed=True),
    Int("parking_id", 1),
)
_BEACONS = Tail((Int("beacon_rssi", 1, signed=True), Array("beacons", None, (Int("beacon", 2),))))
_AXES = tuple(Int(f"{what}_{axis}", 1, signed=True) for what in ("deflection", "baseline") for axis in "xyz")
_DIAGNOSTIC: tuple[Element, ...] = (
    *_HEAD,
    *_AXES,
    Bits(
        "fault",
        1,
        (
            Part("fault_code", at=0, size=8, default=0),
            Part("sensor_fault", at=0, size=8, words=((0, False),), otherwise=True),
        ),
    ),
    Int("obstruction_level", 1),
    Int("reflection", 1),
)


def _settings(number: int, *parts: tuple[str, int, int]) -> Bits:
    """Give a byte of settings: name, lowest bit and bits of each."""
    return Bits(
        f"settings_{number}",
        1,
        tuple(Part(name, at=at, size=size, default=0 if size > 1 else False) for name, at, size in parts),
    )


_SETTINGS: tuple[Element, ...] = (
    _settings(
        0, ("suppress_baseline_offset", 7, 1), ("radar_start_range", 4, 3), ("fluctuations_count", 0, 4)
    ),
    _settings(
        1,
        ("downlink_frequency", 7, 1),
        ("axis_deflection", 5, 2),
        ("debug_mode", 4, 1),
        ("deflection_threshold_mag", 0, 4),
    ),
    _settings(
        2,
        ("zero_neg_drop", 7, 1),
        ("oversampling", 5, 2),
        ("hw_acc_samples_no", 3, 2),
        ("fluctuation_threshold_xy", 0, 3),
    ),
    _settings(
        3,
        ("sleep_time", 5, 3),
        ("reset_control", 4, 1),
        ("mag_reboot", 3, 1),
        ("fluctuation_delay_time", 0, 3),
    ),
    _settings(
        4,
        ("axis_fluctuations", 6, 2),
        ("fluctuation_threshold_z", 3, 3),
        ("self_heal", 2, 1),
        ("keepalive_period", 0, 2),
    ),
    _settings(
        5, ("radar_scan_count", 4, 4), ("obstruction_check", 3, 1), ("reflection_threshold_radar", 0, 3)
    ),
    _settings(6, ("oi", 7, 1), ("send_rssi", 6, 1), ("beacons_scan_no", 3, 3), ("ble_scan_window", 0, 3)),
    Int("ble_scan_rssi", 1),
)
_SAID = (Carry("occupied"), Carry("battery_low"), Carry("temperature_c"))

PROFILE = Profile(
    name="tekzitel_tekzipark_v1",
    family=Family.PARKING,
    device="TekziPark parking sensor",
    source="TheThingsNetwork/lorawan-devices, vendor/tekzitel/tekzipark.js",
    up=(
        Port("port", default=1),
        Switch(
            "port",
            (
                Case("status", (1,), (*_HEAD, _BEACONS)),
                Case("diagnostic", (2,), _DIAGNOSTIC),
            ),
        ),
    ),
    down=(
        Port("port", default=3),
        Switch("port", (Case("settings", (3,), _SETTINGS),)),
    ),
    readings=(
        Reading("status", _SAID),
        Reading(
            "diagnostic",
            (Carry("occupied", doubted_by="sensor_fault"), *_SAID[1:], Carry("sensor_fault")),
        ),
    ),
)
