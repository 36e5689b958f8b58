"""NAS IM30xx modules in Kamstrup heat meters, firmware 0.9.x.

Source: nasys/nas-codecs, src/im30xx_decoder.js. The port tells the messages apart, for first bytes repeat;
low byte first. Registers: profiles/nas/registers.py.

    24  Q EEEEEEEE B R {register, value} ..     status: Q measured at [10 min of the day], FF now, E clock,
        B battery, R signal, signed [dBm]
    25  00 Q {register, value} ..               usage       02 Q P1 P1 P1 P1 P2 P2 P2 P2     pulse inputs
    50  00 intervals, 01 02 registers sent, 03 clock, 04 clock's offset     51  FF firmware update
    60  00 registers, 02 inputs, 03 Q history: asked for
    99  00 boot, with the meter's own configuration      01 31 shutdown

* A heat meter's volume is what went round, no consumption of water: it is said, but is no `volume_m3`. The
  flow's temperature and pressure are what it is there to measure.
* A time of the day without a date is no instant: the clock dates a status, reception a usage.
"""

from narrowgate_codecs.elements import Bits, Code, Epoch, Hex, Int, Named, Part, Port, Word
from narrowgate_codecs.layout import Case, Element, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.nas.registers import REGISTER_LIST, REGISTERS
from narrowgate_schema.words import Family

_TIMES: tuple[tuple[int, Word], ...] = (
    *((step, f"{step // 6:02d}:{step % 6}0") for step in range(144)),
    (0xFF, "now"),
)
_MEASURED_AT = Named("measured_at", 1, _TIMES)

_STATUS: tuple[Element, ...] = (
    _MEASURED_AT,
    Epoch("clock", 4, 2015, "little"),
    Int("battery", 1),
    Int("rssi_dbm", 1, signed=True),
    REGISTERS,
)
_PULSES = (_MEASURED_AT, Int("pulses_1", 4, "little"), Int("pulses_2", 4, "little"))
_INTERVALS: tuple[Element, ...] = (
    Int("usage_interval_s", 4, "little"),
    Int("status_interval_s", 4, "little"),
    Bits(
        "interval_bits",
        1,
        (
            Part("pulse_inputs_enabled", 1),
            Part("is_class_c", 2),
            Part("fixed_measurement", 3),
            Part(
                "measuring_interval",
                4,
                3,
                ((0, "unused"), (1, "10_min"), (2, "20_min"), (3, "30_min"), (4, "1_h"), (5, "24_h")),
                is_closed=True,
            ),
        ),
    ),
)
_M3_PER_H = {
    "100 m3/h": (1, 71),
    "50 m3/h": (2, 72),
    "25 m3/h": (3, 73),
    "10 m3/h": (4, 24, 74, 84),
    "5 m3/h": (5, 25, 75, 85),
    "2.5 m3/h": (6, 26, 76, 86),
    "1 m3/h": (7, 27, 77, 87),
    "1000 m3/h": (40, 90),
}
_KW = {50: 2500, 51: 150, 52: 120, 53: 75, 54: 30, 55: 25, 56: 20, 57: 15, 58: 7.5, 59: 750, 60: 1250}
_INPUTS: tuple[tuple[int, Word], ...] = (
    *((code, flow) for flow, codes in _M3_PER_H.items() for code in codes),
    *((code, f"{power:g} kW") for code, power in (_KW | {61: 75, 62: 15, 70: 25000}).items()),
)
_LEAKS = ((0, "off"), (1, "1_pct_20_pct"), (2, "1_pct_10_pct"), (3, "0.5_pct_20_pct"), (4, "0.5_pct_10_pct"))
_KINDS = {
    21: "heat_meter",
    31: "heat_cooling_meter",
    41: "heat_meter",
    51: "cooling_meter",
    61: "heat_cooling_meter",
    71: "heat_volume_meter",
    81: "cold_volume_meter",
    91: "energy_meter",
}
_DISPLAYS: tuple[tuple[int, Word], ...] = tuple(
    (10 * tens + one, kind) for tens, kind in _KINDS.items() for one in range(10)
)
_BOOT: tuple[Element, ...] = (
    Hex("serial", 4, "little"),
    Int("firmware_major", 1),
    Int("firmware_minor", 1),
    Int("firmware_patch", 1),
    Int("meter", 5, "little"),
    Int("config_1", 4, "little"),
    Bits(
        "display_bytes",
        2,
        (Part("display", 0, 16), Part("meter_kind", 0, 16, _DISPLAYS, is_closed=True)),
        "little",
    ),
    Named(
        "tariff",
        1,
        (
            (0, "none"),
            (11, "power"),
            (12, "flow"),
            (13, "t1_less_t2"),
            (14, "inlet"),
            (15, "outlet"),
            (19, "time"),
            (20, "heat_cooling_volume"),
            (21, "pq"),
        ),
    ),
    Named("input_a", 1, _INPUTS),
    Named("input_b", 1, _INPUTS),
    Named("leak_limit", 1, _LEAKS),
    Named("cold_leak_limit", 1, ((0, "off"), (1, "30_min"), (2, "1_h"), (3, "2_h"))),
    Hex("boot_spare", 4, default="00000000"),
    Bits("class_bits", 1, (Part("is_class_c", 0),)),
    Epoch("clock", 4, 2015, "little"),
)

_FRAME: tuple[Element, ...] = (
    Port("port"),
    Switch(
        "port",
        (
            Case("status", (24,), _STATUS),
            Case(
                "usages",
                (25,),
                (
                    Code("kind", 1),
                    Switch(
                        "kind",
                        (Case("usage", (0x00,), (_MEASURED_AT, REGISTERS)), Case("pulses", (0x02,), _PULSES)),
                    ),
                ),
            ),
            Case(
                "settings",
                (50,),
                (
                    Code("setting", 1),
                    Switch(
                        "setting",
                        (
                            Case("intervals", (0x00,), _INTERVALS),
                            Case("usage_registers", (0x01,), (REGISTER_LIST,)),
                            Case("status_registers", (0x02,), (REGISTER_LIST,)),
                            Case("clock_setting", (0x03,), (Epoch("set_clock", 4, 2015, "little"),)),
                            Case("offset_setting", (0x04,), (Int("offset_s", 2, "little", signed=True),)),
                        ),
                    ),
                ),
            ),
            Case("update", (51,), (Named("update", 1, ((0xFF, "firmware_update"),)),)),
            Case(
                "commands",
                (60,),
                (
                    Code("command", 1),
                    Switch(
                        "command",
                        (
                            Case("register_request", (0x00,), (REGISTER_LIST,)),
                            Case("input_request", (0x02,), ()),
                            Case("history_request", (0x03,), (Named("history_at", 1, _TIMES[:-1]),)),
                        ),
                    ),
                ),
            ),
            Case(
                "system",
                (99,),
                (
                    Code("system", 1),
                    Switch("system", (Case("boot", (0x00,), _BOOT), Case("shutdown", (0x01, 0x31), ()))),
                ),
            ),
        ),
    ),
)

_MEASURES = (Carry("temperature_c", "t1_c"), Carry("pressure_bar", "p1_bar"))

PROFILE = Profile(
    name="nas_im30xx_v09",
    family=Family.WATER,
    device="NAS IM30xx module in a Kamstrup heat meter, firmware 0.9",
    source="nasys/nas-codecs, src/im30xx_decoder.js",
    up=_FRAME,
    down=_FRAME,
    key="clock",
    readings=(
        Reading("status", (Carry("rssi_dbm"),), clock="clock"),
        Reading("status", _MEASURES, records="registers", clock="clock"),
        Reading("usage", _MEASURES, records="registers"),
    ),
)
