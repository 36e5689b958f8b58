"""Jooby, ultrasonic meters: the meter's own answers and states.

    N F A V..    N bytes, this one included; F function 21 or 22, b7: refused; A attribute; V values
    21 02  forward i32, reverse i32    21 03  flow rate i16           21 04  operating time u32 x 2 [s]
    21 05  battery u16 [mV]            21 06  state, error            21 08  water u16 [0.1 Cel]
    22 18  thresholds u16 x 2 [mOhm], low byte first                  22 1D  u16 [mV] x 2, [mOhm], [s]
    state  b0 transport mode, b1 frequency output, b2 reverse flow, b3 tampering, b4 leak, b5 burst, b6 empty
           pipe, b7 battery discharged

* The unit of volumes and of the flow rate is documented nowhere: they are said, and are no readings.
"""

from narrowgate_codecs.elements import Bits, Code, Int, Part, Rest, Text
from narrowgate_codecs.layout import Element, Sized, When

METER_STATE: tuple[Element, ...] = (
    Bits(
        "state",
        1,
        (
            Part("transport_mode", 0),
            Part("frequency_output", 1),
            Part("reverse_flow", 2),
            Part("tamper", 3),
            Part("leak", 4),
            Part("burst", 5),
            Part("empty_pipe", 6),
            Part("battery_low", 7),
        ),
    ),
    Int("error", 1, default=0),
)
"""A meter's state."""
FLAGS = ("reverse_flow", "leak", "burst", "empty_pipe")
"""What of it goes into readings beside tampering and a low battery."""

_ANSWERS: tuple[tuple[int, tuple[Element, ...]], ...] = (
    (
        0x2101,
        (
            Code("software_type", 2),
            Text("software_version", 8),
            Code("hardware_type", 2),
            Text("hardware_version", 8),
        ),
    ),
    (0x2102, (Int("forward", 4, signed=True), Int("reverse", 4, signed=True))),
    (0x2103, (Int("flow", 2, signed=True),)),
    (0x2104, (Int("operating_s", 4), Int("faultless_s", 4))),
    (0x2105, (Int("battery_v", 2, per=1000),)),
    (0x2106, METER_STATE),
    (0x2108, (Int("temperature_c", 2, per=10),)),
    (0x210B, (Text("serial_number", 18),)),
    (0x2218, (Int("start_mohm", 2, "little"), Int("stop_mohm", 2, "little"))),
    (
        0x221D,
        (
            Int("idle_battery_v", 2, per=1000),
            Int("loaded_battery_v", 2, per=1000),
            Int("resistance_mohm", 2),
            Int("depassivation_s", 2),
        ),
    ),
)
_KNOWN = tuple(query for query, _ in _ANSWERS)
_REFUSED = tuple(query | 0x8000 for query in range(0x2100, 0x2300)) + tuple(range(0xA400, 0xA500))

_OTHER = tuple(query for query in range(0x2100, 0x2300) if query not in _KNOWN and query not in _REFUSED)

ANSWER: tuple[Element, ...] = (
    Sized(
        1,
        (
            Code("query", 2, accepts=(*_KNOWN, *_REFUSED, *_OTHER)),
            *(When("query", (query,), fields) for query, fields in _ANSWERS),
            When("query", _REFUSED, (Int("refusal", 1),)),
            When("query", _OTHER, (Rest("values"),)),
        ),
        counts_itself=True,
    ),
)
"""What the meter answers, its size before it."""
