"""What the city offers by Open311, as a configuration says it."""

from narrowgate_console.open311 import Attribute, DataType, Offer, Offered
from narrowgate_gateway.georeport_settings import GeoReport, Question, Service
from narrowgate_schema.words import Family, Severity


def offer_of(options: GeoReport, begun_us: int) -> Offer:
    """Give what is offered.

    Args:
        options: as the file says.
        begun_us: since when [us].
    """
    return Offer(
        services={code: _service(code, each) for code, each in options.services.items()},
        jurisdictions=options.jurisdictions,
        contact=options.contact,
        key_service=options.key_service,
        url=options.url,
        anybody_reads=options.anybody_reads,
        anybody_reports=options.anybody_reports,
        shows_words=options.shows_words,
        begun_us=begun_us,
    )


def _service(code: str, told: Service) -> Offered:
    return Offered(
        code=code,
        name=told.name,
        family=Family(told.family),
        description=told.description,
        group=told.group,
        keywords=told.keywords,
        severity=Severity(told.severity),
        is_batch=told.batch,
        attributes=tuple(map(_attribute, told.attributes)),
        asset_attribute=next((each.code for each in told.attributes if each.names_asset), ""),
    )


def _attribute(told: Question) -> Attribute:
    datatype = DataType(told.datatype)
    return Attribute(told.code, told.description, datatype, told.required, told.hint, told.values)
