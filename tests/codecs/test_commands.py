"""Commands become the bytes that makers document, and answers tell what became of them."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_fixtures import CASES, ROOT, case_name, decoded, load
from command_strategies import commands
from narrowgate_codecs import PROFILES, Downlink, carried_out, command_kinds, encode, encode_command
from narrowgate_codecs.devices_page import published
from narrowgate_codecs.orders import Answer, Arg, Order
from narrowgate_codecs.validate import validated
from narrowgate_schema.commands import (
    ClockStep,
    Command,
    CommandKind,
    LampCalendar,
    LampLevel,
    LampProgramme,
    Reboot,
    ReportInterval,
    SunStep,
    Valve,
    kind_of,
)
from narrowgate_schema.words import Family

_SWAPPED = "read_swapped_identifier"
"""Of two spellings of an identifier encode sends the one of the norm."""
_DOWN = [
    path
    for path in CASES
    if path.stem != _SWAPPED and load(path)["direction"] == "down" and "refused" not in load(path)
]
_COMMANDED = sorted(name for name, profile in PROFILES.items() if profile.orders)
_METER = "78331505905069"
_VALVE_FRAME = "6810690590051533780404a01701555016"
_FRAMES: list[tuple[str, Command, str]] = [
    ("huati_nb_v1", LampLevel(60), "aa720200001e000b05025903033c033c033cdf"),
    ("milesight_ws558_v1", ReportInterval(600), "ff035802"),
    ("milesight_em300_di_v1", ReportInterval(600), "ff035802"),
    ("milesight_em300_di_hall_v1", ReportInterval(600), "ff035802"),
    ("dingtek_do200_v1", ReportInterval(4 * 3600), "3830303238383838303130343831"),
    ("dingtek_do201_v1", ReportInterval(4 * 3600), "3830303239393939303130343831"),
    ("ctwing_parking_v1", ReportInterval(12 * 3600), "061fa50007000441400000"),
    ("decentlab_dl_dlr2_002_v2", ReportInterval(3600), "00020e1048a4"),
    ("aquascope_aqs_v1", Valve(is_open=True), "07ff"),
    ("aquascope_aqs_v1", Valve(is_open=False), "0700"),
    ("nas_ul20xx_v11", LampLevel(40, "dali_single_3"), "010628"),
    ("nas_ul20xx_v11", LampLevel(None), "01ffff"),
    ("nas_ul20xx_v10", LampLevel(0, "dali_group_1", 30), "0982001e"),
    ("nas_ul20xx_v11", ReportInterval(1200), "07b0040000"),
    ("nas_ul20xx_v11", Reboot(), "fe"),
    ("watteco_pulse_senso_v1", Reboot(), "1150005000"),
    ("nas_ul20xx_v11", LampLevel(50, "dali_broadcast"), "01fe32"),
]
"""Frames of the makers' documents and of published examples, and the commands that they are."""


def _sent(profile: str, command: Command, number: int) -> Downlink | None:
    """Give the message of a command; None if the profile's devices do not understand it."""
    try:
        return encode_command(profile, command, number=number, identity=_METER)
    except ValueError:
        return None


def _spoken(value: Any) -> Any:
    """Give what a frame says in bytes: neither secrets nor what is worked out."""
    if isinstance(value, dict):
        return {name: _spoken(one) for name, one in value.items() if one != "set" and name != "day_at"}
    return [_spoken(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", _DOWN, ids=case_name)
def test_golden_downlink_is_made_of_what_it_says(path: Path) -> None:
    """Encoding what a published downlink says gives its bytes."""
    case = load(path)

    made = encode(path.parent.name, case["message"], _spoken(case["values"]), direction="down")

    assert made.hex() == case["hex"]


@pytest.mark.parametrize(("profile", "command", "frame"), _FRAMES)
def test_command_is_the_makers_frame(profile: str, command: Command, frame: str) -> None:
    """A command becomes the bytes of the maker's document, number and all."""
    number = {"huati_nb_v1": 30, "ctwing_parking_v1": 7}.get(profile, 0)

    assert encode_command(profile, command, number=number).payload.hex() == frame


def test_a_published_downlink_is_a_command_or_listed() -> None:
    """Each published downlink is made of a command, or stands in a list with why none makes it."""
    by_command = {(profile, frame) for profile, _, frame in _FRAMES} | {("cjt188_water_v2004", _VALVE_FRAME)}
    listed = tomllib.loads((ROOT / "raw_downlinks.toml").read_text(encoding="utf-8"))
    goldens = [(path.parent.name, load(path)) for path in CASES]
    raw = {
        number
        for profile, case in goldens
        if case["direction"] == "down" and "refused" not in case and (profile, case["hex"]) not in by_command
        for number in published(case)
    }

    assert raw == set(listed)


def test_a_valve_is_told_by_its_meters_address() -> None:
    """The published order that opens a valve is the command's, with the meter's address and a number."""
    sent = encode_command("cjt188_water_v2004", Valve(is_open=True), number=1, identity="78331505900569")

    assert sent.payload.hex() == _VALVE_FRAME


@pytest.mark.parametrize("profile", _COMMANDED)
@settings(max_examples=40)
@given(commands(), st.integers(0, 1 << 40))
def test_command_comes_back(profile: str, command: Command, number: int) -> None:
    """What a command is encoded as says the same when it is read, and is refused only in words."""
    sent = _sent(profile, command, number)
    if sent is None:
        return

    result = decoded(sent.payload, profile, "down", sent.port)

    again = encode(profile, sent.message, result.values[0], direction="down")
    assert (kind_of(command) in command_kinds(profile), result.messages[0], again) == (
        True,
        sent.message,
        sent.payload,
    )


def test_no_two_commands_are_one_frame() -> None:
    """Open and closed, on and off, and each relay are different frames."""
    pairs: list[tuple[str, Command]] = [
        *(("cjt188_water_v2004", Valve(is_open)) for is_open in (True, False)),
        *(
            ("milesight_ws558_v1", LampLevel(level, series))
            for level in (0, 100)
            for series in ("", "relay_1", "relay_8")
        ),
        *(("huati_nb_v1", LampLevel(level)) for level in (0, 1, 100)),
    ]

    frames = [(profile, encode_command(profile, one, identity=_METER).payload) for profile, one in pairs]

    assert len(set(frames)) == len(frames)


@pytest.mark.parametrize(
    ("profile", "command", "said"),
    [
        ("nobody_nothing_v1", Reboot(), "profile 'nobody_nothing_v1': one of "),
        ("pni_placepod_v1", Reboot(), "pni_placepod_v1 reboot: no command is possible"),
        ("huati_nb_v1", Reboot(), "huati_nb_v1 reboot: lamp_level is possible"),
        ("milesight_ws558_v1", LampLevel(40), "milesight_ws558_v1 lamp_level level_pct: 40 is none"),
        ("huati_nb_v1", LampLevel(40, "lamp_7"), "huati_nb_v1 lamp_level series: 'lamp_7' is none"),
        (
            "dingtek_do200_v1",
            ReportInterval(1000),
            "dingtek_do200_v1 report_interval interval_s: 1000: a mul",
        ),
        (
            "nas_ul20xx_v11",
            LampCalendar(1, 2, dusk_offset_min=4),
            "nas_ul20xx_v11 lamp_calendar dusk_offset_min",
        ),
        (
            "cjt188_water_v2004",
            Valve(is_open=True),
            "cjt188_water_v2004 valve: the device's identity is wanted",
        ),
    ],
)
def test_what_a_device_does_not_understand_is_refused(profile: str, command: Command, said: str) -> None:
    """A command that a profile has no frame for is refused in one line, and nothing of it is dropped."""
    with pytest.raises(ValueError, match=re.escape(said)):
        encode_command(profile, command)


def test_calendar_follows_the_sun() -> None:
    """A calendar by the sun's angle is said step by step."""
    calendar = LampCalendar(59.4, 24.7, dusk=(SunStep(90, 70), SunStep(96, 100)), dawn=(SunStep(91.5, 0),))

    sent = encode_command("nas_ul20xx_v11", calendar)
    values: Any = decoded(sent.payload, "nas_ul20xx_v11", "down", sent.port).values[0]

    assert [(step["zenith_deg"], step["level_pct"]) for step in values["sunset_steps"]] == [
        (90, 70),
        (96, 100),
    ]
    assert [(step["zenith_deg"], step["level_pct"]) for step in values["sunrise_steps"]] == [(91.5, 0)]


def test_programme_names_its_days() -> None:
    """A programme by the clock is of its days only."""
    programme = LampProgramme((ClockStep(0, 50), ClockStep(360, 100)), days=("sat", "sun"))

    sent = encode_command("nas_ul20xx_v11", programme)
    values: Any = decoded(sent.payload, "nas_ul20xx_v11", "down", sent.port).values[0]

    assert [name for name in values if name.startswith("on_") and values[name]] == ["on_sat", "on_sun"]
    assert [step["at_min"] for step in values["steps"]] == [0, 360]


@pytest.mark.parametrize(
    ("answer", "number", "done"),
    [
        ("86232b00070001", 7, None),
        ("86238d0007000441400000", 7, True),
        ("86238d0008000441400000", 7, None),
    ],
)
def test_answer_is_known_by_its_number(answer: str, number: int, done: bool | None) -> None:
    """An answer tells of the command whose number it repeats, and of no other."""
    sent = encode_command("ctwing_parking_v1", ReportInterval(43200), number=number)
    result = decoded(bytes.fromhex(answer), "ctwing_parking_v1")

    assert carried_out(sent, result.messages[0], result.values[0]) is done


@pytest.mark.parametrize(("result", "done"), [("done", True), ("failed", False)])
def test_answer_tells_failure(result: str, done: bool) -> None:
    """A lamp controller that refuses to dim is heard."""
    sent = encode_command("huati_nb_v1", LampLevel(40))
    answer = decoded(encode("huati_nb_v1", "response", {"result": result, "data": ""}), "huati_nb_v1")

    assert carried_out(sent, answer.messages[0], answer.values[0]) is done


def test_repeated_setting_is_the_answer() -> None:
    """A sensor that repeats the setting has taken it; its measurements are no answer."""
    sent = encode_command("milesight_em300_di_v1", ReportInterval(600))
    heard = [decoded(bytes.fromhex(frame), "milesight_em300_di_v1") for frame in ("fe035802", "017564")]

    assert [carried_out(sent, one.messages[0], one.values[0]) for one in heard] == [True, None]


def test_dimming_that_comes_back_is_the_commanded_level() -> None:
    """The answer to a level is a reading of the commanded level."""
    sent = encode_command("nas_ul20xx_v11", LampLevel(40, "dali_single_3"))
    answer = decoded(sent.payload, "nas_ul20xx_v11", "up", sent.port)

    rows = answer.readings[Family.LIGHTING].to_pylist()
    assert [(row["series"], row["commanded_level_pct"]) for row in rows] == [("dali_single_3", 40.0)]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (Order(CommandKind.REBOOT, "nothing"), "there is no message nothing down"),
        (Order(CommandKind.REBOOT, "set_valve", (("nothing", 1),)), "nothing in the frame says nothing"),
        (Order(CommandKind.REBOOT, "set_valve", (("valve", Arg("is_open")),)), "has no argument is_open"),
        (Order(CommandKind.REBOOT, "ask_valve", answer=Answer("nothing")), "there is no message nothing up"),
        (Order(CommandKind.REBOOT, "ask_valve", only=(("level_pct", (0,)),)), "has no argument level_pct"),
        (
            Order(CommandKind.REBOOT, "ask_valve", answer=Answer("messages", done=("done",))),
            "a result is known by its words",
        ),
    ],
)
def test_order_that_cannot_work_is_refused(order: Order, said: str) -> None:
    """An order that names what does not exist is refused when its profile is registered."""
    with pytest.raises(ValueError, match=said):
        validated(replace(PROFILES["aquascope_aqs_v1"], orders=(order,)))


def test_callable_in_an_order_is_refused() -> None:
    """An order is data: a function in it is refused with its place."""
    order: Any = Order(CommandKind.VALVE, "set_valve", (("valve", len),))  # type: ignore[arg-type]

    with pytest.raises(TypeError, match=r"orders\.valve\.valve"):
        validated(replace(PROFILES["aquascope_aqs_v1"], orders=(order,)))
