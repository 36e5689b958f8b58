"""A short visit to a broker: what it grants, and what it says of itself.

The visit is a session of its own, given up at its end: the gateway's is not touched.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from narrowgate_gateway.finding import Finding, Verdict
from narrowgate_gateway.mqtt_client import CONNECT_TIMEOUT_S, Refused, connect, made
from narrowgate_gateway.mqtt_settings import MqttBroker
from narrowgate_gateway.path_template import PathTemplate

VERSION = "$SYS/broker/version"
DROPPED = "$SYS/broker/publish/messages/dropped"
_STEP_S = 0.1


@dataclass
class Visit:
    """What was seen."""

    refusal: str = ""
    session_expiry_s: int | None = None
    """What the broker grants; None where it grants what was asked."""
    granted_qos: int | None = None
    """For the topic of uplinks; 128 and more is a refusal."""
    said: dict[str, str] = field(default_factory=dict)
    """By topic below $SYS."""


def visit_broker(settings: MqttBroker, name: str, listen_s: float = 1.0) -> Visit:
    """Visit a broker; what kept the visit from being made stands in it.

    Args:
        settings: the broker.
        name: what the visit calls itself, unlike any gateway.
        listen_s: how long it waits for what the broker says of itself [s].
    """
    return _visit(settings.model_copy(update={"client_id": name}), listen_s)


def judge_visit(visit: Visit, settings: MqttBroker) -> list[Finding]:
    """Give a finding for each thing seen."""
    subject = f"broker {settings.name} at {settings.address}"
    if visit.refusal:
        return [Finding(subject, "connection", visit.refusal, Verdict.UNKNOWN, "nothing comes in from here")]
    findings = [_session(visit, settings, subject), _qos(visit, settings, subject)]
    if settings.username and not settings.tls and settings.host not in ("127.0.0.1", "::1", "localhost"):
        words = "the password goes over the network in clear; set tls = true"
        findings.append(Finding(subject, "tls", "false", Verdict.CAREFUL, words))
    return [*findings, *_said(visit, subject)]


def _session(visit: Visit, settings: MqttBroker, subject: str) -> Finding:
    name, granted_s = "session_expiry_s", visit.session_expiry_s
    if settings.version != "5":
        words = "MQTT 3.1.1 cannot say how long the session lasts: look for it in the broker's configuration"
        return Finding(subject, name, "", Verdict.CAREFUL, words)
    if granted_s is None or granted_s >= settings.session_expiry_s:
        words = "the broker keeps the session for as long as was asked"
        return Finding(subject, name, str(settings.session_expiry_s), Verdict.WELL, words)
    words = f"asked were {settings.session_expiry_s}: a gateway away for longer loses all that is queued"
    return Finding(subject, name, str(granted_s), Verdict.LOSES, words)


def _qos(visit: Visit, settings: MqttBroker, subject: str) -> Finding:
    value = "" if visit.granted_qos is None else str(visit.granted_qos)
    if visit.granted_qos == 1:
        words = f"{settings.topic} is delivered until it is acknowledged"
        return Finding(subject, "granted QoS", value, Verdict.WELL, words)
    if visit.granted_qos == 0:
        words = f"{settings.topic} is delivered at most once: the gateway refuses that"
        return Finding(subject, "granted QoS", value, Verdict.LOSES, words)
    words = f"the user may not subscribe to {settings.topic}"
    return Finding(subject, "granted QoS", value, Verdict.UNKNOWN, words)


def _said(visit: Visit, subject: str) -> list[Finding]:
    findings = []
    if VERSION in visit.said:
        words = "queue and persistence stand in its configuration alone, which --mosquitto-conf looks at"
        findings.append(Finding(subject, "version", visit.said[VERSION], Verdict.CAREFUL, words))
    dropped = visit.said.get(DROPPED)
    if dropped is not None:
        is_well = dropped == "0"
        words = "messages dropped for slow or absent subscribers since the broker started, ours or others'"
        verdict = Verdict.WELL if is_well else Verdict.LOSES
        findings.append(Finding(subject, "messages dropped", dropped, verdict, words))
    return findings


def _visit(settings: MqttBroker, listen_s: float) -> Visit:
    visit, client = Visit(), made(settings, is_passing=True)
    _note(client, visit, settings)
    try:
        connect(client, settings)
        _turn(client, CONNECT_TIMEOUT_S, lambda: visit.refusal != "" or visit.granted_qos is not None)
        if not visit.refusal and visit.granted_qos is None:
            visit.refusal = f"no answer within {CONNECT_TIMEOUT_S:.0f} s"
        _turn(client, listen_s, lambda: visit.refusal != "" or {VERSION, DROPPED} <= visit.said.keys())
        _part(client, settings)
    except (OSError, Refused) as error:
        visit.refusal = getattr(error, "strerror", None) or str(error)
    return visit


def _turn(client: Client, within_s: float, reached: Callable[[], bool]) -> None:
    """Let the client work until something is so, for a time at most."""
    end_s = time.monotonic() + within_s
    while not reached() and time.monotonic() < end_s:
        if client.loop(_STEP_S) != 0:
            return


def _part(client: Client, settings: MqttBroker) -> None:
    """Leave no session behind."""
    if settings.version == "5":
        properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0
        client.disconnect(properties=properties)
    else:
        client.disconnect()
    client.loop(_STEP_S)


def _note(client: Client, visit: Visit, settings: MqttBroker) -> None:
    topic = PathTemplate.parse(settings.topic).subscription

    def on_connect(
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            visit.refusal = str(reason)
            return
        visit.session_expiry_s = getattr(properties, "SessionExpiryInterval", None)
        if settings.version == "5":
            client.subscribe(topic, options=SubscribeOptions(qos=1, retainHandling=2))
        else:
            client.subscribe(topic, qos=1)
        client.subscribe([(VERSION, 0), (DROPPED, 0)])

    def on_subscribe(
        _client: Client, _userdata: object, _mid: int, reasons: list[ReasonCode], _properties: object
    ) -> None:
        if visit.granted_qos is None:
            visit.granted_qos = reasons[0].value

    def on_message(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        if message.topic in (VERSION, DROPPED):
            visit.said[message.topic] = message.payload.decode(errors="replace")[:100]

    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_message = on_message
