"""The core's webhook: the sender's thread, and what the core shows of it. Without one, nothing of it is."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from narrowgate_cases import OutboxCounts, install_outbox, outbox_counts
from narrowgate_cases.webhook_sender import Patience, Sender
from narrowgate_console import Check
from narrowgate_gateway.webhook_endpoint import endpoint_of
from narrowgate_gateway.webhook_settings import Webhook
from narrowgate_ingest.state import State

_END_S = 5.0
"""How long the core waits for a POST under way [s]; one that is cut off is made again under its name."""


class WebhookOut(Collector):
    """The configured receiver of a core, or none at all."""

    def __init__(self, options: Webhook, state: State) -> None:
        """Have steps put into the outbox from now on, if there is a receiver.

        Raises:
            ValueError: the secret or the certificates cannot be had, or the outbox cannot be made.
        """
        self._state = state
        self._thread: threading.Thread | None = None
        self._sender: Sender | None = None
        try:
            install_outbox(state.connection, is_on=bool(options.url))
        except sqlite3.Error as error:
            raise ValueError(f"{state.path}: {error}") from None
        if not options.url:
            return
        patience = Patience(
            attempts_at_most=options.attempts_at_most, give_up_after_s=options.give_up_after_h * 3600.0
        )
        self._sender = Sender(state.path, endpoint_of(options), patience)
        self._thread = threading.Thread(target=self._sender.run, name="webhook", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        if self._thread is not None:
            self._thread.start()

    def stop(self) -> None:
        """Let the POST under way end, if that goes at once."""
        if self._sender is not None and self._thread is not None:
            self._sender.stop()
            self._thread.join(_END_S)

    def _counts(self) -> OutboxCounts:
        with closing(self._state.reader()) as connection:
            return outbox_counts(connection)

    def checks(self) -> Sequence[Check]:
        """Give whether letters are sent; a receiver that fails is told, and makes the core no less ready."""
        if self._sender is None or self._thread is None:
            return ()
        counts = self._counts()
        figures = f"{counts.delivered} delivered, {counts.pending} waiting, {counts.dead} given up"
        trouble = f"{self._sender.trouble}; " if self._sender.trouble else ""
        return (Check("webhook", self._thread.is_alive(), trouble + figures),)

    def collect(self) -> Iterator[Metric]:
        """Give the metrics now."""
        if self._sender is None:
            return
        counts = self._counts()
        letters = CounterMetricFamily(
            "narrowgate_webhook_letters", "Steps of cases posted, by outcome.", labels=["outcome"]
        )
        letters.add_metric(["delivered"], counts.delivered)
        letters.add_metric(["given_up"], counts.dead + counts.forgotten)
        yield letters
        yield GaugeMetricFamily(
            "narrowgate_webhook_waiting_letters", "Steps of cases not delivered yet.", value=counts.pending
        )
