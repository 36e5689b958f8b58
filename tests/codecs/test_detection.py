"""Frames of unregistered senders: every profile is tried, and one is believed only if it is clearly ahead."""

from pathlib import Path

import pytest

from codec_fixtures import CASES, case_name, load
from narrowgate_codecs import detected, ranked
from narrowgate_codecs.known import Known

_GOOD = [path for path in CASES if load(path).get("readings") and "refused" not in load(path)]


@pytest.mark.parametrize("path", _GOOD, ids=case_name)
def test_no_frame_is_taken_for_another_devices(path: Path) -> None:
    """A golden frame is believed to be of its own profile or of none, and its own is among the candidates."""
    case = load(path)

    keys = (bytes.fromhex(case["key"]),) if "key" in case else ()
    facts = {name: bytes.fromhex(value) for name, value in case.get("facts", {}).items()}

    found = detected(bytes.fromhex(case["hex"]), case["direction"], Known(case.get("port"), keys, facts))

    own = path.parent.name
    assert (found.profile in (own, None), own in found.candidates) == (True, True)


def test_evidence_decides_between_takers() -> None:
    """Of two profiles that take a frame the one whose tags and values are rarer is believed."""
    found = detected(bytes.fromhex("156601"))

    assert (found.profile, len(found.candidates) > 1) == ("pni_placepod_v1", True)


def test_short_frame_is_ambiguous() -> None:
    """A byte that several layouts could have sent is of none."""
    found = detected(b"\x01")

    assert (found.profile, len(found.candidates) > 1) == (None, True)


def test_port_is_asked() -> None:
    """A profile whose messages travel on other ports does not take the frame."""
    takers = [name for port in (1, 99) for name in detected(b"\x01", known=Known(port)).candidates]

    assert takers.count("bosch_tps110_v1") == 1


def test_those_that_turn_it_down_say_why() -> None:
    """Behind the takers stand all other profiles with their refusals, those with the most evidence first."""
    ranking = ranked(bytes.fromhex("6810880527101520008116901f01000000002c000000002c0620170901172000008f16"))

    assert (ranking[0].profile, str(ranking[0].refused)) == (
        "cjt188_water_v2004",
        "check sum 8F at byte 33, 8E is right",
    )
