"""Nwave NPS310SM parking sensor.

Source: TheThingsNetwork/lorawan-devices, vendor/nwave/nps310sm.js and its example. The port tells them apart:

    port 1   S             parking_status    S  b0 occupied
    port 2   S ..          heartbeat         as before, then bytes that are not documented
    port 3   M m p c S     startup           M m p firmware; c cause of the reset
    port 6   ..            debug             the maker's own
    c  1 watchdog, 2 power on, 3 asked for, 4 brown-out, 5 other: not the codes of the NPS405

* A frame without a port is taken for a parking_status.
"""

from narrowgate_codecs.elements import Bits, Hex, Named, Part, Port, Rest
from narrowgate_codecs.layout import Case, Switch
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_CAUSES = ((1, "watchdog"), (2, "power_on"), (3, "user_request"), (4, "brownout"), (5, "other"))
_STATE = Bits("state", 1, (Part("occupied", at=0),))

PROFILE = Profile(
    name="nwave_nps310_v1",
    family=Family.PARKING,
    device="Nwave NPS310SM parking sensor",
    source="TheThingsNetwork/lorawan-devices, vendor/nwave/nps310sm.js",
    up=(
        Port("port", default=1),
        Switch(
            "port",
            (
                Case("parking_status", (1,), (_STATE,)),
                Case("heartbeat", (2,), (_STATE, Rest("extra"))),
                Case(
                    "startup",
                    (3,),
                    (
                        Hex("firmware", 3),
                        Named("reset_cause", 1, _CAUSES, otherwise="unknown"),
                        _STATE,
                    ),
                ),
                Case("debug", (6,), (Rest("data"),)),
            ),
        ),
    ),
    down=(),
    readings=tuple(
        Reading(name, (Carry("occupied"),)) for name in ("parking_status", "heartbeat", "startup")
    ),
)
