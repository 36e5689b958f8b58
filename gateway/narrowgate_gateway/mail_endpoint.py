"""`[[mail]]` as the outbox takes it, what is wrong with it, and the doctor's visit to its server."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from narrowgate_cases.mail_courier import MailCourier, Times
from narrowgate_cases.mail_digest import Wording
from narrowgate_cases.smtp import MailFailed, MailServer, Security
from narrowgate_console.words import word
from narrowgate_gateway.config import Fault
from narrowgate_gateway.finding import Finding, Verdict
from narrowgate_gateway.mail_settings import Mail
from narrowgate_gateway.secret_source import secret_line
from narrowgate_schema.words import Severity


def server_of(options: Mail) -> MailServer:
    """Give the server that the options name.

    Raises:
        ValueError: names the option whose password or certificates cannot be had.
    """
    server = MailServer(
        options.host,
        options.port,
        Security(options.security),
        options.user,
        secret_line("", "password", options.password_env, options.password_file),
        options.timeout_s,
        Path(options.ca_file) if options.ca_file else None,
    )
    try:
        server.context()
    except OSError as error:
        raise ValueError(f"ca_file = {options.ca_file}: {error.strerror or error}") from None
    return server


def courier_of(options: Mail, zone: ZoneInfo) -> MailCourier:
    """Give what brings letters there.

    Args:
        options: of one endpoint.
        zone: the city's.

    Raises:
        ValueError: names the option whose password or certificates cannot be had.
    """
    try:
        server = server_of(options)
    except ValueError as error:
        raise ValueError(f"mail {options.name}: {error}") from None
    called = partial(word, language=options.language)
    at_once_from = Severity(options.at_once_from) if options.at_once_from else None
    return MailCourier(
        options.name,
        server,
        Wording(options.language, zone, called, options.link),
        Times(options.times, zone, at_once_from),
        sender=options.sender,
        recipients=options.recipients,
    )


def mail_faults(config: Path, endpoints: tuple[Mail, ...]) -> list[Fault]:
    """Give what is wrong with `[[mail]]` beyond its keys' own types; no network is opened."""
    faults = []
    for n, options in enumerate(endpoints):
        try:
            server_of(options)
        except ValueError as error:
            named, _, right = str(error).partition(": ")
            key, _, value = named.partition(" = ")
            faults.append(Fault(str(config), f"mail[{n}].{key}", value, right))
    return faults


def visit_mail(options: Mail) -> Iterator[Finding]:
    """Yield what a visit found; no mail is sent."""
    subject = f"mail {options.name}"
    try:
        server_of(options).visit()
    except (ValueError, MailFailed) as failed:
        words = f"cases wait until it takes mail, {options.give_up_after_h:g} h at most: {failed}"
        yield Finding(subject, "answers", "no", Verdict.CAREFUL, words)
        return
    words = "it lets us in; whether mail arrives, it cannot say"
    yield Finding(subject, "answers", "yes", Verdict.WELL, words)
