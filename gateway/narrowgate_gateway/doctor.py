"""Looks at everything that decides whether acknowledged data is lost."""

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from narrowgate_gateway.broker_probe import judge_visit, visit_broker
from narrowgate_gateway.config import load
from narrowgate_gateway.family_checks import gone_findings
from narrowgate_gateway.finding import Finding
from narrowgate_gateway.host_checks import host_findings
from narrowgate_gateway.mail_endpoint import visit_mail
from narrowgate_gateway.mosquitto_conf import judge_mosquitto, read_mosquitto_conf
from narrowgate_gateway.open311_visit import visit_open311
from narrowgate_gateway.outlet_checks import outlet_findings
from narrowgate_gateway.settings import Home


def findings_of(
    config: Path, home: Home, mosquitto_confs: Sequence[Path], *, is_offline: bool
) -> Iterator[Finding]:
    """Yield a finding for each thing looked at.

    Args:
        config: the configuration file.
        home: the gateway's home; it need not be there yet.
        mosquitto_confs: configurations of brokers.
        is_offline: whether no broker and no server is visited.

    Raises:
        ConfigFaults: the configuration cannot be used.
        OSError: a broker's configuration cannot be read.
    """
    settings = load(config)
    yield from host_findings(settings, home)
    yield from gone_findings(home)
    yield from outlet_findings(settings, home)
    for path in mosquitto_confs:
        yield from judge_mosquitto(read_mosquitto_conf(path), str(path))
    for broker in () if is_offline else settings.mqtt:
        visit = visit_broker(broker, f"narrowgate-doctor-{secrets.token_hex(4)}")
        yield from judge_visit(visit, broker)
    for endpoint in () if is_offline else settings.open311:
        yield from visit_open311(endpoint)
    for mail in () if is_offline else settings.mail:
        yield from visit_mail(mail)
