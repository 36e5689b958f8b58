"""`[webhook]` as the sender takes it; apart from the options, which the edge reads too."""

import os
from pathlib import Path

from narrowgate_cases.webhook import Endpoint, secrets_in
from narrowgate_gateway.config import Fault
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


def secrets_of(options: Webhook) -> tuple[bytes, ...]:
    """Give what signs; ValueError names the option and never shows what it holds."""
    key = "secret_env" if options.secret_env else "secret_file"
    named = f"webhook.{key} = {options.secret_env or options.secret_file}"
    try:
        if options.secret_env:
            return secrets_in(os.environ[options.secret_env])
        return secrets_in(Path(options.secret_file).read_text("utf-8"))
    except KeyError:
        raise ValueError(f"{named}: the environment has no such variable") from None
    except UnicodeDecodeError:
        raise ValueError(f"{named}: not UTF-8") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f"{named}: {why}") from None


def webhook_faults(config: Path, options: Webhook) -> list[Fault]:
    """Give what is wrong with `[webhook]` beyond its keys' own types; no network is opened."""
    if not options.url:
        return []
    try:
        endpoint_of(options)
    except ValueError as error:
        key, _, right = str(error).partition(": ")
        name, _, value = key.partition(" = ")
        return [Fault(str(config), name, value, right)]
    return []
