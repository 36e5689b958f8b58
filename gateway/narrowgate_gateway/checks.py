"""Every fault of a configuration and its registry at once; no network, no journal."""

from pathlib import Path

from narrowgate_codecs import PROFILES
from narrowgate_fleet import Fleet, RegistryFault
from narrowgate_gateway.config import ConfigFaults, Fault, load
from narrowgate_gateway.settings import Home, Settings
from narrowgate_rules import RULES, Engine


def faults_of(config: Path, home: Home) -> list[Fault]:
    """Give all faults of a configuration file, its rules' parameters and the registry of a home."""
    try:
        settings = load(config)
    except ConfigFaults as faults:
        return [*faults.faults, *registry_faults(home)]
    return [*rule_faults(config, settings), *_listener_faults(config, settings), *registry_faults(home)]


def rule_faults(config: Path, settings: Settings) -> list[Fault]:
    """Give what is wrong with the parameters of rules."""
    try:
        Engine(RULES, settings.rules, timezone=settings.zone)
    except ValueError as error:
        return [Fault(str(config), "rules", "", line) for line in str(error).splitlines()]
    return []


def _listener_faults(config: Path, settings: Settings) -> list[Fault]:
    """Give listeners that could take no frame at all."""
    closed = [
        Fault(str(config), f"coap[{place}].allow", "[]", "no source may send: name the devices' networks")
        for place, listener in enumerate(settings.coap)
        if not listener.allow
    ]
    return closed or (
        [] if settings.coap else [Fault(str(config), "coap", "", "no listener: add a [[coap]] table")]
    )


def registry_faults(home: Home) -> list[Fault]:
    """Give what is wrong with the registry's snapshot: damage, and profiles that nobody knows."""
    try:
        fleet = Fleet.load(home.registry)
    except RegistryFault as error:
        return [Fault(str(home.registry), "", "", str(error))]
    faults = []
    for slot, profile in enumerate(fleet.column("profile")):
        if profile is not None and profile not in PROFILES:
            right = f"no such profile; known are {', '.join(sorted(PROFILES))}"
            faults.append(Fault(str(home.registry), f"{fleet.device(slot)}.profile", repr(profile), right))
    return faults
