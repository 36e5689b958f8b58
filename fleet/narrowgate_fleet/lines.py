"""Bytes of a CSV file in, records out, each with its line number: what is no text is told, not raised."""

import csv
from collections.abc import Callable, Iterator
from typing import BinaryIO

from narrowgate_fleet.faults import Fault

LINE_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


class Lines:
    """The records of one CSV file; faults gather in `faults`, lines that cannot be trusted are left out."""

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None] | None = None) -> None:
        """Read from `stream`; `progress` is told the bytes of each line read."""
        self.faults: list[Fault] = []
        self._stream = stream
        self._progress = progress
        self._bad_until = 0

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Give (first line, cells) of every record that is not blank."""
        reader = csv.reader(self._decoded(), strict=True)
        line = 1
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                # What follows a broken quote may be anything: reading on would only make up faults.
                self.faults.append(Fault(line, "", "", f"broken CSV, reading ends here ({error})"))
                return
            if cells is None:
                return
            if cells and self._bad_until < line:
                yield line, cells
            line = reader.line_num + 1

    def _decoded(self) -> Iterator[str]:
        number = 0
        while raw := self._stream.readline(LINE_BYTES):
            number += 1
            if self._progress is not None:
                self._progress(len(raw))
            if number == 1:
                raw = raw.removeprefix(_BOM)
            reason = self._reason_against(raw, number)
            if reason is None:
                yield raw.decode("utf-8")
            else:
                self._bad_until = number
                self.faults.append(Fault(number, "", "", reason))
                if number == 1 or len(raw) == LINE_BYTES:
                    return  # without a header, or without lines, the rest means nothing
                yield "\n"

    def _reason_against(self, raw: bytes, number: int) -> str | None:
        if number == 1 and raw.startswith(_UTF16_BOMS):
            return "is UTF-16; save the file as UTF-8"
        if b"\0" in raw:
            return f"has a NUL byte at byte {raw.index(0) + 1} of the line; the file must be UTF-8 text"
        if len(raw) == LINE_BYTES:
            return f"is longer than {LINE_BYTES} bytes, reading ends here"
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            return f"is not UTF-8 at byte {error.start + 1} of the line (0x{raw[error.start]:02x})"
        return None
