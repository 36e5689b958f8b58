"""A device that nobody builds, whose messages only their captured ports tell apart."""

from narrowgate_codecs.elements import Bcd, Code, Int, Named, Port, Units
from narrowgate_codecs.layout import Case, Records, Switch, Tail
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_TRUTH = ((0, False), (1, True))
_USAGE = (
    Bcd("volume_m3", 4, "little", per=Units("unit", ((1, 1000), (2, 100)))),
    Code("unit", 1, default=1),
    Tail((Int("temperature_c", 1, signed=True),)),
)
_BY_PORT = (
    Port("port", default=25),
    Switch(
        "port",
        (
            Case("usage", (25, 26), _USAGE),
            Case("alarm", (1,), (Named("leak", 1, _TRUTH),)),
            Case("burst", (2,), (Named("burst", 1, _TRUTH),)),
            Case(
                "log",
                (100,),
                (Records("records", 1, (Case("t", (1,), (Int("temperature_c", 2, per=10),)),)),),
            ),
        ),
    ),
)
_READINGS = (
    Reading("usage", (Carry("volume_m3"), Carry("temperature_c"))),
    Reading("alarm", (Carry("leak"),)),
    Reading("burst", (Carry("burst"),)),
    Reading("log", (Carry("temperature_c"),), records="records"),
)

PORTED = Profile(
    name="nobody_ported_v1",
    family=Family.WATER,
    device="A device whose messages are told apart by port",
    source="the vocabulary of declarations",
    up=_BY_PORT,
    down=(),
    readings=_READINGS,
)
"""One that has a port for frames that came without."""

UNPORTED = Profile(
    name="nobody_unported_v1",
    family=Family.WATER,
    device="A device whose messages nobody can tell apart without their ports",
    source="the vocabulary of declarations",
    up=(Port("port"), *_BY_PORT[1:]),
    down=(),
    readings=_READINGS,
)
"""One that has none."""
