"""Whether endpoints are told what the configuration says, or still what it said when the core was started."""

import sqlite3
from collections.abc import Iterator

from narrowgate_cases.desk_file import looking
from narrowgate_cases.outbox_tables import WEBHOOK, Wants, wants_by_endpoint
from narrowgate_gateway.finding import Finding, Verdict
from narrowgate_gateway.open311_endpoint import wants_of
from narrowgate_gateway.settings import Home, Settings


def outlet_findings(settings: Settings, home: Home) -> Iterator[Finding]:
    """Yield the endpoints that are told of other cases than the options say; none without an outbox."""
    wanted = wanted_by(settings)
    try:
        with looking(home.state) as connection:
            known = wants_by_endpoint(connection)
    except sqlite3.Error:
        return
    for name in sorted(wanted.keys() | known.keys()):
        if wanted.get(name) == known.get(name):
            continue
        told = "none" if name not in known else "all" if not known[name].is_choosy else "chosen before"
        meaning = "the configuration says otherwise, and holds for endpoints from the core's next start on"
        yield Finding(f"endpoint {name}", "cases", told, Verdict.CAREFUL, meaning)


def wanted_by(settings: Settings) -> dict[str, Wants]:
    """Give what each endpoint of the options wants."""
    named = {each.name: wants_of(each) for each in settings.open311}
    named |= {each.name: each.wants for each in settings.mail}
    return {WEBHOOK: settings.webhook.wants, **named} if settings.webhook.url else named
