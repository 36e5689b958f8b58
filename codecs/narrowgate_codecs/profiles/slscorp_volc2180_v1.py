"""SLS VOLC2180 lamp controller.

Source: the maker's decoder in TheThingsNetwork/lorawan-devices, vendor/slscorp/volc2180.js. High byte first;
the first byte is the message:

    00  d PP EEE FF II VVVV t     sent by itself      58  the same without t, asked for
        d level [0.4 %]  P power [W]  E energy [Wh]  F power factor [0.001]  I current [mA]  V voltage [mV]
        t temperature [Cel]
    05 07  p r           transmission power, data rate
    3F 41  ss ss         time between attempts to join [s]
    27 29  a             1: the data rate adapts
    37 39  PPPP LLLL o m zzzz kk HH LL CC cc f bb t    place, modes, zone, alarm mask and thresholds
    5E     e             memory erased
    6A     nn nn         count of the light sensor

* The temperature is read as a signed number: the maker's decoder shows 226 degrees where -30 is meant.
* A level above 100 % is none. Neither clock nor identity.
* What commands carry behind their first byte is not published, so that none can be sent.
"""

from narrowgate_codecs.elements import Bits, Code, Int, Part
from narrowgate_codecs.layout import Case, Element, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_LEVELS = tuple(count / 2.5 for count in range(251))
_METER: tuple[Element, ...] = (
    Bits("level_byte", 1, (Part("level_pct", 0, 8, numbers=_LEVELS),)),
    Int("power_w", 2),
    Int("energy_kwh", 3, per=1000),
    Int("power_factor", 2, per=1000),
    Int("current_a", 2, per=1000),
    Int("voltage_v", 4, per=1000),
)
_COMMISSIONING: tuple[Element, ...] = (
    Int("latitude_raw", 4),
    Int("longitude_raw", 4),
    Int("operation_mode", 1),
    Int("device_mode", 1),
    Int("zone_raw", 4),
    Int("alarm_mask", 2),
    *(Int(f"{bound}_{what}_limit", 2) for what in ("voltage", "current") for bound in ("high", "low")),
    Int("low_power_factor_limit", 1),
    Int("burning_limit_h", 2),
    Int("temperature_limit", 1),
)
_CARRIES = tuple(
    Carry(name) for name in ("level_pct", "power_w", "energy_kwh", "power_factor", "current_a", "voltage_v")
)

PROFILE = Profile(
    name="slscorp_volc2180_v1",
    family=Family.LIGHTING,
    device="SLS VOLC2180 lamp controller",
    source="TheThingsNetwork/lorawan-devices, vendor/slscorp/volc2180.js",
    up=(
        Code("command", 1),
        Switch(
            "command",
            (
                Case("trap", (0x00,), (*_METER, Int("temperature_c", 1, signed=True))),
                Case("meter", (0x58,), _METER),
                Case("radio", (0x05, 0x07), (Int("transmission_power", 1), Int("data_rate", 1))),
                Case("join_interval", (0x3F, 0x41), (Int("join_interval_s", 2),)),
                Case("adaptive_rate", (0x27, 0x29), (Int("adaptive_rate", 1),)),
                Case("commissioning", (0x37, 0x39), _COMMISSIONING),
                Case("erased", (0x5E,), (Int("memory_erased", 1),)),
                Case("light_sensor", (0x6A,), (Int("ldr", 2),)),
            ),
        ),
    ),
    down=(),
    readings=(
        Reading("trap", (*_CARRIES, Carry("temperature_c"))),
        Reading("meter", _CARRIES),
    ),
)
