"""Registration takes declarations of the closed vocabulary only, and says where one is not."""

from dataclasses import replace
from typing import Any

import construct
import pytest

from narrowgate_codecs.elements import Bcd, Bits, Check, Code, Epoch, Float, Hex, Int, Mark, Part, Rest, Units
from narrowgate_codecs.layout import Array, Case, Deltas, Records, Sized, Switch
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.validate import validated
from narrowgate_schema.words import Family


def _profile(*up: Any, **changes: Any) -> Profile:
    plain = Profile("maker_model_v1", Family.WATER, "a meter", "a document", up, (), ())
    return replace(plain, **changes)


_AN_OBJECT: Any = len


class _Odd(Int):
    pass


@pytest.mark.parametrize(
    ("up", "place"),
    [
        ((construct.Int8ub,), "maker_model_v1.up[0]"),
        ((lambda context: 1,), "maker_model_v1.up[0]"),
        ((Int("a", 1, per=_AN_OBJECT),), "maker_model_v1.up.a.per"),
        ((construct.this.a,), "maker_model_v1.up[0]"),
        ((_Odd("a", 1),), "maker_model_v1.up.a"),
        ((Sized(1, (Code("c", 1), Switch("c", (Case("m", (1,), (_AN_OBJECT,)),)))),), "maker_model_v1.up[0]"),
        (
            (Records("r", 1, (Case("k", (1,), (Int("a", 1, limits=_AN_OBJECT),)),)),),
            "maker_model_v1.up.r.cases.k.a.limits",
        ),
        ((Case("m", (1,), ()),), "maker_model_v1.up.m"),
    ],
)
def test_what_is_outside_the_vocabulary_is_refused_with_its_place(up: tuple[Any, ...], place: str) -> None:
    """A callable, a foreign construct, an expression or a subclass is refused, and the place is named."""
    with pytest.raises(TypeError) as refused:
        validated(_profile(*up))

    assert str(refused.value).startswith(place)


@pytest.mark.parametrize(
    ("up", "said"),
    [
        ((Int("a", 1), Int("a", 2)), "maker_model_v1.up.a: the name a stands for two things"),
        ((Switch("c", ()), Code("c", 1)), "c does not stand before it"),
        ((Check("sum8", since="start"), Mark("start")), "start does not stand before it"),
        ((Bcd("v", 2, per=Units("unit", ((1, 1),))),), "unit does not stand before it"),
        ((Int("n", 1), Array("l", "n", (Rest("r"),))), "an array of elements that may be empty never ends"),
        ((Int("a", 0),), "a width of 0 bytes"),
        ((Records("r", 1, (Case("k", (1,), ()), Case("l", (1,), ()))),), "a code stands for two cases"),
    ],
)
def test_declaration_that_cannot_work_is_refused(up: tuple[Any, ...], said: str) -> None:
    """A doubled or missing name, or an element that never ends, is refused at registration."""
    with pytest.raises(ValueError, match="maker_model_v1") as refused:
        validated(_profile(*up))

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (Reading("nothing", ()), "there is no such message"),
        (Reading("frame", (Carry("occupied", "a"),)), "water has no such field"),
        (Reading("frame", (Carry("volume_m3"),)), "nothing in the frame says volume_m3"),
        (Reading("frame", (), clock="clock"), "nothing in the frame says clock"),
    ],
)
def test_mapping_into_nowhere_is_refused(reading: Reading, said: str) -> None:
    """A mapping from a name the frame does not say, or to a field the family has not, is refused."""
    with pytest.raises(ValueError, match="maker_model_v1") as refused:
        validated(_profile(Int("a", 1), readings=(reading,)))

    assert said in str(refused.value)


def test_name_without_layout_version_is_refused() -> None:
    """A profile's name ends with its layout's version."""
    with pytest.raises(ValueError, match="<maker>_<model>_v<layout>"):
        validated(_profile(Int("a", 1), name="maker_model"))


@pytest.mark.parametrize(
    ("up", "said"),
    [
        ((Float("f", 3),), "a float of 3 bytes; 2, 4 or 8 is possible"),
        ((Bits("b", 1, (Part("p", 7, 2),)),), "p is not within its 8 bits"),
        ((Bits("b", 1, (Part("p", 0, void_by="q"),)),), "q is no part of it"),
        ((Epoch("e", 4, 1970),), "earliest_year 1970 is not after the epoch's year"),
        ((Mark("m"), Check("crc16_modbus", "m", start=1)), "a cyclic code starts as its kind says"),
        ((Sized(5, ()),), "a width of 5 bytes; 1 to 4 is possible"),
        ((Records("r", 1, (Case("k", (), ()),)),), "a case has no tag"),
        ((Records("r", 1, (), default=Case("o", (), ())),), "records of any other tag need lengths"),
        ((Deltas("d", "i", "b", 2),), "b does not stand before it"),
        ((Hex("h", 1), Switch("h", ())), "h is no number to go by"),
        ((Code("c", 1), Switch("c", (Case("k", (1,), ()), Case("k", (2,), ())))), "two cases have one name"),
        (
            (Mark("m"), Records("r", 1, (Case("k", (1,), (Check("sum8", "m"),)),))),
            "m does not stand before it",
        ),
    ],
)
def test_element_that_cannot_be_is_refused(up: tuple[Any, ...], said: str) -> None:
    """An element that no frame could have is refused at registration, and the reason is told."""
    with pytest.raises(ValueError, match="maker_model_v1") as refused:
        validated(_profile(*up))

    assert said in str(refused.value)


def test_value_of_another_kind_than_its_field_is_refused() -> None:
    """A field of truths takes no number."""
    profile = _profile(Int("a", 1), readings=(Reading("frame", (Carry("leak", "a"),)),))

    with pytest.raises(ValueError, match="leak: is bool, but a says int64"):
        validated(profile)


def test_items_as_rows_need_a_clock() -> None:
    """A list whose items become rows must say how they are dated."""
    items = Array("l", 2, (Int("volume_m3", 1),))
    reading = Reading("frame", (Carry("volume_m3"),), records="l", each=Each(step_s=60))

    with pytest.raises(ValueError, match="items as rows need a list and a clock"):
        validated(_profile(items, readings=(reading,)))


def test_items_spaced_from_reception_need_no_clock() -> None:
    """A list whose items are spaced from reception needs no clock in the frame."""
    items = Array("l", 2, (Int("volume_m3", 1),))
    each = Each(step_s=60, from_reception=True)
    profile = _profile(items, readings=(Reading("frame", (Carry("volume_m3"),), records="l", each=each),))

    assert validated(profile) is profile
