"""GET requests, one request, updates and tokens: what is asked for, and how it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from narrowgate_cases.lifecycle import OPEN_STATES, State, Step
from narrowgate_cases.requests import MOST_REQUESTS, Request, Update, Wanted
from narrowgate_console.open311.fields import Fields
from narrowgate_console.open311.offer import Offer
from narrowgate_console.open311.refused import Refused
from narrowgate_console.open311.wire import Value

DAY_US = 86_400_000_000
MOST_DAYS = 90
"""The longest span that one question covers (GeoReport v2, GET service requests)."""
MOST_PAGE = 10_000
STATUSES = ("open", "closed")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Page:
    """Which part of a list is told."""

    limit: int
    offset: int


def page_of(fields: Fields) -> Page:
    """Give which part of a list is asked for: all that the standard lets one answer tell if none is.

    Raises:
        Refused: a page that cannot be.
    """
    size = fields.whole("page_size", 1, MOST_REQUESTS) or MOST_REQUESTS
    limit = min(size, fields.whole("max_requests", 1, 10**9 - 1) or size)
    return Page(limit, ((fields.whole("page", 1, MOST_PAGE) or 1) - 1) * size)


def wanted_of(fields: Fields, offer: Offer, now_us: int) -> Wanted:
    """Give what GET requests asks for: numbers alone, or by service, status and time.

    Raises:
        Refused: a value that cannot be, or more than 90 days.
    """
    page = page_of(fields)
    numbers = fields.listed("service_request_id")
    if numbers is not None:
        return Wanted(offer.services, numbers, limit=page.limit, offset=page.offset)
    codes = fields.listed("service_code")
    since_us, until_us = _span(fields, now_us)
    return Wanted(
        offer.services if codes is None else [code for code in codes if code in offer.services],
        is_open=_is_open(fields.listed("status")),
        since_us=since_us,
        until_us=until_us,
        limit=page.limit,
        offset=page.offset,
    )


def _is_open(statuses: Sequence[str] | None) -> bool | None:
    asked = {status.lower() for status in statuses or STATUSES}
    if not asked <= set(STATUSES):
        raise Refused(400, f"status is {' or '.join(STATUSES)}")
    return None if len(asked) == len(STATUSES) else "open" in asked


def _span(fields: Fields, now_us: int) -> tuple[int, int]:
    """Give the instants between which is asked [us]: the latest 90 days if neither is said."""
    since_us, until_us = fields.instant_us("start_date"), fields.instant_us("end_date")
    longest_us = MOST_DAYS * DAY_US
    if since_us is None:
        until_us = now_us if until_us is None else until_us
        since_us = until_us - longest_us
    if until_us is None:
        until_us = since_us + longest_us
    if until_us < since_us:
        raise Refused(400, "end_date is before start_date")
    if until_us - since_us > longest_us:
        raise Refused(400, f"start_date and end_date span at most {MOST_DAYS} days")
    return since_us, until_us


def span_of(fields: Fields, now_us: int) -> tuple[int, int]:
    """Give the instants between which updates are asked for [us]; by the same rule as requests.

    Raises:
        Refused: a time that is none, or more than 90 days.
    """
    return _span(fields, now_us)


def told(request: Request, offer: Offer, *, shows_words: bool, is_extended: bool) -> dict[str, Value]:
    """Give a request as the standard tells it.

    Args:
        request: the request.
        offer: what the city offers.
        shows_words: whether what people wrote is told.
        is_extended: whether what the standard does not know is told too.
    """
    case = request.case
    offered = offer.services[case.service]
    media = request.details.get("media_url") if shows_words else None
    row: dict[str, Value] = {
        "service_request_id": case.number,
        "status": status_of(case.state),
        "status_notes": str(case.state),
        "service_name": offered.name,
        "service_code": case.service,
        "description": request.words if shows_words else None,
        "agency_responsible": case.unit,
        "service_notice": None,
        "requested_datetime": time(case.opened_at_us),
        "updated_datetime": time(request.updated_at_us),
        "expected_datetime": None if case.due_at_us is None else time(case.due_at_us),
        "address": _text(request.details.get("address")) if shows_words else case.street,
        "address_id": case.asset,
        "zipcode": None,
        "lat": case.lat,
        "long": case.lon,
        "media_url": _text(media),
    }
    if is_extended:
        row["extended_attributes"] = {
            "state": str(case.state),
            "grid_cell": case.cell,
            "district": case.district,
            "escalation": case.escalation,
            "reopened": case.reopened,
        }
    return row


def updated(update: Update, *, shows_words: bool) -> dict[str, Value]:
    """Give an update as FixMyStreet tells it.

    Args:
        update: the step.
        shows_words: whether what people wrote is told.
    """
    is_said = shows_words and update.actor.startswith(("user:", "token:", "os:"))
    said = update.reason if is_said and update.step is not Step.REPORTED else ""
    return {
        "update_id": str(update.id),
        "service_request_id": update.number,
        "status": status_of(update.state).upper(),
        "updated_datetime": time(update.at_us),
        "description": said or str(update.step).replace("_", " "),
        "media_url": None,
        "external_status_code": str(update.state),
    }


def status_of(state: State) -> str:
    """Give what the standard calls a state: open or closed."""
    return "open" if state in OPEN_STATES else "closed"


def time(at_us: int) -> str:
    """Give an instant [us] in the W3C's form, in whole seconds."""
    return (_EPOCH + timedelta(seconds=at_us // 1_000_000)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: object) -> str | None:
    if isinstance(value, list):
        return " ".join(map(str, value)) or None
    return str(value) if value else None
