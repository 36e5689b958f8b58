"""The configuration's page and sample are what the settings say."""

from pathlib import Path

import pytest

from narrowgate_gateway.config import ConfigFaults, load
from narrowgate_gateway.options_page import page, sample, tables
from narrowgate_gateway.settings import Settings

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("path", "text"), [("docs/configuration.md", page()), ("deploy/narrowgate.toml", sample())]
)
def test_what_is_written_is_up_to_date(path: str, text: str) -> None:
    """`python -m narrowgate_gateway.options_page .` would change nothing."""
    assert (ROOT / path).read_text(encoding="utf-8") == text


def test_every_option_says_what_it_means() -> None:
    """No option of any table is without its sentence."""
    silent = [
        (table.name, option.name) for table in tables() for option in table.options if not option.meaning
    ]

    assert silent == []


def test_every_table_is_told() -> None:
    """Each part of the settings stands on the page under its own header."""
    told = {table.name.partition(".")[0] for table in tables()} - {""}
    top = {option.name for table in tables() if not table.name for option in table.options}

    assert told | top == set(Settings.model_fields)


def test_the_sample_says_the_defaults() -> None:
    """What the sample leaves as comments is what an empty file means."""
    (listener,) = load(ROOT / "deploy" / "narrowgate.toml").coap

    assert listener.allow == ("10.64.0.0/16",)
    assert load(ROOT / "deploy" / "narrowgate.toml").model_copy(update={"coap": ()}) == Settings()


def test_the_samples_comments_are_options_too(tmp_path: Path) -> None:
    """With the marks of its comments taken away, the sample has no key that is unknown or of a wrong type."""
    lines = [line.removeprefix("# ") for line in sample().splitlines()[1:] if " = ..." not in line]
    full = tmp_path / "full.toml"
    full.write_text("\n".join(lines), encoding="utf-8")
    try:
        load(full)
    except ConfigFaults as unsettled:
        wrong = [fault for fault in unsettled.faults if fault.right != "field required"]
    else:
        wrong = []

    assert wrong == []
