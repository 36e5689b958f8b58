"""A real headless Chromium, driven by its DevTools protocol: open a page, ask it, take its picture."""

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

import needs

START_WITHIN_S = 120.0
SHOWN_WITHIN_S = 100.0
_MOST_BYTES = 1 << 26
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--disable-crash-reporter", "--remote-debugging-port=0", "about:blank",
)  # fmt: skip


class Gone(RuntimeError):
    """The page was left while it was asked."""


class Browser:
    """One tab."""

    def __init__(self, tab: ClientConnection) -> None:
        """Drive the tab behind a DevTools connection."""
        self._tab = tab
        self._calls = 0
        self.requested: list[str] = []
        """The addresses that pages asked for."""
        self.complaints: list[str] = []
        """What pages logged as errors."""
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._call(f"{domain}.enable")

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._calls += 1
        self._tab.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._tab.recv(timeout=SHOWN_WITHIN_S))
            if message.get("id") == self._calls:
                if "error" in message:
                    words = f"{method}: {message['error']['message']}"
                    raise Gone(words) if "navigated" in words or "context" in words else RuntimeError(words)
                return dict(message["result"])
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        if event["method"] == "Network.requestWillBeSent":
            self.requested.append(parameters["request"]["url"])
        elif event["method"] == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))
        elif event["method"] == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.complaints.append(str(parameters["entry"]))

    def open(self, address: str, *, width: int = 1440, height: int = 1000, language: str = "en-US") -> None:
        """Open an address in a window of a size [px], as a browser of a language."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        self._call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        # The answer to `navigate` may come before the page does: until then the one before is asked.
        self.ask("window.isLeft = true")
        self._call("Page.navigate", url=address)
        self.await_true("!window.isLeft")

    def sign_out(self) -> None:
        """Forget who was signed in, anywhere."""
        self._call("Network.clearBrowserCookies")

    def forget(self) -> None:
        """Leave the page, which may still be asking for something, and forget what pages asked and logged."""
        self.open("about:blank")
        self.requested.clear()
        self.complaints.clear()

    def ask(self, expression: str) -> Any:
        """Give the value of a JavaScript expression."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def await_true(self, expression: str) -> None:
        """Return when a JavaScript expression has become true; AssertionError if it does not in time."""
        watch = (
            "new Promise(done => { const look = () => { let so = false;"
            f" try {{ so = Boolean({expression}) }} catch {{}} so ? done(true) : setTimeout(look, 30) }};"
            f" look(); setTimeout(() => done(false), {SHOWN_WITHIN_S * 900}) }})"
        )
        answer = self._watch(watch)
        shown = self.ask("document.body.innerText")
        assert answer["result"]["value"], f"never true: {expression}; the page shows: {shown}"

    def _watch(self, watch: str) -> dict[str, Any]:
        """Wait for a promise, on the next page where the one that made it has been left."""
        deadline = time.monotonic() + SHOWN_WITHIN_S
        while True:
            try:
                return self._call("Runtime.evaluate", expression=watch, awaitPromise=True, returnByValue=True)
            except Gone:
                if time.monotonic() > deadline:
                    raise

    def text(self) -> str:
        """Give the text that the page shows."""
        return str(self.ask("document.body.innerText"))

    def picture(self, path: Path) -> None:
        """Write what the window shows as a PNG."""
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Run Chromium with a fresh profile in a folder; skip the test where Chromium is missing."""
    program = needs.debian("chromium", "chromium")
    command = [program, f"--user-data-dir={profile}", *_OPTIONS]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        address = _devtools(process)
        with closing(connect(address, max_size=_MOST_BYTES)) as root:
            tab = address.rpartition("/devtools/")[0] + "/devtools/page/" + _first_tab(root)
        # Between tests nobody reads what the page tells: neither a full queue nor a late pong ends the tab.
        with closing(connect(tab, max_size=_MOST_BYTES, max_queue=None, ping_interval=None)) as connection:
            yield Browser(connection)
    finally:
        # Chromium is a family of processes: all of them end, and none goes on writing to the profile.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(START_WITHIN_S)


def _devtools(process: "subprocess.Popen[str]") -> str:
    """Give the address that Chromium announces on its standard error."""
    assert process.stderr is not None
    deadline = time.monotonic() + START_WITHIN_S
    for line in process.stderr:
        if line.startswith("DevTools listening on "):
            return line.removeprefix("DevTools listening on ").strip()
        if time.monotonic() > deadline:
            break
    raise AssertionError("Chromium did not start")


def _first_tab(root: ClientConnection) -> str:
    root.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
    targets = json.loads(root.recv(timeout=START_WITHIN_S))["result"]["targetInfos"]
    return next(str(target["targetId"]) for target in targets if target["type"] == "page")
