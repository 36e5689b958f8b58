"""What people see: services, HTTP API, pages.

Rule 1: pages and API ask the services, and nothing else.
Rule 2: the page toolkit is loaded by `serving` alone; importing this package costs no start of a process.
"""

from narrowgate_console.faults import StoreUnreadable
from narrowgate_console.services import Services
from narrowgate_console.sources import Check, Sources

__all__ = ["Check", "Services", "Sources", "StoreUnreadable"]
