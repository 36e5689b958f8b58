"""An independent reader of Open311: PyPI's `georeport` asks our server every way it can, in both formats."""

import pytest
from georeport import GeoReport

from open311_stand import CITY, Keys


@pytest.fixture(params=["json", "xml"])
def reader(request: pytest.FixtureRequest, open311_site: tuple[str, Keys]) -> GeoReport:
    """The reader, set to one format."""
    return GeoReport(open311_site[0], jurisdiction=CITY, output_format=request.param)


def test_it_reads_the_services(reader: GeoReport) -> None:
    """The list of services, with names in Chinese and signs of markup in a description."""
    services = reader.get_service_list()

    assert [each["service_code"] for each in services] == ["lamp_out", "tilt", "overstay"]
    assert (services[0]["service_name"], services[0]["description"]) == (
        "路灯不亮",
        "A lamp that is dark & <cold>",
    )
    assert [str(each["metadata"]).lower() for each in services] == ["true", "false", "true"]


def test_it_reads_a_definition(reader: GeoReport) -> None:
    """A service's questions, in their order, with what may be chosen."""
    told = reader.get_service_definition("lamp_out")["attributes"]
    asked = told["attribute"] if isinstance(told, dict) else told
    values = asked[4]["values"]
    chosen = values["value"] if isinstance(values, dict) else values

    assert [each["code"] for each in asked] == ["pole", "lamps", "seen", "more", "kind", "signs"]
    assert [each["key"] for each in chosen] == ["dark", "flickers"]


def test_it_reads_requests(reader: GeoReport) -> None:
    """Requests by number, service, status and time."""
    every = reader.get_service_requests()
    some = reader.get_service_requests(service_request_id="C-000001,C-000003")
    dark = reader.get_service_requests(
        service_code="lamp_out",
        status="open",
        start_date="2026-03-01T00:00:00Z",
        end_date="2026-03-20T00:00:00Z",
    )

    assert len(every) == 11
    assert {each["service_request_id"] for each in some} == {"C-000001", "C-000003"}
    assert {(each["service_code"], each["status"]) for each in dark} == {("lamp_out", "open")}


def test_it_reads_one_request(reader: GeoReport) -> None:
    """One request by its number."""
    told = reader.get_service_request("C-000001")

    assert (told["service_request_id"], told["service_name"], told["status"]) == (
        "C-000001",
        "路灯不亮",
        "open",
    )
    assert told["requested_datetime"] == "2026-03-14T21:40:00Z"
