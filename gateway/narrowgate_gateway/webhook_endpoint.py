"""`[webhook]` as the sender takes it; apart from the options, which the edge reads too."""

from pathlib import Path

from narrowgate_cases.lifecycle import Step
from narrowgate_cases.outbox_tables import WEBHOOK
from narrowgate_cases.status_back import StatusBack
from narrowgate_cases.webhook import Endpoint, secrets_in
from narrowgate_gateway.config import Fault
from narrowgate_gateway.secret_source import secret_text
from narrowgate_gateway.webhook_settings import Webhook


def endpoint_of(options: Webhook) -> Endpoint:
    """Give the receiver that the options name.

    Raises:
        ValueError: names the option whose secret or certificates cannot be had.
    """
    secrets = secrets_of(options)
    ca_file = Path(options.ca_file) if options.ca_file else None
    try:
        return Endpoint(options.url, secrets, timeout_s=options.timeout_s, ca_file=ca_file)
    except OSError as error:
        raise ValueError(f"webhook.ca_file = {options.ca_file}: {error.strerror or error}") from None


def status_back_of(options: Webhook) -> StatusBack | None:
    """Give who may say what became of cases; None where nobody may.

    Raises:
        ValueError: names the option whose secret cannot be had.
    """
    if not (options.status_secret_file or options.status_secret_env):
        return None
    steps = tuple(map(Step, options.status_steps))
    return StatusBack(WEBHOOK, secrets_of(options, "status_secret"), steps)


def secrets_of(options: Webhook, what: str = "secret") -> tuple[bytes, ...]:
    """Give what signs; ValueError names the option and never shows what it holds."""
    variable, file = getattr(options, f"{what}_env"), getattr(options, f"{what}_file")
    text = secret_text("webhook.", what, variable, file)
    try:
        return secrets_in(text)
    except ValueError as error:
        named = f"webhook.{what}_{'env' if variable else 'file'} = {variable or file}"
        raise ValueError(f"{named}: {error}") from None


def webhook_faults(config: Path, options: Webhook) -> list[Fault]:
    """Give what is wrong with `[webhook]` beyond its keys' own types; no network is opened."""
    if not options.url:
        return []
    faults = []
    for read in (endpoint_of, status_back_of):
        try:
            read(options)
        except ValueError as error:
            key, _, right = str(error).partition(": ")
            name, _, value = key.partition(" = ")
            faults.append(Fault(str(config), name, value, right))
    return faults
