"""The demo's way to the gateway: meters by MQTT, everything else by CoAP, as one link."""

from narrowgate_gateway.demo_city import HOST, Stage
from narrowgate_simulators import CoapLink, MqttLink, Target, Timing, Ways, Weather

_ACK_TIMEOUT_S = 0.1
"""Devices on loopback repeat soon: each lost answer holds the whole district's step up so long [s]."""
_PUBACK_WITHIN_S = 5.0


def demo_link(stage: Stage) -> Ways:
    """Give the link of a stage's devices."""
    coap = CoapLink(
        Target(HOST, stage.coap_port),
        timing=Timing(ack_timeout_s=_ACK_TIMEOUT_S),
        weather=Weather(stage.seed),
    )
    mqtt = MqttLink(
        Target(HOST, stage.mqtt_port, "mqtt"),
        timing=Timing(ack_timeout_s=_ACK_TIMEOUT_S, answer_s=_PUBACK_WITHIN_S),
        # A PUBLISH that comes twice is two messages to any broker: only CoAP's weather is bad.
        weather=Weather(stage.seed, twice_share=0.0, lost_share=0.0),
        acks=stage.mqtt_acks,
    )
    return Ways(stage.metered, coap, mqtt)
