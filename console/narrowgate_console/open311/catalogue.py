"""GET services, a service's definition, and discovery: what the city offers, as the standard tells it."""

from narrowgate_console.open311.listing import time
from narrowgate_console.open311.offer import Attribute, Offer
from narrowgate_console.open311.refused import Refused
from narrowgate_console.open311.wire import Format, Value

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"


def services_of(offer: Offer) -> list[Value]:
    """Give the services, in the order of the configuration."""
    return [
        {
            "service_code": offered.code,
            "service_name": offered.name,
            "description": offered.description,
            "metadata": bool(offered.attributes),
            "type": "batch" if offered.is_batch else "realtime",
            "keywords": ",".join(offered.keywords),
            "group": offered.group,
        }
        for offered in offer.services.values()
    ]


def definition(offer: Offer, code: str) -> dict[str, Value]:
    """Give a service with its questions.

    Raises:
        Refused: there is none of that code.
    """
    offered = offer.services.get(code)
    if offered is None:
        raise Refused(404, "service_code was not found")
    asked: list[Value] = [_asked(attribute, n) for n, attribute in enumerate(offered.attributes, 1)]
    return {"service_code": offered.code, "attributes": asked}


def _asked(attribute: Attribute, order: int) -> dict[str, Value]:
    return {
        "variable": True,
        "code": attribute.code,
        "datatype": str(attribute.datatype),
        "required": attribute.is_required,
        "datatype_description": attribute.hint,
        "order": order,
        "description": attribute.description,
        "values": [{"key": key, "name": name} for key, name in attribute.values.items()],
    }


def discovery(offer: Offer, here: str) -> dict[str, Value]:
    """Give what the server is.

    Args:
        offer: what the city offers.
        here: where it was asked, for an offer that does not say where it is.
    """
    begun = time(offer.begun_us)
    endpoint: dict[str, Value] = {
        "specification": SPECIFICATION,
        "url": offer.url or here,
        "changeset": begun,
        "type": "production",
        "formats": [written.media_type for written in (Format.XML, Format.JSON)],
    }
    return {
        "changeset": begun,
        "contact": offer.contact,
        "key_service": offer.key_service,
        "endpoints": [endpoint],
    }
