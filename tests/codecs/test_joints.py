"""Regions that stand behind several headers are read together, unless something outside goes by them."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_codecs.elements import Check, Code, Const, Int
from narrowgate_codecs.layout import Body, Case, Element, Sized, Switch
from narrowgate_codecs.plan import plan_of
from narrowgate_codecs.plan_joint import Joint, joints_of, tails_of
from narrowgate_codecs.plan_regions import Steps
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.wire import packed
from narrowgate_schema.words import Family

_INSIDE: tuple[Element, ...] = (
    Code("kind", 1),
    Switch("kind", (Case("small", (1,), (Int("volume_m3", 1),)), Case("big", (2,), (Int("volume_m3", 4),)))),
)
_BODY = Body(0, _INSIDE)


def _profile(*behind: tuple[Element, ...]) -> Profile:
    cases = tuple(Case(f"header_{at}", (at,), fields) for at, fields in enumerate(behind))
    return Profile(
        name="nobody_jointed_v1",
        family=Family.WATER,
        device="A meter with as many headers as it likes",
        source="the vocabulary of declarations",
        up=(Code("header", 1), Switch("header", cases)),
        down=(),
        readings=(Reading("small", (Carry("volume_m3"),)),),
    )


_THREE = _profile((_BODY,), (Int("a", 2), _BODY), (Int("b", 1), Int("c", 2), _BODY))


def _found(steps: Steps) -> set[int]:
    found: set[int] = set()
    for step in steps:
        inner: list[Any] = [getattr(step, "inside", ())]
        inner += [each for _, each, _ in getattr(step, "cases", ())]
        found |= {id(step)} if isinstance(step, Joint) else set()
        for each in inner:
            found |= _found(each)
    return found


def test_body_behind_several_headers_is_one_step() -> None:
    """Three headers lead to the very same step."""
    assert len(_found(plan_of(_THREE, _THREE.up).steps)) == 1


@pytest.mark.parametrize(
    "behind",
    [
        ((_BODY,), (Int("a", 2),)),
        (
            (Body(2, (*_INSIDE, Check("sum8", "start"))), Int("a", 2)),
            (Body(2, (*_INSIDE, Check("sum8", "start"))), Int("a", 2)),
        ),
        (
            (_BODY,),
            (
                Sized(1, _INSIDE),
                Sized(
                    1,
                    (Switch("kind", (Case("one", (1,), ()),), default=Case("else", (), (Const(b"\x01"),))),),
                ),
            ),
            (Int("b", 1), _BODY),
        ),
    ],
)
def test_body_that_others_go_by_is_read_in_its_turn(behind: tuple[tuple[Element, ...], ...]) -> None:
    """One header only, a check sum inside, a choice outside by what it says: it stays where it is."""
    assert joints_of(_profile(*behind).up, _uses) == frozenset()


def _uses(fields: tuple[Element, ...]) -> list[str]:
    used: list[str] = []
    for field in fields:
        if isinstance(field, Switch):
            used += [field.on, *(name for case in field.cases for name in _uses(case.fields))]
        elif isinstance(field, (Body, Sized)):
            used += _uses(field.fields)
    return used


_CHOICES = _profile(_INSIDE, (Int("a", 2), *_INSIDE), (Int("b", 1), Sized(1, _INSIDE)))


def test_choice_up_to_the_end_is_one_step() -> None:
    """A choice that ends its region behind every header is the very same step behind all of them."""
    assert len(_found(plan_of(_CHOICES, _CHOICES.up).steps)) == 1


def test_choice_that_a_region_before_it_goes_by_is_read_in_its_turn() -> None:
    """A region beside a choice may go by what the choice says: the choice stays where it is."""
    default = Case("else", (), (Code("mode", 1),))
    choice = Switch("kind", (Case("small", (1,), (Code("mode", 1),)),), default=default)
    beside = Sized(1, (Switch("mode", (), default=Case("any", (), ())),))

    assert tails_of((Code("kind", 1), beside, choice, Sized(1, (choice,))), _uses) == frozenset()


@given(st.integers(0, 2**32))
def test_choices_say_the_same_by_whatever_header(seed: int) -> None:
    """Mixed headers before one choice give every frame its own volume, and leave the broken ones over."""
    rng = random.Random(seed)
    payloads, wanted = [], []
    for _ in range(40):
        header, kind, volume = rng.randrange(3), rng.randrange(1, 4), rng.randrange(256)
        inside = bytes([kind]) + volume.to_bytes(1 if kind == 1 else 4)
        before = (b"", bytes(2), bytes([0, len(inside)]))[header]
        payloads.append(bytes([header]) + before + inside)
        wanted.append(None if kind == 3 else volume)
    level = plan_of(_CHOICES, _CHOICES.up).read(*packed(payloads))

    column = level.columns["volume_m3"].values.tolist() if "volume_m3" in level.columns else [0] * 40
    read = [None if odd else round(value) for value, odd in zip(column, level.odd.tolist(), strict=True)]
    assert read == wanted


@given(st.integers(0, 2**32))
def test_rows_say_the_same_by_whatever_header(seed: int) -> None:
    """Mixed headers, kinds and lengths give every frame its own volume, and leave the broken ones over."""
    rng = random.Random(seed)
    payloads, wanted = [], []
    for _ in range(40):
        header, kind = rng.randrange(4), rng.randrange(1, 4)
        volume = rng.randrange(256)
        head = bytes([header]) + rng.randbytes((0, 2, 3, 0)[header])
        payloads.append(head + bytes([kind]) + volume.to_bytes(1 if kind == 1 else 4))
        wanted.append(None if header == 3 or kind == 3 else volume)
    plan = plan_of(_THREE, _THREE.up)
    level = plan.read(*packed(payloads))

    column = level.columns["volume_m3"].values.tolist() if "volume_m3" in level.columns else [0] * 40
    read = [None if odd else round(value) for value, odd in zip(column, level.odd.tolist(), strict=True)]
    assert read == wanted
