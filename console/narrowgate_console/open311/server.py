"""The answers of Open311: each reads its fields, asks the desk as whoever asks, told in two formats."""

from fastapi.responses import Response

from narrowgate_cases.requests import Wanted
from narrowgate_console.access import Access
from narrowgate_console.open311.asked import Question
from narrowgate_console.open311.askers import ANYBODY, Askers
from narrowgate_console.open311.catalogue import definition, discovery, services_of
from narrowgate_console.open311.desk import Open311Desk, wish_of
from narrowgate_console.open311.fields import Fields
from narrowgate_console.open311.listing import page_of, span_of, told, updated, wanted_of
from narrowgate_console.open311.offer import Offer
from narrowgate_console.open311.refused import ROOT, Refused
from narrowgate_console.open311.reporting import offered_of, report_of, words_of
from narrowgate_console.open311.wire import Value, answer
from narrowgate_console.principals import Principal
from narrowgate_console.services import Services

MOST_NAME = 200
_TRUE = frozenset({"true", "1", "yes"})


class Server:
    """What the routes stand on: the desk, the offer, and who asks."""

    def __init__(self, services: Services, access: Access, offer: Offer) -> None:
        self._services = services
        self._offer = offer
        self._askers = Askers(access, offer)

    def discovery(self, asked: Question) -> Response:
        """Answer GET discovery."""
        self._askers.anybody(asked.request)
        here = f"{asked.request.url.scheme}://{asked.request.url.netloc}{ROOT}"
        return answer("discovery", discovery(self._offer, here), asked.written)

    def services(self, asked: Question) -> Response:
        """Answer GET services."""
        self._askers.anybody(asked.request)
        self._here(asked.fields)
        return answer("services", services_of(self._offer), asked.written)

    def definition(self, asked: Question, code: str) -> Response:
        """Answer GET a service's definition."""
        self._askers.anybody(asked.request)
        self._here(asked.fields)
        return answer("service_definition", definition(self._offer, code), asked.written)

    def requests(self, asked: Question) -> Response:
        """Answer GET requests."""
        principal = self._askers.reader(asked.request, asked.fields)
        self._here(asked.fields)
        wanted = wanted_of(asked.fields, self._offer, self._services.now_us())
        return answer("service_requests", self._told(principal, asked.fields, wanted), asked.written)

    def one(self, asked: Question, number: str) -> Response:
        """Answer GET a request."""
        principal = self._askers.reader(asked.request, asked.fields)
        self._here(asked.fields)
        found = self._told(principal, asked.fields, Wanted(self._offer.services, [number]))
        if not found:
            raise Refused(404, "service_request_id was not found")
        return answer("service_requests", found, asked.written)

    def token(self, asked: Question, token: str) -> Response:
        """Answer GET a token."""
        principal = self._askers.reader(asked.request, asked.fields)
        self._here(asked.fields)
        number = self._desk(principal).of_token(token)
        if number is None:
            raise Refused(404, "token was not found")
        return answer("service_requests", [{"service_request_id": number, "token": token}], asked.written)

    def report(self, asked: Question) -> Response:
        """Answer POST requests."""
        fields = asked.fields
        principal = self._askers.reporter(asked.request, fields)
        self._here(fields)
        offered = offered_of(fields, self._offer)
        number, token = self._desk(principal).tell(report_of(fields, offered))
        named = {"token": token} if offered.is_batch else {"service_request_id": number}
        row: dict[str, Value] = {**named, "service_notice": None, "account_id": fields.line("account_id")}
        return answer("service_requests", [row], asked.written)

    def updates(self, asked: Question) -> Response:
        """Answer GET servicerequestupdates."""
        principal = self._askers.reader(asked.request, asked.fields)
        self._here(asked.fields)
        since_us, until_us = span_of(asked.fields, self._services.now_us())
        shows_words = self._shows_words(principal)
        found = self._desk(principal).updates(since_us, until_us, page_of(asked.fields))
        rows: list[Value] = [updated(update, shows_words=shows_words) for update in found]
        return answer("service_request_updates", rows, asked.written)

    def update(self, asked: Question) -> Response:
        """Answer POST servicerequestupdates."""
        fields = asked.fields
        principal = self._askers.reporter(asked.request, fields, needs_key=True)
        self._here(fields)
        number = fields.line("service_request_id", MOST_NAME)
        if number is None:
            raise Refused(400, "service_request_id was not provided")
        words = words_of(fields)
        if not words:
            raise Refused(400, "description was not provided")
        fields.instant_us("updated_datetime")
        name, wish = fields.line("update_id", MOST_NAME), wish_of(fields.one("status"))
        update = self._desk(principal).remark(number, words, name, wish)
        row = {"update_id": str(update), "service_request_id": number}
        return answer("service_request_updates", [row], asked.written)

    def _desk(self, principal: Principal) -> Open311Desk:
        return Open311Desk(self._services, principal, self._offer)

    def _told(self, principal: Principal, fields: Fields, wanted: Wanted) -> list[Value]:
        is_extended = (fields.one("extensions") or "").lower() in _TRUE
        shows_words = self._shows_words(principal)
        return [
            told(each, self._offer, shows_words=shows_words, is_extended=is_extended)
            for each in self._desk(principal).requests(wanted)
        ]

    def _shows_words(self, principal: Principal) -> bool:
        return principal.name != ANYBODY or self._offer.shows_words

    def _here(self, fields: Fields) -> None:
        """Refuse what is meant for another jurisdiction, or does not say for which."""
        known, named = self._offer.jurisdictions, fields.one("jurisdiction_id")
        if named is None and len(known) > 1:
            raise Refused(400, "jurisdiction_id was not provided")
        if named is not None and known and named not in known:
            raise Refused(404, "jurisdiction_id was not found")
