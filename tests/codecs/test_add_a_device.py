"""The page "Add a device in 15 minutes" says what is true: all that stands on it is run."""

import importlib.util
import json
import random
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from codec_fixtures import RECEIVED_AT_US, decoded, golden, readings, without_nulls
from narrowgate_bench.codec_frames import Sender
from narrowgate_bench.codec_fuzz import both, differences
from narrowgate_codecs import elements as el
from narrowgate_codecs import encode, registry
from narrowgate_codecs import layout as lay
from narrowgate_codecs.profile import Profile
from narrowgate_gateway.verbs.decode import command

_PAGE = (Path(__file__).parent.parent.parent / "docs/add-a-device.md").read_text(encoding="utf-8")
_NAME = "acme_aquanode_v1"


def _block(language: str) -> str:
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", _PAGE, re.DOTALL | re.MULTILINE)
    return str(block)


@pytest.fixture(autouse=True, scope="module")
def _registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Profile]:
    """Register the page's device from a module, as the registry does."""
    module_file = tmp_path_factory.mktemp("profiles") / f"{_NAME}.py"
    module_file.write_text(_block("python"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(_NAME, module_file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    registry.register(module.PROFILE)
    yield module.PROFILE
    registry._profiles.pop(_NAME)


def test_golden_frame_means_what_its_file_says() -> None:
    """The page's golden frame gives its readings, its values, its message and its disposition."""
    case = tomllib.loads(_block("toml"))

    result = golden(case, _NAME)

    assert (
        readings(result),
        without_nulls(result.values[0]),
        result.messages[0],
        result.dispositions[0],
    ) == (
        case["readings"],
        case["values"],
        case["message"],
        case["disposition"],
    )


def test_command_answers_as_printed() -> None:
    """The page's command line gives the answer that is printed below it."""
    asked, answer = _block("console").strip().splitlines()
    _, _, arguments = asked.partition("narrowgate decode ")

    told = CliRunner().invoke(command, arguments.split())

    assert json.loads(told.stdout) == json.loads(answer)


@pytest.mark.parametrize(
    ("frame", "port", "reason"),
    [
        ("", 2, "length"),
        ("80e6e267d20400001115", 2, "length"),
        ("80e6e267d20400001115ab00", 2, "length"),
        ("80e6e267d20400001115ac", 2, "integrity"),
        ("02", 9, "sanity"),
        ("01", 3, "model"),
    ],
)
def test_frames_of_a_bad_day_are_refused(frame: str, port: int, reason: str) -> None:
    """The device's empty, cut, longer and damaged frames, and unknown ports, are refused."""
    assert decoded(bytes.fromhex(frame), _NAME, port=port).refusals.column("reason").to_pylist() == [reason]


def test_plan_and_construct_agree_on_it() -> None:
    """The device is read by the batch plan, which says what construct says."""
    sender = Sender(_NAME, "up", random.Random(3))
    frames = [sender.sent() for _ in range(200)]

    _, _, by_row = both(frames, _NAME, "up")

    assert (by_row, differences(frames, _NAME, "up", received_at_us=RECEIVED_AT_US)) == (0, [])


def test_register_that_was_not_read_is_null() -> None:
    """A register of nothing but ones is no number."""
    values = {
        "counted_at": None,
        "volume_m3": None,
        "leak": True,
        "battery_low": False,
        "has_temperature": False,
    }

    (row,) = readings(decoded(encode(_NAME, "meter", values), _NAME))

    assert ("volume_m3" in row, row["time"], row["clock_unsynchronised"]) == (False, "received", True)


def test_elements_that_the_page_names_exist() -> None:
    """Every element that the page's table names is in the vocabulary."""
    _, _, table = _PAGE.partition("## What a frame can need")
    named: Any = set(re.findall(r"`([A-Z][A-Za-z]+)[`(]", table))

    assert (
        len(named) > 10,
        [name for name in sorted(named) if not (hasattr(el, name) or hasattr(lay, name))],
    ) == (
        True,
        [],
    )
