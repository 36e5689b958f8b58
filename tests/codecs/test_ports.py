"""Frames that say nothing of what they are: the captured port does."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from codec_fixtures import SHANGHAI, decoded, readings
from codec_ported import PORTED, UNPORTED
from narrowgate_codecs import Context, candidates, decode, encode, port_of, registry, uplinks_from
from narrowgate_codecs.decode import decode_by_row
from narrowgate_codecs.elements import Int, Port
from narrowgate_codecs.layout import Array
from narrowgate_codecs.validate import validated

_NAME, _STRICT = PORTED.name, UNPORTED.name


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    for profile in (PORTED, UNPORTED):
        registry.register(profile)
    yield
    for profile in (PORTED, UNPORTED):
        registry._profiles.pop(profile.name)


@pytest.mark.parametrize(("port", "said"), [(1, {"leak": True}), (2, {"burst": True})])
def test_port_says_what_a_frame_is(port: int, said: dict[str, bool]) -> None:
    """The same byte is a leak on one port and a burst on another."""
    rows = readings(decoded(b"\x01", _NAME, port=port))

    assert rows == [{"series": "", "time": "received", **said}]


def test_frame_without_port_is_what_the_profile_says() -> None:
    """A frame that came without a port is taken for the profile's default."""
    assert decoded(bytes.fromhex("7856341201"), _NAME).messages == ["usage"]


def test_frame_without_port_is_refused_where_nothing_stands_for_it() -> None:
    """Without a port and without a default a frame is refused as of no known message."""
    refusals = decoded(b"\x01", _STRICT).refusals.to_pylist()

    assert [(row["reason"], row["detail"]) for row in refusals] == [
        ("model", "port: none came with the frame")
    ]


def test_unknown_port_is_refused_in_decimal() -> None:
    """A port without a message is refused as `model`, written as ports are."""
    assert decoded(b"\x01", _NAME, port=77).refusals.column("detail").to_pylist() == [
        "port: 77 is no message of this layout"
    ]


def test_values_say_the_port() -> None:
    """The port a frame was read by stands among its values."""
    assert decoded(b"\x01", _NAME, port=2).values == [{"port": 2, "burst": True}]


@pytest.mark.parametrize(("message", "port"), [("usage", 25), ("burst", 2), ("log", 100)])
def test_message_knows_its_port(message: str, port: int) -> None:
    """Whoever sends a message is told the port it travels on."""
    assert port_of(_NAME, message) == port


def test_message_of_a_profile_without_ports_has_none() -> None:
    """A message that the frame itself tells travels on no port of its own."""
    assert port_of("huati_nb_v1", "report") is None


def test_encoded_frame_means_its_message_on_its_port() -> None:
    """What encode makes of a message is that message on its port."""
    frame = encode(_NAME, "log", {"records": [{"record": "t", "temperature_c": 21.5}]})

    assert readings(decoded(frame, _NAME, port=port_of(_NAME, "log")))[0]["temperature_c"] == 21.5


def test_plan_reads_each_frame_by_its_own_port() -> None:
    """In a batch of equal bytes each frame is what its own port says, batch after batch."""
    ports = [1, 2] * 20
    context = Context(["d"] * 40, [_NAME] * 40, SHANGHAI)
    for turned in (ports, ports[::-1], [1] * 40, [2] * 40, [1] * 40, [2] * 40):
        uplinks = uplinks_from([b"\x01"] * 40, ports=turned)

        result = decode(uplinks, context)

        rows = result.readings[PORTED.family].to_pylist()
        assert ([1 if row["leak"] else 2 for row in rows], result.by_row) == (turned, 0)


def test_detection_asks_for_the_port() -> None:
    """A profile is a candidate on a port it has a message of that length for."""
    assert [_NAME in candidates(b"\x01", port=port) for port in (1, 77, None)] == [True, False, False]


@pytest.mark.parametrize("up", [(Port(), Port("other")), (Array("items", 2, (Int("a", 1), Port())),)])
def test_port_stands_once_and_in_the_frame(up: tuple[Port, ...]) -> None:
    """A second port, or one inside a list, is refused at registration."""
    with pytest.raises(ValueError, match="a port stands once, in the frame's own level"):
        validated(replace(PORTED, up=up, readings=()))


def test_one_layout_by_two_ports_is_read_at_once() -> None:
    """Frames of one layout that came with and without a port mean what each of them means alone."""
    name, count = "axioma_qalcosonic_w1_v1", 40
    payloads = [
        bytes.fromhex("0ea0355d") + bytes([at]) + bytes.fromhex("293500000000") for at in range(count)
    ]
    ports = [None if at % 3 else 100 for at in range(count)]
    uplinks = uplinks_from(payloads, ports=ports, received_at_us=1_750_000_000_000_000)
    context = Context([""] * count, [name] * count, SHANGHAI)

    batches = [decode(uplinks, context) for _ in range(9)]

    wanted = decode_by_row(uplinks, context).readings
    assert all(batch.readings == wanted and batch.by_row == 0 for batch in batches)
