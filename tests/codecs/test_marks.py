"""Marks of identities: what may be concluded from them without reading a frame."""

import pytest

from codec_fixtures import CASES, RECEIVED_AT_US, SHANGHAI, load
from narrowgate_codecs import PROFILES, Context, Decoded, decode, uplinks_from
from narrowgate_codecs.marks import NO_MARK, NONE
from narrowgate_codecs.registry import BUILT_IN

SPEAKING = sorted(name for name in BUILT_IN if PROFILES[name].identity is not None)
ALWAYS = {"cjt188_water_v2004", "dragino_sw3l_nb_v1", "movebroad_vd33d_v1"}
"""Profiles whose identity stands plainly in every frame."""


def decoded(profile: str) -> Decoded:
    """Decode all good golden frames of a profile, four times over, in one batch."""
    cases = [load(path) for path in CASES if path.parent.name == profile]
    good = [case for case in cases if case["direction"] == "up" and "refused" not in case] * 4
    uplinks = uplinks_from(
        [bytes.fromhex(case["hex"]) for case in good],
        ports=[case.get("port") for case in good],
        received_at_us=RECEIVED_AT_US,
    )
    keys = [bytes.fromhex(case["key"]) if case.get("key") else None for case in good]
    context = Context(
        devices=["device"] * len(good), profiles=[profile] * len(good), timezone=SHANGHAI, keys=keys
    )
    return decode(uplinks, context)


@pytest.mark.parametrize("profile", SPEAKING)
def test_equal_marks_are_equal_identities(profile: str) -> None:
    """A mark stands for one identity, and the mark of none for none."""
    made = decoded(profile)
    said: dict[int, set[str | None]] = {}
    for mark, identity in zip(made.identity_marks.tolist(), made.identities, strict=True):
        said.setdefault(mark, set()).add(identity)

    assert all(len(identities) == 1 for mark, identities in said.items() if mark != NO_MARK)
    assert said.get(NONE, {None}) == {None}


@pytest.mark.parametrize("profile", sorted(ALWAYS))
def test_frames_read_together_are_marked(profile: str) -> None:
    """Of a profile whose identity stands plainly nothing has to be read twice."""
    made = decoded(profile)

    assert (made.by_row, NO_MARK in made.identity_marks.tolist()) == (0, False)


def test_one_frame_alone_has_no_mark_and_can_be_asked() -> None:
    """A batch too small for a plan says its identities when asked for one."""
    [path] = [path for path in CASES if path.stem == "reply_valve_closed"]
    case = load(path)
    uplinks = uplinks_from([bytes.fromhex(case["hex"])], received_at_us=RECEIVED_AT_US)
    made = decode(uplinks, Context(devices=["device"], profiles=["cjt188_water_v2004"], timezone=SHANGHAI))

    assert (made.identity_marks.tolist(), made.tell(0).identity) == ([NO_MARK], case["identity"])
