"""The program `narrowgate`: finds the verb, runs it, and says what went wrong in one line."""

import importlib
import os
import sys

import click

from narrowgate_gateway.closed_streams import stand_in

VERBS: dict[str, str] = {
    "archive": "what is kept for good, in files that anybody's tools read",
    "backtest": "what rules would have raised on recorded readings",
    "backup": "a whole copy of a home, while running or stopped",
    "bench": "benchmarks side by side with peers, raw figures",
    "cases": "the desk: what waits for somebody, and what is done about it",
    "commands": "what devices are told, and what became of it",
    "check": "every fault in the configuration and the fleet at once",
    "decode": "a line of JSON for each frame",
    "demo": "a simulated district over real sockets, everything embedded",
    "doctor": "what in this installation can lose data",
    "erase": "all of one device out of journal, stores, archive and quarantine, with a receipt",
    "figures": "balances of districts, occupancy and turnover of bays, out of recorded readings",
    "fleet": "the registry from and to CSV",
    "ledger": "what became of every frame, and whether it balances",
    "profiles": "the device profiles, or one with its byte map",
    "quarantine": "what was refused and why; run it again",
    "replay": "history through decode and rules again: what would change, then the change",
    "restore": "a home from a backup",
    "rules": "which there are, what they ask, and files of your own: check them, try their cases",
    "run": "the gateway",
    "simulate": "pretend devices against a gateway",
    "tap": "a live view of frames and readings",
    "users": "who may come into the console",
}


class _Verbs(click.Group):
    """Loads a verb's module only when it is asked for: starting must be fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"narrowgate_gateway.verbs.{cmd_name}")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module.__name__}.command is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(sorted(VERBS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="narrowgate")
def narrowgate() -> None:
    """Edge gateway and telemetry pipeline for a city's NB-IoT devices.

    Example: narrowgate demo --seconds 30
    """


def main() -> None:
    """Run the program; exit 0 on success, 1 on a refusal or finding, 2 on wrong use."""
    stand_in()
    try:
        narrowgate(prog_name="narrowgate")
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        _end(f"{error.strerror or error}:{where}" if where else str(error.strerror or error))
    except Exception as error:
        if os.environ.get("NARROWGATE_DEBUG"):
            raise
        _end(f"internal fault: {type(error).__name__}: {error} (NARROWGATE_DEBUG=1 shows where)")


def _end(line: str) -> None:
    click.echo(f"narrowgate: {' '.join(line.split())}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
