"""A paho client as `[[mqtt]]` describes it: version, session, user, TLS that always verifies."""

import os
import ssl
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from narrowgate_gateway.mqtt_settings import MqttBroker

CONNECT_TIMEOUT_S = 5.0
LONGEST_PACKET_BYTES = 2 << 20
"""A broker of MQTT 5 drops longer messages instead of sending them."""


class Refused(Exception):
    """The broker will not have us as we are configured; trying again soon would change nothing."""


def made(settings: MqttBroker, *, is_passing: bool = False) -> Client:
    """Give a client that has not connected and acknowledges nothing by itself.

    Args:
        settings: the broker.
        is_passing: whether it asks for no session that outlives it.
    """
    is_5 = settings.version == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id,
        clean_session=None if is_5 else is_passing,
        protocol=MQTTProtocolVersion.MQTTv5 if is_5 else MQTTProtocolVersion.MQTTv311,
        manual_ack=True,
        reconnect_on_failure=False,
    )
    client.connect_timeout = CONNECT_TIMEOUT_S
    return client


def connect(client: Client, settings: MqttBroker) -> None:
    """Connect and send CONNECT; it blocks for the name, TCP and TLS.

    Raises:
        OSError: the broker cannot be reached.
        Refused: it is not who it should be, or a file or variable of ours cannot be read.
    """
    if settings.tls:
        client.tls_set_context(_tls(settings))
    if settings.username:
        client.username_pw_set(settings.username, _password(settings))
    try:
        if settings.version == "5":
            client.connect(
                settings.host,
                settings.port,
                settings.keepalive_s,
                clean_start=False,
                properties=_wishes(settings),
            )
        else:
            client.connect(settings.host, settings.port, settings.keepalive_s)
    except ssl.SSLCertVerificationError as error:
        raise Refused(f"its certificate is not believed: {error.verify_message}") from None
    except (ValueError, UnicodeError) as error:  # words for a host name that can be none
        raise Refused(f"{settings.host}: {error}") from None


def _wishes(settings: MqttBroker) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = settings.session_expiry_s
    properties.ReceiveMaximum = settings.max_in_flight
    properties.MaximumPacketSize = LONGEST_PACKET_BYTES
    return properties


def _tls(settings: MqttBroker) -> ssl.SSLContext:
    """Give a context that verifies chain and name; Refused names the file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:
        raise Refused(f"{settings.ca_file} (ca_file): {_words(error)}") from None
    if settings.cert_file:
        try:
            # Without a word of ours OpenSSL would ask for a pass phrase on the terminal.
            context.load_cert_chain(settings.cert_file, settings.key_file or None, password="")
        except OSError as error:
            files = f"{settings.cert_file} (cert_file)"
            files += f", {settings.key_file} (key_file)" if settings.key_file else ""
            raise Refused(f"{files}: {_words(error)}") from None
    return context


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"no PEM file of the right kind ({error.reason or error})"
    return error.strerror or str(error)


def _password(settings: MqttBroker) -> str | None:
    """Give the password as it is now: a file may be exchanged while the gateway runs."""
    if settings.password_env:
        if settings.password_env not in os.environ:
            raise Refused(f"the environment has no {settings.password_env} (password_env)")
        return os.environ[settings.password_env]
    if not settings.password_file:
        return None
    try:
        lines = Path(settings.password_file).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise Refused(f"{settings.password_file} (password_file): {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{settings.password_file} (password_file): not UTF-8 at byte {error.start}") from None
    return lines[0] if lines else ""
