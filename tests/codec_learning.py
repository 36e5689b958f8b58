"""A device that nobody builds, whose frames need what earlier ones announced."""

from narrowgate_codecs.elements import Code, Fact, Int, Named
from narrowgate_codecs.layout import Case, Switch, Tail, When
from narrowgate_codecs.profile import Carry, Learn, Profile, Reading
from narrowgate_schema.words import Family

_TRUTH = ((0, False), (1, True))

LEARNING = Profile(
    name="nobody_learning_v1",
    family=Family.WATER,
    device="A meter whose bits mean what its hardware makes of them",
    source="the vocabulary of declarations",
    up=(
        Fact("hardware"),
        Code("type", 1),
        Switch(
            "type",
            (
                Case("status", (1,), (Int("software", 1), Tail((Int("hardware_type", 1),)))),
                Case(
                    "event",
                    (2,),
                    (
                        Switch(
                            "hardware",
                            (
                                Case("leak_event", (7,), (Named("leak", 1, _TRUTH),)),
                                Case("burst_event", (8,), (Named("burst", 1, _TRUTH),)),
                            ),
                            default=Case("unknown_event", (), (Int("bits", 1),)),
                        ),
                    ),
                ),
                Case("strict", (3,), (Switch("hardware", (Case("known", (7,), (Int("volume_m3", 1),)),)),)),
                Case(
                    "current", (4,), (Int("volume_m3", 1), When("hardware", (7,), (Int("pressure_bar", 1),)))
                ),
            ),
        ),
    ),
    down=(),
    readings=(
        Reading("leak_event", (Carry("leak"),)),
        Reading("burst_event", (Carry("burst"),)),
        Reading("known", (Carry("volume_m3"),)),
        Reading("current", (Carry("volume_m3"), Carry("pressure_bar"))),
    ),
    learns=(Learn("hardware", "status", "hardware_type"),),
)
