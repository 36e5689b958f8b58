"""`narrowgate demo`: a simulated district over real sockets, everything embedded."""

import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path

import click

_ENDLESS_HOURS = 72.0
_BOUNDED_HOURS = 30.0


@click.command()
@click.option("--seconds", type=click.IntRange(10), help="End by itself after about so long [s].")
@click.option("--devices", type=click.IntRange(0, 20_000), default=300, show_default=True, help="How many.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same district.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8080, show_default=True, help="The page's.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="An empty directory to keep everything in; thrown away at the end where none is given.",
)
def command(seconds: int | None, devices: int, seed: int, port: int, home: Path | None) -> None:
    """Show a district of water meters, parking bays and lamps, from the frame to the case.

    Pretend devices send real devices' binary frames over CoAP; a page shows what becomes of them. Event time
    runs faster than the wall. With --seconds it ends by itself and prints one JSON object; exit 0 only if
    everything acknowledged was stored once, every injected fault was found, and nothing else.

    Example: narrowgate demo --seconds 30
    """
    # Until the district lives, SIGTERM ends it as Ctrl-C does: with nothing left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="narrowgate-demo-") as temporary:
        root = home if home is not None else Path(temporary)
        sys.exit(_show(root, seconds, devices, seed, port))


def _show(root: Path, seconds: int | None, devices: int, seed: int, port: int) -> int:
    from narrowgate_gateway.demo import play
    from narrowgate_gateway.demo_city import DemoTrouble, lay_out

    began_s = time.monotonic()
    hours = _ENDLESS_HOURS if seconds is None else _BOUNDED_HOURS
    try:
        stage = lay_out(root, seed=seed, devices=devices, hours=hours, console_port=port)
        return asyncio.run(play(stage, seconds, began_s))
    except DemoTrouble as trouble:
        raise click.ClickException(str(trouble)) from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except KeyboardInterrupt:
        return 0 if seconds is None else 1
