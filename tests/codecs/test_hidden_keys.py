"""Keys that a frame sets: they go down, and are never shown."""

from dataclasses import replace

import pytest

from codec_fixtures import decoded
from narrowgate_codecs import PROFILES, encode
from narrowgate_codecs.elements import Hex
from narrowgate_codecs.explain import explain
from narrowgate_codecs.known import Known
from narrowgate_codecs.profile import Carry, Reading
from narrowgate_codecs.validate import validated
from narrowgate_schema.words import Family

_KEYS = {"network_key": "82840c7056429b143d21974557f93a53", "application_key": "00" * 15 + "01"}
_SETTING = {"multicast_device": 1, "multicast_address": "11223344", **_KEYS}


def _frame() -> bytes:
    return encode("nas_ul20xx_v10", "multicast_setting", _SETTING)


def test_keys_travel_in_the_frame() -> None:
    """A setting that is made with keys carries them."""
    assert all(bytes.fromhex(key) in _frame() for key in _KEYS.values())


def test_values_say_only_that_a_key_is_set() -> None:
    """What a frame says about its keys is that they are set."""
    values = decoded(_frame(), "nas_ul20xx_v10", port=50).values[0]

    assert {name: values[name] for name in _KEYS} == dict.fromkeys(_KEYS, "set")


def test_explanation_hides_the_bytes_of_keys() -> None:
    """The explanation of a frame shows where keys stand, and none of their digits."""
    explanation = explain("nas_ul20xx_v10", _frame(), known=Known(50))

    shown = [(line.raw, line.value) for line in explanation.lines if line.field in _KEYS]

    assert (shown, any(key in repr(explanation) for key in _KEYS.values())) == ([("", "set")] * 2, False)


def test_secret_is_no_reading() -> None:
    """A declaration that carries a secret into a reading is refused."""
    plain = PROFILES["talkpool_oy1320_v1"]
    profile = replace(
        plain,
        family=Family.WATER,
        up=(Hex("valve", 4, is_secret=True),),
        readings=(Reading("frame", (Carry("valve"),)),),
    )

    with pytest.raises(ValueError, match="valve is a secret"):
        validated(profile)
