"""What a process says when something is wrong: one line each, and not too many."""

import logging
import subprocess
import sys

import pytest

from narrowgate_gateway.complaints import MOST_LINES_A_MINUTE, Lines, complain


@pytest.fixture
def log() -> logging.Logger:
    """Give a logger that speaks for the edge, alone."""
    logger = logging.Logger("test")
    logger.addHandler(Lines("edge"))
    return logger


def test_a_text_of_several_lines_is_said_in_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a text holds, it stays one line, and no letter of it steers the terminal."""
    complain("core", "first\n  second\x1b[2Jthird")

    assert capsys.readouterr().err == "narrowgate core: first second?[2Jthird\n"


def test_a_long_text_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A line has at most 400 characters of its text."""
    complain("", "x" * 10_000)

    assert capsys.readouterr().err == f"narrowgate: {'x' * 400}\n"


def test_a_logged_exception_is_a_line(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """A record with an exception says its kind and text, without where it was raised."""
    try:
        raise KeyError("gone")
    except KeyError:
        log.exception("Rendering %s failed\nbadly", "it")

    assert capsys.readouterr().err == "narrowgate edge: Rendering it failed: KeyError: 'gone'\n"


def test_talk_below_a_warning_is_not_said(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """Libraries' chatter stays unsaid."""
    log.info("Duplicate CON received")

    assert capsys.readouterr().err == ""


def test_a_flood_is_a_few_lines(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """However often strangers cause a line, it is said so many times a minute and no more."""
    for n in range(1000):
        log.warning("noise %d", n)

    # A minute may turn meanwhile: then there are as many again at most, and how many were left out.
    said = capsys.readouterr().err.splitlines()
    assert MOST_LINES_A_MINUTE <= len(said) <= 2 * MOST_LINES_A_MINUTE + 1


@pytest.mark.parametrize(
    "place", ["raise RuntimeError('oh')", "threading.Thread(target=lambda: 1 / 0).start()"]
)
def test_an_unforeseen_fault_is_a_line(place: str) -> None:
    """A fault of ours, in the main thread or another, is one line that says how to see more."""
    speak = "import threading; from narrowgate_gateway.complaints import speak_plainly; speak_plainly('edge')"
    done = subprocess.run(
        [sys.executable, "-c", f"{speak}; {place}"], capture_output=True, text=True, check=False
    )

    (line,) = done.stderr.splitlines()
    assert line.startswith("narrowgate edge: internal fault: ")
    assert line.endswith(" (NARROWGATE_DEBUG=1 shows where)")
