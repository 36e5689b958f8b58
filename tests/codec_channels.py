"""A device that nobody builds: numbers as wide as they need, heads of one to three bytes, lists in lists."""

from narrowgate_codecs.elements import Bits, Check, Code, Epoch, Int, Mark, Moment, Part, Rest, Scaled, Varint
from narrowgate_codecs.layout import Array, Body, Case, Channels, Deltas, Records, Sized
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_schema.words import Family

_FACTORS = ((0x80, 1), (0x83, 100))
_STARTED = (
    Bits(
        "started",
        3,
        (
            Part("year", 17, 7),
            Part("month", 13, 4),
            Part("day", 8, 5),
            Part("more_hours", 5, 3),
            Part("hour", 0, 5),
        ),
    ),
    Moment("started_at", "year", "month", "day", "hour"),
    Varint("mask"),
)
_HOURS = (
    *_STARTED,
    Channels(
        "channels",
        "mask",
        "channel",
        (
            Code("coefficient", 1),
            Varint("first"),
            Scaled("first_m3", "first", "coefficient", _FACTORS, per=1000),
            Deltas(
                "hours",
                "counter",
                "first",
                0,
                count="more_hours",
                also=(Scaled("counter_m3", "counter", "coefficient", _FACTORS, per=1000),),
            ),
        ),
    ),
)
_DAYS = (
    Bits("date", 2, (Part("day_year", 9, 7), Part("day_month", 5, 4), Part("day_day", 0, 5))),
    Moment("day_at", "day_year", "day_month", "day_day"),
    Varint("day_mask"),
    Int("days", 1),
    Channels(
        "day_channels",
        "day_mask",
        "day_channel",
        (Array("daily", "days", (Varint("day_volume_m3", per=10),)),),
    ),
)

_COMMANDS = Records(
    "commands",
    1,
    (
        Case("hours", (0x1F0A,), _HOURS),
        Case("days", (0x1B,), _DAYS),
        Case(
            "old_hours",
            (0x40,),
            (
                Epoch("counted_at", 4, 2015),
                Int("old_counter", 3),
                Deltas("old_hours", "old_pulses", "old_counter", 2, bits=13),
            ),
        ),
        Case("old_day", (0x20,), (Epoch("old_at", 4, 2015), Int("old_m3", 3))),
        Case("state", (0x60, 0x14), (Int("battery_v", 1, per=10),)),
        Case("inner", (0x1F07,), (Sized(2, (Int("spare", 1), Rest("inside")), counts_itself=True),)),
    ),
    length_width=1,
    default=Case("other", (), (Rest("data"),)),
    short_bits=3,
    escape=0x1F,
)

PROFILE = Profile(
    name="nobody_channels_v1",
    family=Family.WATER,
    device="A device of many channels",
    source="the vocabulary of declarations",
    up=(Mark("start"), Body(1, (_COMMANDS,)), Check("xor8", "start", start=0x55)),
    down=(),
    readings=(
        Reading("frame", (Carry("battery_v"),), records="commands"),
        Reading("frame", (Carry("volume_m3", "old_m3"),), records="commands", each=Each(clock="old_at")),
        Reading(
            "frame",
            (Carry("pulses", "old_pulses"),),
            records="commands.old_hours",
            clock="counted_at",
            each=Each(step_s=3600),
        ),
        Reading(
            "frame",
            (Carry("volume_m3", "first_m3"),),
            records="commands.channels",
            clock="started_at",
            series_by="channel",
            each=Each(step_s=0),
        ),
        Reading(
            "frame",
            (Carry("volume_m3", "counter_m3"),),
            records="commands.channels.hours",
            clock="started_at",
            series_by="channel",
            each=Each(step_s=3600),
        ),
        Reading(
            "frame",
            (Carry("volume_m3", "day_volume_m3"),),
            records="commands.day_channels.daily",
            clock="day_at",
            series_by="day_channel",
            each=Each(step_s=86_400, first=0),
        ),
    ),
)
