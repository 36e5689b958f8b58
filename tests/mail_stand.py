"""A real mail server on a loopback port, which misbehaves as it is told."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from narrowgate_simulators.ports import free_tcp_port

USER, PASSWORD = "narrowgate", "the password of a mailbox"
HANG_UP = "421 we close"


@dataclass
class Mailbox:
    """Keeps what is sent; after keeping it, says what is next in `plan`, or that all is well."""

    port: int
    mails: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    """Addresses that are refused."""
    later: set[str] = field(default_factory=set)
    """Addresses that are put off."""
    farewell: str = "221 Bye"
    """What is said to who leaves."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if address in self.unknown:
            return "550 no such mailbox"
        if address in self.later:
            return "450 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a mail."""
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        self.recipients.append(list(envelope.rcpt_tos))
        return self.plan.pop(0) if self.plan else "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Let somebody go."""
        return self.farewell

    def read(self, number: int = -1) -> EmailMessage:
        """Give a mail as a reader of mail takes it."""
        message = message_from_bytes(self.mails[number], policy=default)
        assert isinstance(message, EmailMessage)
        return message

    def text(self, number: int = -1, kind: str = "plain") -> str:
        """Give the text of a mail, or its page."""
        part = self.read(number).get_body((kind,))
        assert part is not None
        return str(part.get_content())


@contextmanager
def mail_server(context: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """Run a server, with STARTTLS and a password where there is a certificate."""
    box = Mailbox(free_tcp_port())
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=box.port,
        tls_context=context,
        require_starttls=context is not None,
        auth_required=context is not None,
        authenticator=_authenticate,
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)
