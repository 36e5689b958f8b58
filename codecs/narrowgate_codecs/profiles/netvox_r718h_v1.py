"""Netvox R718H pulse counter.

Source: Netvox LoRaWAN application command (R718H), TheThingsNetwork/lorawan-devices vendor/netvox. 11 bytes,
big-endian:

    01 1F 00 s h DD*4 00 00          version: s software [0.1], h hardware, D date of the firmware
    01 1F 01 b nn nn 00*5            pulses: b7 low battery, b0-6 battery [0.1 V]; n pulses
    81 83 85  1F r 00*8              done: 0, else not          82 1F nn nn mm mm c 00*4   configuration
    84 1F f 00*8                     filter [5 ms]              86 1F m 00*8   count cleared, 0: when sent
    down  01 1F nn nn mm mm c 00*4   configure                  02 04 06  1F 00*9   asked for
          03 1F f 00*8  set filter   05 1F m 00*8   set when the count is cleared

* n, m: least and most time [s] between reports, c battery step [0.1 V].
* A count that is cleared when it is sent says what ran since the report before, not a register. Which of
  both it is stands in no report: `pulses` is the number as it is sent.
* Neither clock nor identity; the maker's bytes of reserve are not looked at.
"""

from narrowgate_codecs.elements import Code, Const, Int, Named
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.netvox.frames import ASKED, DONE, REPORT_INTERVAL, SETTINGS, report, spare
from narrowgate_schema.words import Family

_DEVICE = Const(b"\x1f")
_FILTER = (Int("filter_5ms", 1), spare(8))
_CLEARING = (Named("clears", 1, ((0, "when_sent"), (1, "when_full"))), spare(8))
_REPORT = report(Int("pulses", 2), spare(5))

PROFILE = Profile(
    name="netvox_r718h_v1",
    family=Family.WATER,
    device="Netvox R718H pulse counter",
    source="Netvox LoRaWAN application command; TheThingsNetwork/lorawan-devices vendor/netvox",
    up=(
        Code("command", 1),
        _DEVICE,
        Switch(
            "command",
            (
                Case("report", (0x01,), _REPORT),
                Case("configured", (0x81,), DONE),
                Case("configuration", (0x82,), SETTINGS),
                Case("filter_set", (0x83,), DONE),
                Case("filter", (0x84,), _FILTER),
                Case("clearing_set", (0x85,), DONE),
                Case("clearing", (0x86,), _CLEARING),
            ),
        ),
    ),
    down=(
        Code("command", 1),
        _DEVICE,
        Switch(
            "command",
            (
                Case("configure", (0x01,), SETTINGS),
                Case("read_configuration", (0x02,), ASKED),
                Case("set_filter", (0x03,), _FILTER),
                Case("read_filter", (0x04,), ASKED),
                Case("set_clearing", (0x05,), _CLEARING),
                Case("read_clearing", (0x06,), ASKED),
            ),
        ),
    ),
    readings=(Reading("status", (Carry("pulses"), Carry("battery_v"), Carry("battery_low"))),),
    orders=(REPORT_INTERVAL,),
)
