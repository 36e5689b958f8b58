"""Pretend devices that sleep hear what reaches them while they listen, do it once, and answer."""

from collections.abc import Callable

import pytest
from aiocoap import ACK, CHANGED, CON, FORBIDDEN, POST, Message

from narrowgate_codecs import encode_command
from narrowgate_schema.commands import Command, LampLevel, ReportInterval, Valve
from narrowgate_simulators.radio import CALM, Radio
from narrowgate_simulators.sleeper import REPORTING, Sleeper
from narrowgate_simulators.sleeping import Sleeping

_HOUR_US = 3_600_000_000
_ROUGH = Radio(seed=3, coverage_shares=(0.2, 0.3, 0.5), twice_share=0.2)


class _Gateway:
    """Answers every uplink at once, with what waits for its device."""

    def __init__(self, sleeping: Sleeping, waiting: dict[str, Command] | None = None) -> None:
        self.sleeping, self.waiting = sleeping, waiting or {}
        self.kept: dict[tuple[int, bytes], Message] = {}
        self.payloads: list[bytes] = []

    def live(self, until_us: int, between: Callable[[int], None] | None = None) -> None:
        """Let the devices live, each instant answered before the next."""
        while (next_us := self.sleeping.next_us) is not None and next_us <= until_us:
            for index, datagram in self.sleeping.advance(next_us):
                self._take(index, datagram, next_us)
            if between is not None:
                between(next_us)

    def _take(self, index: int, datagram: bytes, now_us: int) -> None:
        message = Message.decode(datagram)
        if message.mtype is not CON or message.code is not POST:
            return
        key = index, datagram[2:4]
        if key not in self.kept:
            self.kept[key] = self._answer(index, message)
        self.sleeping.heard(index, bytes(self.kept[key].encode()), now_us)

    def _answer(self, index: int, message: Message) -> Message:
        self.payloads.append(message.payload)
        sleeper = self.sleeping.sleepers[index]
        command = self.waiting.pop(sleeper.name, None)
        answer = Message(code=CHANGED)
        answer.mtype, answer.mid, answer.token = ACK, message.mid, message.token
        if command is not None:
            sent = encode_command(sleeper.profile, command, number=7, identity=sleeper.identity)
            answer.payload = sent.payload
            answer.opt.location_path = () if sent.port is None else ("down", str(sent.port))
        return answer

    def push(self, index: int, command: Command, message_id: int, now_us: int) -> None:
        """Send a command as a message of the gateway's own."""
        sent = encode_command(self.sleeping.sleepers[index].profile, command)
        message = Message(code=POST, payload=sent.payload)
        message.mtype, message.mid, message.token = CON, message_id, b"g"
        self.sleeping.heard(index, bytes(message.encode()), now_us)


def _lamp(name: str = "lamp-1", profile: str = "huati_nb_v1", interval_s: int = 3600) -> Sleeper:
    return Sleeper(name, profile, f"nb/{name}/up", interval_s, first_us=1_000_000)


@pytest.mark.parametrize(
    ("profile", "command"),
    [
        ("huati_nb_v1", LampLevel(40)),
        ("nas_ul20xx_v11", LampLevel(40)),
        ("milesight_ws558_v1", LampLevel(0)),
        ("cjt188_water_v2004", Valve(is_open=False)),
    ],
)
def test_a_command_on_an_answer_is_carried_out_and_answered(profile: str, command: Command) -> None:
    """What rides on the answer to a report is done at once, and the device says so in its maker's way."""
    sleeper = _lamp(profile=profile)
    gateway = _Gateway(Sleeping([sleeper], CALM), {"lamp-1": command})
    gateway.live(_HOUR_US // 2)

    report = gateway.sleeping.report
    assert [(one.device, one.command) for one in report.carried] == [("lamp-1", command)]
    assert (report.reports, report.answers, report.acked, len(gateway.payloads)) == (1, 1, 2, 2)


def test_every_simulated_profile_reports() -> None:
    """A device of each simulated profile reports in its rhythm."""
    sleepers = [_lamp(profile, profile) for profile in REPORTING]
    gateway = _Gateway(Sleeping(sleepers, CALM))
    gateway.live(3 * _HOUR_US)

    assert gateway.sleeping.report.acked == 3 * len(REPORTING)


def test_a_sleeper_misses_what_comes_after_its_active_time() -> None:
    """What the gateway sends by itself is heard within T3324 of the last word and not after it."""
    gateway = _Gateway(Sleeping([_lamp()], CALM))
    gateway.live(_HOUR_US // 2)
    gateway.push(0, LampLevel(40), 1, 10_000_000)
    gateway.push(0, LampLevel(60), 2, 600_000_000)
    gateway.live(_HOUR_US // 2)

    report = gateway.sleeping.report
    assert ([one.command for one in report.carried], report.asleep) == ([LampLevel(40)], 1)


def test_a_paged_device_hears_at_its_next_cycle() -> None:
    """With eDRX a message waits for the device's next listening window."""
    gateway = _Gateway(
        Sleeping([_lamp()], Radio(edrx_cycle_s=81.92, coverage_shares=(1, 0, 0), twice_share=0))
    )
    gateway.live(600_000_000)
    gateway.push(0, LampLevel(40), 1, 600_000_000)
    gateway.live(_HOUR_US // 2)

    (carried,) = gateway.sleeping.report.carried
    assert 0 < carried.at_us - 600_000_000 < 82_000_000 + 4_000_000


def test_a_message_that_comes_twice_is_carried_out_once() -> None:
    """A device knows a repeated message by its id, acknowledges it again and does nothing more."""
    gateway = _Gateway(Sleeping([_lamp()], CALM))
    gateway.live(2_000_000)
    for at_us in (3_000_000, 4_000_000):
        gateway.push(0, LampLevel(40), 9, at_us)
    gateway.live(_HOUR_US // 2)

    assert (len(gateway.sleeping.report.carried), gateway.sleeping.report.told_again) == (1, 1)


def test_a_report_interval_holds_from_the_next_report_on() -> None:
    """A device that is told another interval wakes by it."""
    gateway = _Gateway(Sleeping([_lamp(profile="milesight_ws558_v1")], CALM), {"lamp-1": ReportInterval(600)})
    gateway.live(_HOUR_US + 1_800_000_000)

    assert gateway.sleeping.report.reports == 1 + 3


def test_a_rough_radio_loses_no_word_and_no_command() -> None:
    """Under loss, doubling and delay every report is kept and each command carried out once."""
    names = [f"lamp-{number}" for number in range(200)]
    gateway = _Gateway(
        Sleeping([_lamp(name) for name in names], _ROUGH), {name: LampLevel(30) for name in names}
    )
    gateway.live(_HOUR_US // 2)

    report = gateway.sleeping.report
    assert sorted(one.device for one in report.carried) == sorted(names)
    assert (report.acked, report.given_up, report.lost > 20, report.twice > 20) == (400, 0, True, True)


def test_a_lamp_that_cannot_says_so() -> None:
    """A controller that fails keeps its level and answers that it failed."""
    lamp = _lamp()
    lamp.fails = True
    gateway = _Gateway(Sleeping([lamp], CALM), {"lamp-1": LampLevel(40)})
    gateway.live(_HOUR_US // 2)

    assert (lamp.level_pct, gateway.payloads[-1].hex()) == (100.0, "aa720100000200ff")


def test_a_refused_device_goes_back_to_sleep() -> None:
    """An uplink that is turned away is counted by its code, and nothing waits for it any more."""
    sleeping = Sleeping([_lamp()], CALM)
    ((index, datagram),) = sleeping.advance(1_000_000)
    message = Message.decode(datagram)
    answer = Message(code=FORBIDDEN)
    answer.mtype, answer.mid, answer.token = ACK, message.mid, message.token
    sleeping.heard(index, bytes(answer.encode()), 1_000_000)
    sleeping.advance(1_100_000)

    assert (sleeping.report.refused, sleeping.sleepers[0].exchange) == ({"4.03": 1}, None)
