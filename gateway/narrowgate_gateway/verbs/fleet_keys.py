"""`narrowgate fleet keys`: the keys that devices encrypt their frames with."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgate_gateway.options import home_option
from narrowgate_gateway.verbs.fleet_registry import faults_told, opened, opened_registry, write_errors

if TYPE_CHECKING:
    from narrowgate_fleet import Registry, Seal


@click.group("keys")
def keys() -> None:
    """The keys that devices encrypt their frames with; they lie sealed and are never shown.

    What seals them is a secret of 64 hex digits in NARROWGATE_SEAL, or in the file that NARROWGATE_SEAL_FILE
    names. Of two secrets (set apart by commas or lines) the first seals and both open.

    \b
    Example:
      export NARROWGATE_SEAL=$(openssl rand -hex 32)
      narrowgate fleet keys import keys.csv
    """  # noqa: D301 - click's mark for lines as they stand is a control character


@keys.command("import")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@home_option
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), help="CSV file for all faults.")
def import_(file: str, home: Path, errors: Path | None) -> None:
    """Take the keys of a CSV file of the columns device,key (32 hex digits); - is standard input.

    All or nothing. A device's new key is tried first, the one before it stays valid until the next comes: the
    device may go on with it for a while. The same file twice changes nothing.

    Example: narrowgate fleet keys import keys.csv
    """
    from narrowgate_fleet import key_changes

    seal = _seal()
    with opened(file) as (stream, _), opened_registry(home, create=False) as registry, registry.writing():
        changes = key_changes(stream, registry.census().devices, registry.keys(), seal)
        if not changes.faults:
            registry.put_keys(changes.sealed)
    if errors is not None:
        write_errors(errors, file, changes.faults)
    click.echo(json.dumps({"applied": not changes.faults, **changes.summary()}))
    if changes.faults:
        raise click.ClickException(faults_told(file, changes.faults, errors))


@keys.command("list")
@home_option
def list_(home: Path) -> None:
    """List the devices that have keys, and how many, a line of JSON each.

    Example: narrowgate fleet keys list
    """
    with opened_registry(home, create=False) as registry:
        held = registry.keys()
    for device, sealed in held.items():
        click.echo(json.dumps({"device": device, "keys": len(sealed)}))


@keys.command("reseal")
@home_option
def reseal(home: Path) -> None:
    """Seal all keys with the first secret; the others can then go.

    Example: NARROWGATE_SEAL=$NEW,$OLD narrowgate fleet keys reseal
    """
    from narrowgate_fleet import resealed

    seal = _seal()
    _change(home, lambda registry: resealed(registry.keys(), seal), "sealed anew")


@keys.command("drop")
@click.argument("devices", nargs=-1, required=True)
@home_option
@click.option("--older", is_flag=True, help="Only the key before the newest.")
def drop(devices: tuple[str, ...], home: Path, older: bool) -> None:
    """Forget the keys of devices.

    Example: narrowgate fleet keys drop --older water-0001
    """

    def left(registry: "Registry") -> dict[str, tuple[bytes, ...]]:
        held = registry.keys()
        if strangers := [device for device in devices if device not in held]:
            raise click.ClickException(f"no keys are held of {', '.join(strangers)}")
        return {device: held[device][: 1 if older else 0] for device in devices}

    _change(home, left, "changed")


def _change(home: Path, change: "Callable[[Registry], dict[str, tuple[bytes, ...]]]", word: str) -> None:
    from narrowgate_fleet import RegistryFault

    with opened_registry(home, create=False) as registry, registry.writing():
        try:
            changed = change(registry)
        except RegistryFault as fault:
            raise click.ClickException(str(fault)) from None
        registry.put_keys(changed)
    click.echo(f"keys of {len(changed)} devices {word}", err=True)


def _seal() -> "Seal":
    from narrowgate_fleet import RegistryFault, seal_of

    try:
        seal = seal_of(os.environ)
    except RegistryFault as fault:
        raise click.ClickException(str(fault)) from None
    if seal is None:
        raise click.ClickException(
            "no secret to seal keys with: set NARROWGATE_SEAL (openssl rand -hex 32) or NARROWGATE_SEAL_FILE"
        )
    return seal
