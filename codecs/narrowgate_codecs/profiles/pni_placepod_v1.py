"""PNI PlacePod in-ground parking sensor.

Source: the vendor's channel table (channel, type, size, resolution) as kept by the open decoders
sjkp/PNI.PlacePod and akenza-io/device-type-library. Records back to back, big-endian, no clock, no check sum:

    CC TT V..      C channel, T type, V value
    01 01 r        recalibration answered          1C 01 d   deactivation answered
    02 67 tt tt    temperature, signed [0.1 Cel]   21 00 n   n: b7 recalibrated or rebooted, else cars 0-127
    03 02 bb bb    battery [0.01 V]                37 00 n   keep-alive with the same count
    15 66 s        status 0 free, 1 occupied       37 66 s   keep-alive with the status
    3F 01 b        reboot answered                 05/06 ..  the maker's own: opaque from here on

* The records of a frame share one instant: they make one reading; of several states the last one holds, and
  `records` keeps them all in order.
* A frame that opens with 05 or 06 says nothing, even if bytes behind it look like a status: their lengths are
  not published, so nothing behind them can be trusted.
* A record that is cut or unknown is refused and ends the frame; the records before it stay.
* An empty frame is the sensor's start-up message: no reading, no refusal.
"""

from narrowgate_codecs.elements import Bits, Int, Named, Part, Rest
from narrowgate_codecs.layout import Case, Records
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_TRUTH = ((0, False), (1, True))
_COUNT = Bits(
    "count_bits",
    1,
    (
        Part("recalibrated_or_rebooted", at=7, default=False),
        Part("vehicle_count", at=0, size=7, void_by="recalibrated_or_rebooted"),
    ),
)

_RECORDS = Records(
    "records",
    tag_width=2,
    cases=(
        Case("status", (0x1566,), (Named("occupied", 1, _TRUTH),)),
        Case("keep_alive", (0x3766,), (Named("occupied", 1, _TRUTH),)),
        Case("keep_alive_count", (0x3700,), (_COUNT,)),
        Case("vehicle_count", (0x2100,), (_COUNT,)),
        Case(
            "temperature",
            (0x0267,),
            (Int("temperature_c", 2, signed=True, per=10, limits=(-60.0, 125.0)),),
        ),
        Case("battery", (0x0302,), (Int("battery_v", 2, per=100, limits=(0.0, 20.0)),)),
        Case("recalibrate", (0x0101,), (Named("recalibrated", 1, _TRUTH),)),
        Case("deactivate", (0x1C01,), (Named("deactivated", 1, _TRUTH),)),
        Case("reboot", (0x3F01,), (Named("rebooted", 1, _TRUTH),)),
        Case("internal", tuple(range(0x0500, 0x0700)), (Rest("internal"),)),
    ),
)

PROFILE = Profile(
    name="pni_placepod_v1",
    family=Family.PARKING,
    device="PNI PlacePod parking sensor",
    source="PNI PlacePod channel table (sjkp/PNI.PlacePod, akenza-io/device-type-library)",
    up=(_RECORDS,),
    down=(),
    single_message="records",
    readings=(
        Reading(
            "records",
            records="records",
            carries=(
                Carry("occupied"),
                Carry("temperature_c"),
                Carry("battery_v"),
                Carry("recalibrated"),
            ),
        ),
    ),
)
