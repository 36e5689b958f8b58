import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from narrowgate_console.open311 import DataType
from narrowgate_gateway.georeport import offer_of
from narrowgate_gateway.settings import Settings

_LAMP: dict[str, Any] = {"name": "Lamp", "family": "lighting"}
_ASKED: dict[str, Any] = {"code": "x", "description": ""}


def _asking(*attributes: dict[str, Any]) -> dict[str, Any]:
    return {"services": {"lamp_out": {**_LAMP, "attributes": list(attributes)}}}


def test_nothing_is_offered_until_the_file_says_so() -> None:
    """Without a table no service is offered, and nothing is open to anybody."""
    offer = offer_of(Settings().georeport, 7)

    assert (dict(offer.services), offer.anybody_reads, offer.anybody_reports, offer.shows_words) == (
        {}, False, False, False,
    )  # fmt: skip


def test_the_file_says_what_is_offered() -> None:
    """Services, their questions and what names an asset come as the file has them."""
    text = """
        [georeport]
        jurisdictions = ["city.example"]
        url = "https://city.example/open311/v2"
        anybody_reads = true
        [georeport.services.lamp_out]
        name = "路灯不亮"
        family = "lighting"
        keywords = ["lamp", "灯"]
        batch = true
        [[georeport.services.lamp_out.attributes]]
        code = "pole"
        description = "Number"
        names_asset = true
        [[georeport.services.lamp_out.attributes]]
        code = "kind"
        description = "What"
        datatype = "singlevaluelist"
        required = true
        values = {dark = "Dark"}
    """
    offer = offer_of(Settings.model_validate(tomllib.loads(text)).georeport, 7)
    lamp = offer.services["lamp_out"]

    assert (offer.jurisdictions, offer.anybody_reads, offer.begun_us) == (("city.example",), True, 7)
    assert (lamp.code, lamp.name, lamp.is_batch, lamp.asset_attribute) == (
        "lamp_out",
        "路灯不亮",
        True,
        "pole",
    )
    assert [(each.datatype, each.is_required) for each in lamp.attributes] == [
        (DataType.STRING, False), (DataType.SINGLE, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"url": "ftp://city.example"}, "ends in /open311/v2"),
        ({"services": {"a b": _LAMP}}, "a code is of letters"),
        ({"services": {"a": {**_LAMP, "family": "gas"}}}, "is no family"),
        (_asking({**_ASKED, "values": {"a": "A"}}), "lists have values"),
        (_asking({**_ASKED, "datatype": "multivaluelist"}), "lists have values"),
        (_asking({**_ASKED, "datatype": "text", "names_asset": True}), "names an asset is a string"),
        (_asking(*[{**_ASKED, "code": code, "names_asset": True} for code in "ab"]), "one attribute at most"),
        (_asking(_ASKED, _ASKED), "the same code"),
        (_asking({**_ASKED, "code": "a[b]"}), "code"),
        ({"people_kept_days": 0}, "people_kept_days"),
        ({"colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_what_cannot_be_offered_is_a_fault(told: dict[str, Any], words: str) -> None:
    """An option that cannot be is named at the start."""
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate({"georeport": told})
