"""A device that nobody builds, whose parts are there or not: by masks, versions, lengths, and in items."""

from narrowgate_codecs.elements import Bits, Code, Epoch, Hex, Int, Left, Mark, Named, Part, Port
from narrowgate_codecs.elements import Check as Sum
from narrowgate_codecs.layout import Array, Body, Case, Deltas, Lead, Records, Sized, Switch, Tail, When
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_schema.words import Family

_TRUTH = ((0, False), (1, True))
_USAGE = Array(
    "usages",
    None,
    (
        Int("address", 1),
        Bits("mask", 1, tuple(Part(f"has_{bit}", bit) for bit in range(6))),
        When("has_0", (1,), (Int("energy_kwh", 4, "little", per=1000),)),
        When("has_1", (1,), (Int("power_w", 2, "little", limits=(0, 60_000)),)),
        When("has_2", (1,), (Int("spare", 4), Epoch("counted_at", 4, 2015))),
        When(
            "has_3",
            (1,),
            (Int("size", 1), Array("levels", "size", (Int("one", 1), When("one", (0,), (Int("two", 1),))))),
        ),
        When("has_4", (1,), (Code("kind", 1), Switch("kind", (Case("k", (1,), (Hex("h", 3),)),)))),
        When("has_5", (1,), (Mark("m"), Sized(1, (Tail((Hex("first", 1),)),)), Sum("xor8", "m"))),
    ),
)
_STATUS = (
    Int("version", 1),
    Bits("bits", 1, (Part("level_there", 0), Part("mode", 4, 2))),
    When("version", (1, 2), (Int("voltage_v", 2, per=10),)),
    When("mode", (0,), (Int("tilt_deg", 1, signed=True),), other=True),
    When("level_there", (1,), (Int("level_pct", 1), Lead(b"\xa5", (Int("deep", 1),)))),
    Sized(
        1,
        (
            Records(
                "sensors",
                1,
                (
                    Case("ldr", (1,), (Int("lux", 1),)),
                    Case("more", (2,), (Int("count", 1), When("count", (3, 4), (Int("lux", 2),)))),
                    Case("list", (3,), (Int("n", 1), Array("ones", "n", (Int("x", 1),)))),
                    Case("blob", (4,), (Sized(1, (Int("inside", 1), Tail((Int("also", 1),)))),)),
                    Case(
                        "past", (5,), (Int("base", 1), Int("many", 1), Deltas("back", "b", "base", 1, "many"))
                    ),
                ),
            ),
        ),
    ),
    Tail((Int("signal", 2), Int("noise", 1)), at_least=3),
)
_BY_LENGTH = (
    Left(),
    Switch(
        "left",
        (
            Case("short", (1,), (Named("on", 1, _TRUTH),)),
            Case("long", (5,), (Named("on", 1, _TRUTH), Int("burning_h", 4))),
        ),
    ),
)
_WITH_SUM = (
    Mark("start"),
    Body(1, (Int("n", 1), Array("pairs", "n", (Int("a", 1), When("a", (7,), (Int("energy_kwh", 2),)))))),
    Sum("sum8", "start"),
)

OPTIONAL = Profile(
    name="nobody_optional_v1",
    family=Family.LIGHTING,
    device="A lamp controller whose parts are there or not",
    source="the vocabulary of declarations",
    up=(
        Port("port", default=26),
        Switch(
            "port",
            (
                Case("usage", (26,), (_USAGE,)),
                Case("status", (23,), _STATUS),
                Case("by_length", (5,), _BY_LENGTH),
                Case("summed", (6,), _WITH_SUM),
            ),
        ),
    ),
    down=(),
    readings=(
        Reading(
            "usage",
            (Carry("energy_kwh"), Carry("power_w")),
            records="usages",
            series_by="address",
            each=Each(clock="counted_at"),
        ),
        Reading("usage", (Carry("power_w"),), records="usages", series="any"),
        Reading("status", (Carry("voltage_v"), Carry("level_pct"), Carry("tilt_deg"))),
        Reading("status", (Carry("lux"),), records="sensors", series="sensors"),
        Reading("short", (Carry("on"),)),
        Reading("long", (Carry("on"), Carry("burning_h"))),
        Reading("summed", (Carry("energy_kwh"),), records="pairs"),
    ),
)
