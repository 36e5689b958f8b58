"""Dragino SW3L over LoRaWAN: a flow sensor that counts pulses.

Source: TheThingsNetwork/lorawan-devices, vendor/dragino/sw3l.js. High byte first; the port is the message:

    2   f PPPP m r TTTT            f b1 alarm, b2-7 which sensor: 0 450, 1 360, 2 60 pulses a litre
                                   m 1: P counts the pulses of the last time, else all of them  T instant
    3   {f m r PPPP TTTT} ..       what was kept, r reserve in front of P
    4   IIIII r s AAAA             I interval [s], three bytes, s time to stop, A time to alarm
    5   11 vv vv b s BB BB         v firmware, b band, s part of it, B battery [mV]

* Only a count of all pulses is a register: one of the last time is said and is no reading. A sensor of
  another code gives pulses alone.
* A frame without a port is taken for one of port 2.
"""

from narrowgate_codecs.elements import Bits, Const, Epoch, Hex, Int, Named, Part, Port, Scaled, Word
from narrowgate_codecs.layout import Array, Case, Switch, When
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.sums import Sum
from narrowgate_schema.words import Family

_A_LITRE = ((0, 20), (1, 25), (2, 150))
"""Pulses a litre by the sensor's code, as factors of a common 9000 litres."""
_BANDS: tuple[tuple[int, Word], ...] = tuple(
    enumerate(
        (
            *("eu868", "us915", "in865", "au915", "kz865", "ru864", "as923"),
            *("as923_1", "as923_2", "as923_3", "cn470", "eu433", "kr920", "ma869"),
        ),
        1,
    )
)
_FLAGS = Bits("flags", 1, (Part("alarm", 1), Part("sensor", 2, 6)))
_INSTANT = Epoch("clock", 4, 2015)


_OF_THE_LAST_TIME = 1
_TOTALS = When(
    "mode",
    (_OF_THE_LAST_TIME,),
    (
        Sum("total_pulses", (("pulses", 1),), is_whole=True),
        Scaled("volume_m3", "pulses", "sensor", _A_LITRE, 9_000_000),
    ),
    other=True,
)
"""What a count of all pulses says."""

_CARRIES = (Carry("volume_m3"), Carry("pulses", "total_pulses"))

PROFILE = Profile(
    name="dragino_sw3l_v1",
    family=Family.WATER,
    device="Dragino SW3L flow sensor",
    source="TheThingsNetwork/lorawan-devices, vendor/dragino/sw3l.js",
    up=(
        Port("port", default=2),
        Switch(
            "port",
            (
                Case(
                    "counts",
                    (2,),
                    (
                        _FLAGS,
                        Int("pulses", 4),
                        Int("mode", 1),
                        Hex("reserve", 1, default="00"),
                        _INSTANT,
                        _TOTALS,
                    ),
                ),
                Case(
                    "kept",
                    (3,),
                    (
                        Array(
                            "records",
                            None,
                            (
                                _FLAGS,
                                Int("mode", 1),
                                Hex("reserve", 1, default="00"),
                                Int("pulses", 4),
                                _INSTANT,
                                _TOTALS,
                            ),
                        ),
                    ),
                ),
                Case(
                    "settings",
                    (4,),
                    (
                        Int("interval_s", 3),
                        Hex("reserve", 1, default="00"),
                        Int("stop_time", 1),
                        Int("alarm_time", 2),
                    ),
                ),
                Case(
                    "status",
                    (5,),
                    (
                        Const(b"\x11"),
                        Hex("firmware", 2),
                        Named("band", 1, _BANDS, otherwise="unknown", default="eu868"),
                        Int("sub_band", 1, null=(0xFF,)),
                        Int("battery_v", 2, per=1000),
                    ),
                ),
            ),
        ),
    ),
    down=(),
    key="clock",
    readings=(
        Reading("counts", _CARRIES, clock="clock"),
        Reading("kept", _CARRIES, records="records", each=Each(clock="clock")),
        Reading("status", (Carry("battery_v"),)),
    ),
)
