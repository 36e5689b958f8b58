"""The doctor's visit to a GeoReport server: does it answer, and does it take what we would send."""

from collections.abc import Iterator

from narrowgate_cases.http_exchange import ExchangeFailed
from narrowgate_cases.open311_answers import BadAnswer
from narrowgate_cases.open311_client import ServerRefused
from narrowgate_cases.open311_services import discovered
from narrowgate_gateway.finding import Finding, Verdict
from narrowgate_gateway.open311_endpoint import definition_faults, server_of
from narrowgate_gateway.open311_settings import Open311


def visit_open311(options: Open311) -> Iterator[Finding]:
    """Yield what a visit found; nothing is posted."""
    subject = f"open311 {options.name}"
    try:
        server = server_of(options)
        definitions = discovered(server, list(options.service_codes.values()))
        listed = server.get("requests", {"status": "open"}) if options.can_be_asked else []
    except (ValueError, ExchangeFailed, ServerRefused, BadAnswer) as failed:
        words = f"cases wait in the outbox until it can be asked: {failed}"
        yield Finding(subject, "answers", "no", Verdict.UNKNOWN, words)
        return
    yield Finding(
        subject, "services", str(len(definitions)), Verdict.WELL, "it answers and lists what it takes"
    )
    for key, right in definition_faults(options, definitions):
        yield Finding(subject, key, "", Verdict.CAREFUL, f"requests would be refused: {right}")
    yield _asking(subject, options, [row for row in listed if row.get("description")], len(listed))


def _asking(subject: str, options: Open311, shown: list[dict[str, object]], listed: int) -> Finding:
    if not options.can_be_asked:
        words = "what times out is posted again and may stand there twice; nothing is lost"
        return Finding(subject, "can_be_asked", "false", Verdict.CAREFUL, words)
    if listed and not shown:
        words = "it lists requests without descriptions: set mark_attribute, or can_be_asked = false"
        return Finding(subject, "can_be_asked", "true", Verdict.CAREFUL, words)
    return Finding(
        subject, "can_be_asked", "true", Verdict.WELL, "it lists requests, so nothing is posted twice"
    )
