"""Findings that were found otherwise when history was run again: the desk follows them anew."""

import sqlite3


def expect(connection: sqlite3.Connection, finding: str, version: int) -> None:
    """Let a version of a finding be news to the desk, in the caller's transaction."""
    connection.execute(
        "UPDATE case_findings SET version = ? WHERE finding = ? AND version >= ?",
        (version - 1, finding, version),
    )
