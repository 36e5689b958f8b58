"""The options of `[georeport]`: what the city offers by Open311 GeoReport v2, and to whom."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from narrowgate_gateway.section import Section
from narrowgate_schema.words import Family

_CODE = r"^[A-Za-z0-9_-]+$"


class Question(Section):
    """What is asked with a service."""

    code: str = Field(min_length=1, max_length=64, pattern=_CODE)
    description: str = Field(max_length=500)
    datatype: Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"] = "string"
    required: bool = False
    hint: str = Field("", max_length=500)
    values: dict[str, str] = Field({}, max_length=500)
    names_asset: bool = False

    @model_validator(mode="after")
    def _chosen(self) -> Self:
        if self.datatype.endswith("valuelist") != bool(self.values):
            raise ValueError(f"{self.code}: lists have values, and nothing else has")
        if self.names_asset and self.datatype != "string":
            raise ValueError(f"{self.code}: what names an asset is a string")
        return self


class Service(Section):
    """One service that is offered."""

    name: str = Field(min_length=1, max_length=200)
    family: str
    description: str = Field("", max_length=1000)
    group: str = Field("", max_length=200)
    keywords: tuple[str, ...] = ()
    severity: Literal["info", "minor", "major", "safety"] = "minor"
    batch: bool = False
    attributes: tuple[Question, ...] = Field((), max_length=100)

    @field_validator("keywords", "attributes", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("family")
    @classmethod
    def _known(cls, value: str) -> str:
        return Family(value).value

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        codes = [each.code for each in self.attributes]
        if len(set(codes)) < len(codes):
            raise ValueError("two attributes have the same code")
        if sum(each.names_asset for each in self.attributes) > 1:
            raise ValueError("one attribute at most names an asset")
        return self


class GeoReport(Section):
    """`[georeport]`: what the city offers by Open311 GeoReport v2; nothing without services."""

    services: dict[str, Service] = Field(
        {},
        description="by the desk's service: name, family, description, group, keywords, severity, batch,"
        " attributes",
    )
    jurisdictions: tuple[str, ...] = Field((), description="ids that it answers for; any where empty")
    contact: str = Field("", description="whom to ask, as discovery tells it")
    key_service: str = Field("", description="how one comes by a key, as discovery tells it")
    url: str = Field("", description="where the outside finds it; wherever it was asked, where empty")
    anybody_reads: bool = Field(False, description="whether requests are shown without a key")
    anybody_reports: bool = Field(False, description="whether reports are taken without a key")
    shows_words: bool = Field(False, description="whether what people wrote is shown without a key")
    people_kept_days: int = Field(
        365, ge=1, le=3650, description="how long it is known who reported, names and telephones"
    )

    @field_validator("jurisdictions", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("url")
    @classmethod
    def _web(cls, value: str) -> str:
        if value and not (value.startswith(("https://", "http://")) and value.endswith("/open311/v2")):
            raise ValueError("an address that ends in /open311/v2, such as https://city.example/open311/v2")
        return value

    @field_validator("services")
    @classmethod
    def _codes(cls, value: dict[str, Service]) -> dict[str, Service]:
        wrong = [code for code in value if not (code.replace("_", "").replace("-", "").isalnum())]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: a code is of letters, digits, - and _")
        return value
