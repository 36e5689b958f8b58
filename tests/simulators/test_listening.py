"""Pretend devices understand what they are told, and answer as their makers' devices do."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command_strategies import commands
from narrowgate_codecs import (
    PROFILES,
    Context,
    carried_out,
    command_kinds,
    decode,
    encode_command,
    uplinks_from,
)
from narrowgate_schema.commands import (
    ClockStep,
    Command,
    CommandKind,
    LampCalendar,
    LampLevel,
    LampProgramme,
    Reboot,
    Recalibrate,
    ReportInterval,
    SunStep,
    Valve,
    kind_of,
)
from narrowgate_simulators.answering import answer_to
from narrowgate_simulators.listening import listen

_IDENTITY = "12345678901234"
_SAMPLES: dict[CommandKind, tuple[Command, ...]] = {
    CommandKind.LAMP_LEVEL: (LampLevel(0), LampLevel(40), LampLevel(100), LampLevel(40, for_min=30)),
    CommandKind.LAMP_CALENDAR: (
        LampCalendar(59.5, 24.75, (SunStep(91.0, 60),), (SunStep(92.0, 30),)),
        LampCalendar(59.5, 24.75, dusk_offset_min=5, dawn_offset_min=-5),
    ),
    CommandKind.LAMP_PROGRAMME: (
        LampProgramme((ClockStep(0, 30), ClockStep(300, 70)), ("mon", "tue"), number=1),
    ),
    CommandKind.VALVE: (Valve(True), Valve(False)),
    CommandKind.REPORT_INTERVAL: (ReportInterval(3600),),
    CommandKind.RECALIBRATE: (Recalibrate(),),
    CommandKind.REBOOT: (Reboot(),),
}
ASKED = [(profile, kind) for profile in PROFILES for kind in command_kinds(profile)]


@pytest.mark.parametrize(("profile", "kind"), ASKED)
def test_a_device_hears_what_was_meant(profile: str, kind: CommandKind) -> None:
    """What a command was encoded into is the one that a device carries out, for every profile and kind."""
    heard = []
    for command in _SAMPLES[kind]:
        try:
            sent = encode_command(profile, command, number=7, identity=_IDENTITY)
        except ValueError:
            continue
        told = listen(profile, sent.payload, sent.port)
        heard.append(told is not None and (told.command, told.number) == (command, sent.number))

    assert set(heard) == {True}


@pytest.mark.parametrize(("profile", "kind"), ASKED)
def test_a_devices_answer_is_one(profile: str, kind: CommandKind) -> None:
    """What a device answers is taken for the answer to what it was told; some kinds have none."""
    for command in _SAMPLES[kind]:
        try:
            sent = encode_command(profile, command, number=7, identity=_IDENTITY)
        except ValueError:
            continue
        heard = listen(profile, sent.payload, sent.port)
        assert heard is not None
        said = answer_to(profile, heard)
        if said is None:
            assert sent.answer is None
            continue
        context = Context([""], [profile], ZoneInfo("UTC"))
        told = decode(uplinks_from([said.payload], ports=[said.port]), context).tell(0)
        assert carried_out(sent, told.message, told.values) is True


@settings(deadline=None, max_examples=60)
@given(command=commands(), profile=st.sampled_from(sorted({profile for profile, _ in ASKED})))
def test_nothing_is_heard_that_was_not_meant(command: Command, profile: str) -> None:
    """Whatever a profile's devices can be told is heard as it was meant, to the last argument."""
    if kind_of(command) not in command_kinds(profile):
        return
    try:
        sent = encode_command(profile, command, number=300, identity=_IDENTITY)
    except ValueError:
        return
    heard = listen(profile, sent.payload, sent.port)

    assert heard is not None
    again = encode_command(profile, heard.command, number=300, identity=_IDENTITY)
    assert again.payload == sent.payload


@pytest.mark.parametrize("payload", [b"", b"\xaa", b"\x00" * 19, b"\xaaa\x02"])
def test_noise_is_not_carried_out(payload: bytes) -> None:
    """Bytes that are no frame of its maker's tell a device nothing."""
    assert listen("huati_nb_v1", payload) is None


def test_a_failure_is_told_by_those_who_can() -> None:
    """A Huati controller says that it failed; a NAS controller stays silent."""
    answers = []
    for profile in ("huati_nb_v1", "nas_ul20xx_v11"):
        sent = encode_command(profile, LampLevel(40))
        heard = listen(profile, sent.payload, sent.port)
        assert heard is not None
        said = answer_to(profile, heard, is_done=False)
        answers.append(None if said is None else said.payload.hex())

    assert answers == ["aa720100000200ff", None]
