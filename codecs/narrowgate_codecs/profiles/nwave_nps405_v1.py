"""Nwave NPS405, NPS405SM and G4 parking sensors.

Source: TheThingsNetwork/lorawan-devices, vendor/nwave/nps405.js and its examples. The port tells the message:

    port 1   S             parking_status    S  b0 occupied, b1-7 d how long the state before lasted
    port 2   F v t ..      heartbeat         F  b0 occupied, b0-6 health; v battery [2.5 V + 4 mV]
                                             t  temperature, signed [10 + 0.5 Cel]
    port 3   M m p c O     startup           M m p firmware; c cause of the reset; O b0 occupied
    port 6   ..            debug             the maker's own
    port 10  S [b] TTTT    registration      S as on port 1; b battery of the tag [0.1 V]; T tag
    d  0-89 min, 90-119: 90 min + 5 each, within 4, 120-126: 240 min + 60 each, within 59, 127: longer
    c  0 rejoined, 1 watchdog, 2 power on, 3 asked for, 6 brown-out, 7 other

* `stay_s` is d where the state before was occupied, that is where the bay is free now. How long it stood free
  is said as `previous_state_min` and is no stay. 127 has no length: no stay either.
* On port 10 a bay that is not occupied says nothing of itself.
* The battery is unsigned; one open converter reads it signed and reports 2.32 V for 3.344 V.
* Heartbeats go on with bytes that are not documented.
* A frame without a port is taken for a parking_status.
"""

from narrowgate_codecs.elements import Bits, Hex, Int, Left, Named, Part, Port, Rest
from narrowgate_codecs.layout import Case, Element, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_LONGER = 127
_MINUTES = (
    *range(90),
    *(90 + 5 * step for step in range(30)),
    *(240 + 60 * step for step in range(7)),
)
_ERRORS_MIN = (*([0.0] * 90), *([4.0] * 30), *([59.0] * 7))


def _state(*bay: Part, void_by: str | None) -> Bits:
    """Give the byte of a bay's state and the time of the one before."""
    return Bits(
        "state",
        1,
        (
            *bay,
            Part(
                "previous_state_min",
                at=1,
                size=7,
                numbers=(*(float(minutes) for minutes in _MINUTES), 660.0),
                void_by=void_by,
            ),
            Part("previous_state_error_min", at=1, size=7, numbers=_ERRORS_MIN, void_by=void_by),
            Part(
                "previous_state_overflow",
                at=1,
                size=7,
                words=((_LONGER, True),),
                otherwise=False,
                void_by=void_by,
            ),
            Part(
                "stay_s",
                at=1,
                size=7,
                numbers=tuple(60.0 * minutes for minutes in _MINUTES),
                void_by="occupied",
            ),
        ),
    )


_STATE = _state(Part("occupied", at=0), void_by=None)
_STATE_AT_TAG = _state(
    Part("occupied", at=0, words=((1, True),)),
    Part("is_silent", at=0, words=((0, True), (1, False))),
    void_by="is_silent",
)
CAUSES = (
    (0, "rejoined"),
    (1, "watchdog"),
    (2, "power_on"),
    (3, "user_request"),
    (6, "brownout"),
    (7, "other"),
)
"""What reset the sensor."""
BATTERY_V = Int("battery_v", 1, per=250, plus=625)
"""4 mV a count above 2.5 V."""
_HEARTBEAT: tuple[Element, ...] = (
    Bits("flags", 1, (Part("occupied", at=0), Part("hw_health", at=0, size=7, default=0))),
    BATTERY_V,
    Int("temperature_c", 1, signed=True, per=2, plus=20),
    Rest("extra"),
)
_STARTUP: tuple[Element, ...] = (
    Hex("firmware", 3),
    Named("reset_cause", 1, CAUSES, otherwise="unknown"),
    Bits("state_bits", 1, (Part("occupied", at=0),)),
)
_TAG = Hex("tag_id", 4)
_REGISTRATION: tuple[Element, ...] = (
    _STATE_AT_TAG,
    Left("left"),
    Switch(
        "left",
        (
            Case("registration", (4,), (_TAG,)),
            Case("registration_with_battery", (5,), (Int("tag_battery_v", 1, per=10), _TAG)),
        ),
    ),
)

PROFILE = Profile(
    name="nwave_nps405_v1",
    family=Family.PARKING,
    device="Nwave NPS405, NPS405SM and G4 parking sensors",
    source="TheThingsNetwork/lorawan-devices, vendor/nwave/nps405.js",
    up=(
        Port("port", default=1),
        Switch(
            "port",
            (
                Case("parking_status", (1,), (_STATE,)),
                Case("heartbeat", (2,), _HEARTBEAT),
                Case("startup", (3,), _STARTUP),
                Case("debug", (6,), (Rest("data"),)),
                Case("registrations", (10,), _REGISTRATION),
            ),
        ),
    ),
    down=(),
    readings=(
        Reading("parking_status", (Carry("occupied"), Carry("stay_s"))),
        Reading("heartbeat", (Carry("occupied"), Carry("battery_v"), Carry("temperature_c"))),
        Reading("startup", (Carry("occupied"),)),
        Reading("registration", (Carry("occupied"),)),
        Reading("registration_with_battery", (Carry("occupied"),)),
    ),
)
