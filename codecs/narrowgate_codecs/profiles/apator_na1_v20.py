"""Apator NA-1 radio modules (maker APA, version 20) on wireless M-Bus.

Source: worked out on published telegrams, whose key is public, and their expected values:

    L C MM IIII V T  A0 a f  then 16 bytes by AES-128-CBC, chained as OMS mode 5 from the address and a
    a  access number    f  b0 summer time
    2F  NN VVV  TTTT  gg dd DDD  ss ..
    volume [L]: b0-3 of the first byte, then V from bit 4 on; b4-7 of it are flags
    T  seconds since 2000 on the meter's own clock
    g  age of the past volume [h], d b2-7 its high bits; D d b0-1: how much less the past volume was [L]
    s  flags of the past

* The meter's clock counts local time without a zone; as nothing says where its summer begins, reception dates
  the row, and `own_clock_s` keeps it.
"""

from narrowgate_codecs.elements import Bits, Code, Const, Hex, Int, Part
from narrowgate_codecs.layout import Encrypted
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.en13757.headers import RADIO
from narrowgate_codecs.profiles.en13757.telegrams import wireless
from narrowgate_codecs.sums import Sum
from narrowgate_schema.words import Family, Reason

_CONTENT = (
    Const(b"\x2f", Reason.INTEGRITY),
    Bits("current", 4, (Part("low", 0, 4), Part("current_flags", 4, 4), Part("high", 8, 24)), "little"),
    Int("own_clock_s", 4, "little"),
    Bits(
        "past",
        5,
        (Part("age", 0, 8), Part("less_low", 8, 2), Part("age_high", 10, 6), Part("less_high", 16, 24)),
        "little",
    ),
    Hex("past_flags", 2),
    Sum("volume_m3", (("low", 1), ("high", 16)), per=1000),
    Sum("past_m3", (("low", 1), ("high", 16), ("less_low", -1), ("less_high", -4)), per=1000),
    Sum("past_age_h", (("age", 1), ("age_high", 256))),
)

PROFILE = Profile(
    name="apator_na1_v20",
    family=Family.WATER,
    device="Apator NA-1 radio module",
    source="published telegrams",
    up=wireless(
        (
            Code("ci", 1, accepts=(0xA0, 0xA1), default=0xA0),
            Int("access_number", 1, default=0),
            Bits("frame_flags", 1, (Part("is_summer_time", 0, default=False),)),
            Encrypted("aes_cbc", (*RADIO.address, *("access_number",) * 8), _CONTENT, b"\x2f"),
        )
    ),
    down=(),
    identity="identity",
    readings=(Reading("frame", (Carry("volume_m3"),)),),
)
