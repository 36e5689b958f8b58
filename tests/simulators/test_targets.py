"""Addresses of gateways and brokers."""

import pytest

from narrowgate_simulators import CoapLink, MqttLink, Target, UdpLink, open_link


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("mqtt://broker", Target("broker", 1883, "mqtt")),
        ("mqtt://meters@broker:1884", Target("broker", 1884, "mqtt", "meters")),
        ("mqtts://city%40meters@broker", Target("broker", 8883, "mqtts", "city@meters")),
        ("udp://[::1]:5000", Target("::1", 5000, "udp")),
    ],
)
def test_address_is_read(text: str, target: Target) -> None:
    """An address names scheme, host, port and an MQTT user."""
    assert Target.parse(text) == target


@pytest.mark.parametrize("text", ["mqtt://meters@broker:1884", "udp://[::1]:5000", "coap://gateway:5683"])
def test_address_is_written_as_it_is_read(text: str) -> None:
    """An address written out is read as the same."""
    assert str(Target.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["udp://gateway", "udp://u@gateway:1", "mqtt://@broker", "mqtt://broker/topic"]
)
def test_wrong_address_is_refused(text: str) -> None:
    """What an address lacks or has too much is refused with what would be right."""
    with pytest.raises(ValueError, match=r"udp://HOST:PORT"):
        Target.parse(text)


def test_password_in_an_address_is_refused_unseen() -> None:
    """A password in an address is refused, and the refusal does not show it."""
    with pytest.raises(ValueError, match="a password has no place") as refusal:
        Target.parse("mqtt://meters:sesame@broker")

    assert "sesame" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "link"),
    [("coap://a", CoapLink), ("mqtt://a", MqttLink), ("mqtts://a", MqttLink), ("udp://a:1", UdpLink)],
)
def test_scheme_chooses_the_link(text: str, link: type) -> None:
    """Each scheme has its link."""
    assert isinstance(open_link(Target.parse(text)), link)


def test_password_without_user_is_refused() -> None:
    """A password of nobody is refused."""
    with pytest.raises(ValueError, match="a password needs a user"):
        open_link(Target.parse("mqtt://broker"), password="sesame")  # noqa: S106
