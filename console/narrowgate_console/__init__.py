"""What people see: services with authorisation, HTTP API, pages.

Rule 1: pages and API ask the services, as a principal, and nothing else.
Rule 2: the page toolkit is loaded by `serving` alone; importing this package costs no start of a process.
"""

from narrowgate_console.access import Access
from narrowgate_console.administration import Administration
from narrowgate_console.binding import Binding, refusal_to_bind
from narrowgate_console.faults import StoreUnreadable
from narrowgate_console.principals import LOCAL, Denied, NotThere, Principal, Role, Scope
from narrowgate_console.services import Services
from narrowgate_console.sources import Check, Diagnosis, Part, Sources

__all__ = [
    "LOCAL",
    "Access",
    "Administration",
    "Binding",
    "Check",
    "Denied",
    "Diagnosis",
    "NotThere",
    "Part",
    "Principal",
    "Role",
    "Scope",
    "Services",
    "Sources",
    "StoreUnreadable",
    "refusal_to_bind",
]
