"""The core's endpoints: who is told of cases, a thread for each, and what the core shows of them.

An endpoint is added here: its name, what it wants, its courier, its patience. The outbox does the rest.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from narrowgate_cases import OutboxCounts, Practice, Wants, install_outbox, outbox_counts
from narrowgate_cases.couriers import Courier
from narrowgate_cases.open311_links import stages
from narrowgate_cases.outbox import NONE_AT_ALL, counts_by_endpoint, oldest_waiting_s
from narrowgate_cases.outbox_tables import WEBHOOK
from narrowgate_cases.sending import Patience, Sender
from narrowgate_console import Check
from narrowgate_gateway import mail_endpoint
from narrowgate_gateway.open311_endpoint import courier_of, wants_of
from narrowgate_gateway.settings import Settings
from narrowgate_gateway.webhook_endpoint import endpoint_of
from narrowgate_ingest.state import State

_END_S = 5.0
"""How long the core waits for an exchange under way [s]; one that is cut off is taken up again later."""


@dataclass(frozen=True)
class Outlet:
    """An endpoint as it is configured."""

    endpoint: str
    """Its name, which its letters carry: they go on under it after a restart."""
    wants: Wants
    courier: Courier
    patience: Patience


def outlets_of(settings: Settings, practice: Practice, now_us: Callable[[], int]) -> list[Outlet]:
    """Give the endpoints that the options name.

    Args:
        settings: the whole file.
        practice: how the desk works.
        now_us: the desk's clock [us].

    Raises:
        ValueError: a secret or a certificate cannot be had; names the option.
    """
    outlets = []
    if settings.webhook.url:
        outlets.append(
            Outlet(WEBHOOK, settings.webhook.wants, endpoint_of(settings.webhook), settings.webhook.patience)
        )
    for each in settings.open311:
        courier = courier_of(each, practice, now_us)
        outlets.append(Outlet(each.name, wants_of(each), courier, each.patience))
    for mail in settings.mail:
        bringing = mail_endpoint.courier_of(mail, settings.zone)
        outlets.append(Outlet(mail.name, mail.wants, bringing, mail.patience))
    return outlets


class LettersOut(Collector):
    """The endpoints of a core; there may be none."""

    def __init__(self, outlets: Sequence[Outlet], state: State) -> None:
        """Have steps put into the outbox from now on, for the endpoints that there are.

        Raises:
            ValueError: the outbox cannot be made, or a later release made it.
        """
        self._state = state
        try:
            install_outbox(state.connection, [(each.endpoint, each.wants) for each in outlets])
        except sqlite3.Error as error:
            raise ValueError(f"{state.path}: {error}") from None
        self._senders = {
            each.endpoint: Sender(state.path, each.endpoint, each.courier, each.patience) for each in outlets
        }
        self._threads = {
            endpoint: threading.Thread(target=sender.run, name=endpoint, daemon=True)
            for endpoint, sender in self._senders.items()
        }

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads.values():
            thread.start()

    def stop(self) -> None:
        """Let the exchanges under way end, if that goes at once."""
        for sender in self._senders.values():
            sender.stop()
        until_s = time.monotonic() + _END_S
        for thread in self._threads.values():
            if thread.ident is not None:
                thread.join(max(0.0, until_s - time.monotonic()))

    def checks(self) -> Sequence[Check]:
        """Give whether letters are sent; an endpoint that fails is told, and makes the core no less ready."""
        if not self._senders:
            return ()
        with closing(self._state.reader()) as connection:
            return [
                Check(
                    endpoint,
                    self._threads[endpoint].is_alive(),
                    _words(sender.trouble, outbox_counts(connection, endpoint)),
                )
                for endpoint, sender in self._senders.items()
            ]

    def collect(self) -> Iterator[Metric]:
        """Give the metrics now, also of endpoints that are no longer configured."""
        with closing(self._state.reader()) as connection:
            counts = counts_by_endpoint(connection)
            oldest = {endpoint: oldest_waiting_s(connection, endpoint) for endpoint in counts}
            requests = stages(connection)
        if not counts:
            return
        labels = ["endpoint"]
        letters = CounterMetricFamily(
            "narrowgate_outbox_letters",
            "Steps of cases by endpoint and outcome.",
            labels=[*labels, "outcome"],
        )
        waiting = GaugeMetricFamily(
            "narrowgate_outbox_waiting_letters", "Steps of cases not delivered yet.", labels=labels
        )
        age = GaugeMetricFamily(
            "narrowgate_outbox_oldest_seconds", "Age of the oldest step not delivered yet.", labels=labels
        )
        for endpoint, each in counts.items():
            letters.add_metric([endpoint, "delivered"], each.delivered)
            letters.add_metric([endpoint, "given_up"], each.dead + each.forgotten)
            waiting.add_metric([endpoint], each.pending)
            since_s = oldest[endpoint]
            age.add_metric([endpoint], 0.0 if since_s is None else max(0.0, time.time() - since_s))
        there = GaugeMetricFamily(
            "narrowgate_open311_requests", "Requests at Open311 servers.", labels=[*labels, "stage"]
        )
        for (endpoint, stage), number in requests.items():
            there.add_metric([endpoint, stage], number)
        yield from (letters, waiting, age, there)
        if WEBHOOK in self._senders:
            yield from _webhook_metrics(counts.get(WEBHOOK, NONE_AT_ALL))


def _words(trouble: str, counts: OutboxCounts) -> str:
    figures = f"{counts.delivered} delivered, {counts.pending} waiting, {counts.dead} given up"
    return f"{trouble}; {figures}" if trouble else figures


def _webhook_metrics(counts: OutboxCounts) -> Iterator[Metric]:
    """Give the webhook's figures under the names of their own that they have always had."""
    letters = CounterMetricFamily(
        "narrowgate_webhook_letters", "Steps of cases posted, by outcome.", labels=["outcome"]
    )
    letters.add_metric(["delivered"], counts.delivered)
    letters.add_metric(["given_up"], counts.dead + counts.forgotten)
    yield letters
    yield GaugeMetricFamily(
        "narrowgate_webhook_waiting_letters", "Steps of cases not delivered yet.", value=counts.pending
    )
