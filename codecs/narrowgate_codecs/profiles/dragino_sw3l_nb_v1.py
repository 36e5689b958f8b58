"""Dragino SW3L-NB flow sensor: pulses of a water meter or flow sensor, with stored samples.

Source: the vendor's user manual of the SW3L-NB and its end-node decoders for both generations of firmware.
Big-endian, binary in UDP or CoAP, hex in MQTT:

    FI II II II II II II II     F, then the IMEI
    [FS SS SS SS SS SS SS SS]   F, then the IMSI: newer firmware only
    MM VV BB BB Q A P L O       M model 0C, V firmware (78: 1.2.0), B battery [mV], Q signal (99 unknown),
                                A level of pin PA4, P of pin PB15, L alarm, O mode
    KK KK NN NN NN NN TT TT TT TT    K pulses in a litre, N pulses counted, T instant [s since 1970]
    {NN NN NN NN TT TT TT TT} ..     stored samples, the newest first

* The model byte tells the generations apart: no IMSI begins with 0C, and no model with an F.
* rssi_dbm is what 3GPP TS 27.007 (AT+CSQ) says of Q: -113 dBm and 2 dB a step.
* volume_m3 is N / K / 1000; a frame whose K is zero says no volume.
* The counter is of 32 bits and starts again at zero; that is left to those who know what was before.
* An instant before 2015 was never set: reception dates the reading, and a stored sample without an instant is
  no reading.
* A stored sample that is cut off is refused; the frame's other samples stay.
* The vendor's own decoders give the oldest stored sample as the current total, because their loop writes over
  it; the total is the one beside the frame's own instant.
* What an alarm means is a setting of the device; it is said, and carried into no flag.
"""

from narrowgate_codecs.elements import Bits, Code, Epoch, Int, Numeral, Part, Scaled
from narrowgate_codecs.layout import Array, Lead
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_schema.words import Family

_LITRES_IN_M3 = 1000

_SIGNAL = Bits(
    "signal_byte",
    1,
    (
        Part("signal", at=0, size=8, default=99),
        Part("rssi_dbm", at=0, size=8, numbers=tuple(-113.0 + 2 * level for level in range(32))),
    ),
)

_UP = (
    Numeral("imei", 8, lead="f"),
    Lead(b"\xf0", (Numeral("imsi", 8, lead="f"),), mask=b"\xf0", is_first=True),
    Code("model", 1, accepts=(0x0C,), default=0x0C),
    Int("firmware", 1, default=0x78),
    Int("battery_v", 2, per=1000),
    _SIGNAL,
    Int("pa4", 1, default=0),
    Int("pb15", 1, default=0),
    Int("alarm", 1, default=0),
    Int("mode", 1, default=0),
    Int("pulses_per_litre", 2),
    Int("pulses", 4),
    Scaled("volume_m3", "pulses", "pulses_per_litre", per=_LITRES_IN_M3),
    Epoch("counted_at", 4, 2015),
    Array(
        "stored",
        None,
        (
            Int("stored_pulses", 4),
            Scaled("stored_volume_m3", "stored_pulses", "pulses_per_litre", per=_LITRES_IN_M3),
            Epoch("stored_at", 4, 2015),
        ),
    ),
)

PROFILE = Profile(
    name="dragino_sw3l_nb_v1",
    family=Family.WATER,
    device="Dragino SW3L-NB flow sensor",
    source="Dragino SW3L-NB user manual; dragino/dragino-end-node-decoder",
    up=_UP,
    down=(),
    identity="imei",
    key="clock",
    readings=(
        Reading("frame", (Carry("volume_m3"), Carry("battery_v"), Carry("rssi_dbm")), clock="counted_at"),
        Reading(
            "frame",
            (Carry("volume_m3", "stored_volume_m3"),),
            records="stored",
            each=Each(clock="stored_at"),
        ),
    ),
)
