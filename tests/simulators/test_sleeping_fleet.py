"""Sleeping devices over real sockets, against a real CoAP server."""

import asyncio
from pathlib import Path

import pytest

from narrowgate_schema.clock import SteppedClock
from narrowgate_simulators import Radio, Sleeper, Sleeping, SleepingFleet, Target
from narrowgate_simulators.ports import free_udp_port
from pretend_gateway import PretendGateway

_HOUR_US = 3_600_000_000


def _sleeping(count: int, radio: Radio) -> Sleeping:
    names = [f"lamp-{number}" for number in range(count)]
    return Sleeping(
        [
            Sleeper(name, "huati_nb_v1", f"nb/{name}/up", 1200, first_us=1_000_000 * (1 + number))
            for number, name in enumerate(names)
        ],
        radio,
    )


def test_sleepers_live_by_their_own_clock(tmp_path: Path) -> None:
    """An hour passes as fast as answers come; all that is said reaches the server, from new ports too."""
    sleeping = _sleeping(20, Radio(rebound_every=2))
    gateway = PretendGateway()

    async def live() -> int:
        clock = SteppedClock.create(tmp_path / "clock", 0)
        async with gateway.listening() as target, SleepingFleet(sleeping, target, clock) as fleet:
            await fleet.live(_HOUR_US)
            return clock.now_us()

    assert asyncio.run(live()) == _HOUR_US
    assert len(set(gateway.kept)) == sleeping.report.reports == 60


def test_a_gateway_that_is_down_is_asked_again(tmp_path: Path) -> None:
    """What nobody answers is repeated until somebody does, and nothing is lost."""
    sleeping = _sleeping(3, Radio(twice_share=0.0))
    gateway, port = PretendGateway(), free_udp_port()

    async def live() -> None:
        clock = SteppedClock.create(tmp_path / "clock", 0)
        async with SleepingFleet(sleeping, Target("127.0.0.1", port), clock, patience_s=0.05) as fleet:
            await fleet.live(60_000_000)
            async with gateway.listening(port):
                await fleet.live(_HOUR_US // 4)

    asyncio.run(live())
    assert sorted(device for device, _ in gateway.kept) == ["lamp-0", "lamp-1", "lamp-2"]


def test_only_coap_is_spoken(tmp_path: Path) -> None:
    """Another scheme is refused before anything is opened."""
    clock = SteppedClock.create(tmp_path / "clock", 0)
    with pytest.raises(ValueError, match="sleeping devices speak coap"):
        SleepingFleet(_sleeping(1, Radio()), Target.parse("mqtt://127.0.0.1"), clock)
