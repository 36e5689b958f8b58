"""Techem water meter modules radio 3 and radio 4 (maker TCH, types of radio 3 and 4) on wireless M-Bus.

Source: published telegrams and their public analysis (wmbusmeters). A telegram of the maker's own:

    L C MM IIII V T  A2 K  RR PP DD SS ..

    R  day of the last reading: b0-4 day, b5-8 month, b9-14 year since 2000     P  volume then [0.1 m3]
    D  day of today: b4-8 day, b9-12 month; no year      S  volume since [0.1 m3]   then monthly bytes

* The volume is what it was at the reading and what ran since. The day of today has no year: reception dates
  the row.
* The volume at the last reading is a row of the series `history`.
"""

from narrowgate_codecs.bit_clocks import BitClock
from narrowgate_codecs.elements import Code, Hex, Int
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.en13757.telegrams import wireless
from narrowgate_codecs.sums import Sum
from narrowgate_schema.words import Family

READ_AT = BitClock("read_at", 2, (("D", 0, 5, 1), ("M", 5, 4, 1), ("Y", 9, 6, 1)))
"""The day of a reading."""

PROFILE = Profile(
    name="techem_mkradio_v1",
    family=Family.WATER,
    device="Techem water meter module radio 3 or radio 4",
    source="published telegrams and their public analysis",
    up=wireless(
        (
            Code("ci", 1, accepts=(0xA2,), default=0xA2),
            Code("kind", 1, default=0x06),
            READ_AT,
            Int("read_m3", 2, "little", per=10),
            Hex("today", 2, "little"),
            Int("since_m3", 2, "little", per=10),
            Sum("volume_m3", (("read_m3", 1), ("since_m3", 1)), per=10),
            Hex("months", 28),
        )
    ),
    down=(),
    identity="identity",
    readings=(
        Reading("frame", (Carry("volume_m3"),)),
        Reading(
            "frame", (Carry("volume_m3", "read_m3"),), clock="read_at", only_dated=True, series="history"
        ),
    ),
)
