"""What bare frames say for themselves, and what they are answered."""

import pytest

from narrowgate_gateway.udp_dialect import Dialect

METERS = "cjt188_water_v2004"


def test_a_profile_without_identity_cannot_serve_a_port() -> None:
    """A source address is no device: the frame itself must say who it is from."""
    with pytest.raises(ValueError, match="its frames carry no identity, and an address is none"):
        Dialect("huati_nb_v1", "none")


def test_an_unknown_profile_is_answered_with_those_that_can() -> None:
    """The fault names the profiles whose frames carry an identity."""
    with pytest.raises(
        ValueError, match=f"no such profile; those whose frames carry an identity: .*{METERS}"
    ):
        Dialect("nobody_v1", "none")


def test_an_unknown_message_is_answered_with_those_that_the_profile_has() -> None:
    """A reply is a message to a device, by its name."""
    with pytest.raises(ValueError, match="has no message 'thanks' to a device; it has "):
        Dialect(METERS, "message:thanks")


def test_a_reply_in_hex_is_its_bytes() -> None:
    """What a maker's document gives as bytes is written as bytes."""
    assert Dialect(METERS, "hex:AAAA030000").reply == b"\xaa\xaa\x03\x00\x00"


def test_none_is_no_reply() -> None:
    """A device that expects nothing is sent nothing."""
    assert Dialect(METERS, "none").reply is None


def test_no_frames_have_no_devices() -> None:
    """An empty batch is a batch."""
    assert Dialect(METERS, "none").devices([]) == []
