"""`[[open311]]` as the outbox takes it; apart from the options, which the edge reads too."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from narrowgate_cases import Practice, Wants
from narrowgate_cases.http_exchange import Site
from narrowgate_cases.open311_client import Format, Georeport
from narrowgate_cases.open311_courier import Open311Courier
from narrowgate_cases.open311_forms import ANY, Form
from narrowgate_cases.open311_polling import Polling
from narrowgate_cases.open311_services import Definitions, mapping_faults, read_definitions
from narrowgate_cases.open311_turn import Manners
from narrowgate_gateway.config import Fault
from narrowgate_gateway.open311_settings import Open311
from narrowgate_gateway.secret_source import secret_line


def wants_of(options: Open311) -> Wants:
    """Give which cases an endpoint is told of: those that it has a service code for, and none else."""
    wants = options.wants
    known = tuple(sorted(options.service_codes))
    if ANY in known or wants.services:
        return wants
    return Wants(known, wants.tenants, wants.units, wants.places)


def server_of(options: Open311) -> Georeport:
    """Give the server that the options name.

    Raises:
        ValueError: names the option whose key or certificates cannot be had.
    """
    ca_file = Path(options.ca_file) if options.ca_file else None
    try:
        site = Site(options.url, timeout_s=options.timeout_s, ca_file=ca_file)
    except OSError as error:
        raise ValueError(f"ca_file = {options.ca_file}: {error.strerror or error}") from None
    form = Format(options.format)
    return Georeport(
        site,
        secret_line("", "api_key", options.api_key_env, options.api_key_file),
        form=form,
        jurisdiction=options.jurisdiction_id,
        is_bearer=options.bearer,
    )


def courier_of(options: Open311, practice: Practice, now_us: Callable[[], int]) -> Open311Courier:
    """Give what brings letters there.

    Args:
        options: of one endpoint.
        practice: how the desk works.
        now_us: the desk's clock [us].

    Raises:
        ValueError: names the option whose key or certificates cannot be had.
    """
    try:
        server = server_of(options)
    except ValueError as error:
        raise ValueError(f"open311 {options.name}: {error}") from None
    polling = Polling(
        options.name,
        server,
        practice,
        now_us,
        every_s=options.poll_every_s,
        has_updates=options.updates,
    )
    manners = Manners(options.can_be_asked, options.updates, options.ask_after_s)
    began_s = time.time()
    return Open311Courier(options.name, server, form_of(options), manners, began_s=began_s, poll=polling)


def form_of(options: Open311) -> Form:
    """Give what a letter says there."""
    return Form(
        service_codes=options.service_codes,
        attributes={
            service_code: {
                code: template if isinstance(template, str) else tuple(template)
                for code, template in attributes.items()
            }
            for service_code, attributes in options.attributes.items()
        },
        description=options.description,
        address=options.address,
        address_id=options.address_id,
        device_id=options.device_id,
        media_url=options.media_url,
        contact=options.contact,
        mark_attribute=options.mark_attribute,
    )


def open311_faults(config: Path, endpoints: tuple[Open311, ...]) -> list[Fault]:
    """Give what is wrong with `[[open311]]` beyond its keys' own types; no network is opened."""
    return [
        Fault(str(config), f"open311[{n}].{key}" if key else f"open311[{n}]", value, right)
        for n, options in enumerate(endpoints)
        for key, value, right in _faults(options)
    ]


def _faults(options: Open311) -> Iterator[tuple[str, str, str]]:
    try:
        server_of(options)
    except ValueError as error:
        named, _, right = str(error).partition(": ")
        key, _, value = named.partition(" = ")
        yield key, value, right
    if options.definitions_file:
        try:
            definitions = read_definitions(Path(options.definitions_file))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            yield "definitions_file", repr(options.definitions_file), str(why)
            return
        for key, right in definition_faults(options, definitions):
            yield key, "", right


def definition_faults(options: Open311, definitions: Definitions) -> list[tuple[str, str]]:
    """Give what a server's own definitions say against the options, by key."""
    return mapping_faults(form_of(options), definitions)
