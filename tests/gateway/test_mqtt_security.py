"""Who the broker is and who we are: certificates, passwords, access lists."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway_home import OCCUPIED
from mosquitto import Authority, Mosquitto, Publisher
from mqtt_stand import attached, settings_of, until
from narrowgate_gateway import mqtt_connection
from narrowgate_gateway.mqtt_settings import MqttBroker

UP = "nb/bay-1/up"
DEVICES = ("devices", "meters-and-lamps")
ACCESS = """\
user edge
topic read nb/#
user devices
topic write nb/#
"""


@dataclass(frozen=True)
class City:
    """A broker as it stands in a city: TLS, users, an access list."""

    broker: Mosquitto
    authority: Authority
    secret: Path

    def options(self, **changes: object) -> MqttBroker:
        """Give the gateway's options, right unless changed."""
        right = {
            "tls": True,
            "ca_file": str(self.authority.file),
            "username": "edge",
            "password_file": str(self.secret),
            "retry_max_s": 3600,
        }
        return settings_of(self.broker, **{**right, **changes})


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """A broker with TLS, two users and an access list."""
    authority = Authority(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    users = {"edge": "from a file", DEVICES[0]: DEVICES[1]}
    broker = Mosquitto(tmp_path / "broker", authority=authority, users=users, access=ACCESS).start()
    yield City(broker, authority, secret)
    broker.stop()


def state_of(home: Path, settings: MqttBroker) -> tuple[str, str]:
    """Give how the first attempt to connect ends."""

    async def main() -> tuple[str, str]:
        async with attached(home, settings) as one:
            await until(lambda: one.states != [])
            return one.states[0]

    return asyncio.run(main())


def test_a_message_comes_through_tls_password_and_access_list(tmp_path: Path, city: City) -> None:
    """With the right authority, user and password messages are kept."""

    async def main() -> list[bytes]:
        async with attached(tmp_path / "home", city.options()) as one:
            await one.until_connected()
            publisher = Publisher(city.broker, ca=city.authority.file, user=DEVICES)
            publisher.send(UP, OCCUPIED)
            await one.until_kept(1)
            publisher.close()
            return one.payloads

    assert asyncio.run(main()) == [OCCUPIED]


def test_a_burst_through_tls_is_read_to_its_end(tmp_path: Path, city: City) -> None:
    """What TLS has decrypted ahead of the reader is not forgotten in its buffer."""

    async def main() -> int:
        async with attached(tmp_path / "home", city.options(max_in_flight=2000)) as one:
            await one.until_connected()
            publisher = Publisher(city.broker, ca=city.authority.file, user=DEVICES)
            numbers = [publisher.send(UP, b"%d" % n) for n in range(2000)]
            await one.until_kept(2000)
            publisher.until_acknowledged(*numbers)
            publisher.close()
            return len(set(one.payloads))

    assert asyncio.run(main()) == 2000


def test_a_password_from_the_environment_opens_too(
    tmp_path: Path, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`password_env` names the variable; the file of the configuration holds no secret."""
    monkeypatch.setenv("NG_TEST_PASSWORD", "from a file")
    settings = city.options(password_file="", password_env="NG_TEST_PASSWORD")  # noqa: S106

    assert state_of(tmp_path / "home", settings) == ("connected", "")


@pytest.mark.parametrize(
    ("version", "words"), [("5", "Not authorized"), ("3.1.1", "Not authorized")], ids=["5", "3.1.1"]
)
def test_a_wrong_password_is_one_line_and_no_storm(
    tmp_path: Path, city: City, version: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused user is said once, with the broker's words, and comes back after the longest pause."""
    city.secret.write_text("another\n")

    assert state_of(tmp_path / "home", city.options(version=version)) == ("refused", words)
    address = f"127.0.0.1:{city.broker.port}"
    assert caplog.messages == [
        f"mqtt listener 'mqtt' at {address}: refused: {words}; trying again, at most every 3600 s"
    ]
    assert "another" not in caplog.text


def test_a_refusal_that_goes_on_is_said_once(
    tmp_path: Path, city: City, caplog: pytest.LogCaptureFixture
) -> None:
    """Ten attempts with a wrong password are one line; the right one, once written, opens."""
    city.secret.write_text("another\n")

    async def main() -> list[tuple[str, str]]:
        async with attached(tmp_path / "home", city.options(retry_max_s=0.1)) as one:
            await until(lambda: city.broker.log.count("not authorised") >= 10)
            city.secret.write_text("from a file\n")
            await one.until_connected()
            return one.states

    assert asyncio.run(main())[:2] == [("refused", "Not authorized"), ("connected", "")]
    assert len(caplog.messages) == 1


def test_a_broker_of_another_authority_is_refused(tmp_path: Path, city: City) -> None:
    """Whoever cannot show a certificate of our authority gets neither name nor password."""
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    state, detail = state_of(tmp_path / "home", city.options(ca_file=str(other.file)))

    assert (state, detail.partition(":")[0]) == ("refused", "its certificate is not believed")


def test_a_certificate_for_another_name_is_refused(tmp_path: Path, city: City) -> None:
    """A certificate of our authority for another host is not the broker's."""
    state, detail = state_of(tmp_path / "home", city.options(host="localhost"))

    assert (state, detail.partition(":")[0]) == ("refused", "its certificate is not believed")


def test_without_an_authority_of_ours_the_systems_are_asked(tmp_path: Path, city: City) -> None:
    """An empty `ca_file` never means unverified."""
    state, detail = state_of(tmp_path / "home", city.options(ca_file=""))

    assert (state, detail.partition(":")[0]) == ("refused", "its certificate is not believed")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ca_file": "/nowhere/ca.pem"}, "/nowhere/ca.pem (ca_file): No such file or directory"),
        ({"ca_file": "{secret}"}, "{secret} (ca_file): no PEM file of the right kind"),
        ({"cert_file": "{secret}"}, "{secret} (cert_file): no PEM file of the right kind"),
        ({"password_file": "/nowhere/p"}, "/nowhere/p (password_file): No such file or directory"),
        (
            {"password_file": "", "password_env": "NG_NO_SUCH"},
            "the environment has no NG_NO_SUCH (password_env)",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, city: City, changes: dict[str, str], words: str
) -> None:
    """What is missing on our side is said by its key, and mended without a restart."""
    named = {key: value.format(secret=city.secret) for key, value in changes.items()}
    state, detail = state_of(tmp_path / "home", city.options(**named))

    assert state == "refused"
    assert detail.startswith(words.format(secret=city.secret))


def test_a_gateway_may_show_a_certificate_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that asks for certificates takes the gateway's and refuses one without."""
    authority = Authority(tmp_path)
    own = authority.party("edge")
    broker = Mosquitto(tmp_path / "broker", options="require_certificate true\n", authority=authority).start()
    base = {"tls": True, "ca_file": str(authority.file), "retry_max_s": 3600}
    shown = {"cert_file": str(own.certificate), "key_file": str(own.key)}
    with_it = state_of(tmp_path / "a", settings_of(broker, **base, **shown))
    monkeypatch.setattr(mqtt_connection, "CONNECT_TIMEOUT_S", 1.0)  # a broker need not say why it is silent
    without = state_of(tmp_path / "b", settings_of(broker, **base))
    broker.stop()

    assert with_it == ("connected", "")
    assert without[0] != "connected"


def test_what_the_access_list_denies_never_arrives(tmp_path: Path, city: City) -> None:
    """A publisher who may not write is not heard, one who may is."""

    async def main() -> list[bytes]:
        async with attached(tmp_path / "home", city.options()) as one:
            await one.until_connected()
            stranger = Publisher(city.broker, ca=city.authority.file, user=("edge", "from a file"))
            stranger.until_acknowledged(stranger.send(UP, b"not allowed"))
            stranger.close()
            publisher = Publisher(city.broker, ca=city.authority.file, user=DEVICES)
            publisher.send(UP, b"allowed")
            await one.until_kept(1)
            publisher.close()
            return one.payloads

    assert asyncio.run(main()) == [b"allowed"]
