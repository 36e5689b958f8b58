"""KingDa NB-IoT water meter with a BC95 module.

Source: layout facts of CaiYongCode/KingDa-NBWaterMeterCode-BC95, APP/src/uplink_protocol.c. High byte first;
the first byte is the message, T year u16 month day hour minute second:

    00  VVVV SSSS bb bb q t TTTTTTT N*14 d PP PP aa aa v e I*15 C*20 l RR RR
        V count, S of the settlement day d, b battery, q signal, t temperature [Cel], N meter number, P report
        period [min], a alarm voltage, v valve, e sensor error, I IMEI, C card, l last error, R sampling
            period
    08  VVVV TTTTTTT    a stored count, one message each

* The source states no units: the count is `pulses`, the battery is as it is sent. Nor does it state a zone:
  the clock is the city's.
* What the codes of the valve are is not published.
"""

from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.elements import Bits, Code, Int, Part, Text
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_CLOCK = BitClock(
    "clock",
    7,
    (("s", 0, 8, 1), ("m", 8, 8, 1), ("h", 16, 8, 1), ("D", 24, 8, 1), ("M", 32, 8, 1), ("Y", 40, 16, 1)),
    year=0,
    earliest_year=2015,
    order="big",
)
_COUNT = Int("pulses", 4)

PROFILE = Profile(
    name="kingda_bc95_v1",
    family=Family.WATER,
    device="KingDa NB-IoT water meter with a BC95 module",
    source="CaiYongCode/KingDa-NBWaterMeterCode-BC95",
    up=(
        Code("message", 1),
        Switch(
            "message",
            (
                Case(
                    "report",
                    (0x00,),
                    (
                        _COUNT,
                        Int("settlement_pulses", 4),
                        Int("battery_raw", 2),
                        Int("signal", 1),
                        Int("temperature_c", 1, signed=True),
                        _CLOCK,
                        Text("meter_number", 14),
                        Int("settlement_day", 1),
                        Int("report_period_min", 2),
                        Int("alarm_voltage_raw", 2),
                        Int("valve_raw", 1),
                        Bits(
                            "error_byte",
                            1,
                            (
                                Part("sensor_error", 0, 8),
                                Part("sensor_fault", 0, 8, ((0, False),), otherwise=True),
                            ),
                        ),
                        Text("imei", 15),
                        Text("card", 20),
                        Int("last_error", 1),
                        Int("sampling_period", 2),
                    ),
                ),
                Case("stored", (0x08,), (_COUNT, _CLOCK)),
            ),
        ),
    ),
    down=(),
    identity="imei",
    key="clock",
    readings=(
        Reading("report", (Carry("pulses"), Carry("temperature_c"), Carry("sensor_fault")), clock="clock"),
        Reading("stored", (Carry("pulses"),), clock="clock"),
    ),
)
