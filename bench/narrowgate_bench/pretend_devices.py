"""What a large pretend fleet costs on one core: memory, frames made, frames sent to a mute UDP port.

`python -m narrowgate_bench.pretend_devices --devices 100000` prints rows as JSON; nothing is judged.
"""

import asyncio
import json
import resource
import socket
import time
from collections.abc import Iterator

import click

from narrowgate_simulators import RADIOS, City, Emission, Target, Timing, UdpLink, Weather

_START_US = 1_772_380_800_000_000
_STEP_S = 60


def _uplinks(city: City, seconds: int) -> Iterator[list[Emission]]:
    for step, _ in zip(city.steps(_STEP_S), range(seconds // _STEP_S), strict=False):
        yield step.emissions


def _rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _sent_per_s(batches: Iterator[list[Emission]], sockets: int) -> float:
    """Send batches to a port that never replies, and give the pace [1/s of CPU time]."""

    async def send(target: Target) -> int:
        timing = Timing(ack_timeout_s=0.001)
        async with UdpLink(target, timing=timing, weather=Weather(1, 0.0, 0.0), sockets=sockets) as link:
            for batch in batches:
                await link.send(batch)
            return link.report.sent

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        began_s = time.process_time()
        count = asyncio.run(send(Target("127.0.0.1", int(mute.getsockname()[1]), "udp")))
        return count / (time.process_time() - began_s)


@click.command()
@click.option("--devices", default=100_000, show_default=True, help="How many, a third of each family.")
@click.option("--minutes", default=60, show_default=True, help="Event time whose frames are made [min].")
@click.option("--radio", type=click.Choice(("perfect", *RADIOS)), default="perfect", show_default=True)
def main(devices: int, minutes: int, radio: str) -> None:
    """Measure a city of pretend devices."""
    began_s = time.process_time()
    city = City(1, devices, _START_US, radio=RADIOS.get(radio))
    laid_out_s, began_s = time.process_time() - began_s, time.process_time()
    count = sum(len(batch) for batch in _uplinks(city, minutes * 60))
    made_per_s = count / max(time.process_time() - began_s, 1e-9)
    sent_per_s = _sent_per_s(_uplinks(city, 3 * _STEP_S), 64)
    figures = [
        ("laid out", laid_out_s, "s"),
        ("frames due", count / (minutes * 60), "1/s"),
        ("frames made", made_per_s, "1/s"),
        ("frames made and sent by UDP", sent_per_s, "1/s"),
        ("largest resident set", _rss_mb(), "MB"),
    ]
    rows = [{"name": name, "figure": round(figure, 3), "unit": unit} for name, figure, unit in figures]
    click.echo(json.dumps({"rows": rows}))


if __name__ == "__main__":
    main()
