"""Every fault of a configuration and its registry at once; no network, no journal."""

import os
from pathlib import Path

from narrowgate_codecs import PROFILES, registry
from narrowgate_fleet import Fleet, RegistryFault, seal_of
from narrowgate_gateway.config import ConfigFaults, Fault, read, settled
from narrowgate_gateway.console_checks import console_faults
from narrowgate_gateway.family_checks import family_faults, gone_faults
from narrowgate_gateway.influx_checks import influx_faults
from narrowgate_gateway.mail_endpoint import mail_faults
from narrowgate_gateway.night_keeping import programme_faults
from narrowgate_gateway.open311_endpoint import open311_faults
from narrowgate_gateway.practice import desk_faults
from narrowgate_gateway.rule_files import RuleFiles, gathered, threshold_faults
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.transport_checks import transport_faults
from narrowgate_gateway.webhook_endpoint import webhook_faults
from narrowgate_rules.overrides import faults_of as override_faults
from narrowgate_rules.written import RuleFault
from narrowgate_schema.words import Family

_KEYS_TRIED = 1000
"""A fleet's keys have one secret, or two: trying some finds what is missing."""


def faults_of(config: Path, home: Home) -> list[Fault]:
    """Give all faults of a configuration file, its rules' parameters and the registry of a home."""
    try:
        raw = read(config)
    except ConfigFaults as unread:
        return [*unread.faults, *registry_faults(home), *package_faults()]
    try:
        settings = settled(config, raw)
        faults = [
            *_listener_faults(config, settings),
            *influx_faults(config, settings.influxdb),
            *desk_faults(config, settings.desk),
            *programme_faults(config, settings.commands.programme_file),
            *webhook_faults(config, settings.webhook),
            *open311_faults(config, settings.open311),
            *mail_faults(config, settings.mail),
            *console_faults(config, settings.console, home),
        ]
    except ConfigFaults as unsettled:
        faults = unsettled.faults
    places = place_faults(config, raw, home)
    return [*faults, *rule_faults(config, raw), *registry_faults(home), *places, *package_faults()]


def package_faults() -> list[Fault]:
    """Give what is wrong with the families and the device profiles of installed packages."""
    heads = ((told, *told.partition(": ")[::2]) for told in registry.FAULTS)
    return family_faults() + [
        Fault("installed packages", registry.GROUP, head, why or told) for told, head, why in heads
    ]


def rule_faults(config: Path, raw: dict[str, object]) -> list[Fault]:
    """Give what is wrong with files of rules, and with the names and ranges of rules' parameters.

    Their types are the settings'.
    """
    together = _files_of(config, raw)
    faults = [_told(fault) for fault in together.faults]
    tables = raw.get("rules")
    if not isinstance(tables, dict):
        return faults
    known = {each.name for each in together.tuned}
    for name, table in tables.items():
        if name in known and isinstance(table, dict):
            wrong = threshold_faults(str(config), together.tuned, {name: table})
            faults += [_told(fault, "rules.") for fault in wrong]
        elif name not in known | together.spoilt:
            right = f"no such rule; known are {', '.join(each.name for each in together.tuned)}"
            faults.append(Fault(str(config), f"rules.{name}", "", right))
    return faults


def place_faults(config: Path, raw: dict[str, object], home: Home) -> list[Fault]:
    """Give what is wrong with the thresholds that places have of their own: names and ranges."""
    try:
        fleet = Fleet.load(home.registry)
    except RegistryFault:
        return []
    rules = _files_of(config, raw).rules
    said = dict(zip(fleet.asset_column("thresholds").tolist(), fleet.asset_column("asset"), strict=True))
    return [
        Fault(str(home.registry), f"{place}.thresholds", repr(spec), wrong)
        for spec, place in said.items()
        if spec is not None
        for wrong in override_faults(rules, [spec])
    ]


def _files_of(config: Path, raw: dict[str, object]) -> RuleFiles:
    names = raw.get("rule_files")
    listed = names if isinstance(names, list) else []
    return gathered([config.parent / name for name in listed if isinstance(name, str)])


def _told(fault: RuleFault, prefix: str = "") -> Fault:
    key = ".".join(part for part in (fault.rule, fault.key) if part)
    at = "" if fault.column is None else f"character {fault.column}: "
    return Fault(fault.file, f"{prefix}{key}", fault.value, f"{at}{fault.what}")


def _listener_faults(config: Path, settings: Settings) -> list[Fault]:
    """Give listeners that could take no frame at all."""
    if not (settings.coap or settings.mqtt or settings.udp):
        return [Fault(str(config), "coap", "", "no listener: add a [[coap]], [[mqtt]] or [[udp]] table")]
    keys = [(f"coap[{place}].allow", each.allow) for place, each in enumerate(settings.coap)]
    keys += [(f"udp[{place}].allow", each.allow) for place, each in enumerate(settings.udp)]
    closed = [
        Fault(str(config), key, "[]", "no source may send: name the devices' networks")
        for key, allow in keys
        if not allow
    ]
    return [*closed, *transport_faults(config, settings)]


def registry_faults(home: Home) -> list[Fault]:
    """Give what is wrong with the registry's snapshot: damage, and profiles that nobody knows."""
    try:
        fleet = Fleet.load(home.registry, seal_of(os.environ))
    except RegistryFault as error:
        text = str(error).removeprefix(f"{home.registry}/")
        hint = "" if home.registry.exists() else "; `narrowgate fleet import` makes one"
        return [Fault(str(home.registry), "", "", f"{text}{hint}")]
    faults = [*_seal_faults(home, fleet), *gone_faults(home, fleet)]
    families = fleet.column("family")
    for slot, profile in enumerate(fleet.column("profile")):
        is_of_known = families[slot] is None or Family.known(str(families[slot])) is not None
        if profile is not None and profile not in PROFILES and is_of_known:
            right = f"no such profile; known are {', '.join(sorted(PROFILES))}"
            faults.append(Fault(str(home.registry), f"{fleet.device(slot)}.profile", repr(profile), right))
    return faults


def _seal_faults(home: Home, fleet: Fleet) -> list[Fault]:
    """Give what keeps the devices' keys from being opened."""
    slots = fleet.keyed_slots()
    opened = fleet.keys(slots[:_KEYS_TRIED])
    if fleet.key_faults or all(opened):
        return [Fault(str(home.registry), "keys", "", fault) for fault in sorted(fleet.key_faults)]
    right = "their secret is not set: put it in NARROWGATE_SEAL, or its file in NARROWGATE_SEAL_FILE"
    return [Fault(str(home.registry), "keys", f"of {len(slots)} devices", right)]
