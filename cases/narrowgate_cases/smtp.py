"""One mail to a server by SMTP, over verified TLS, and what came of it."""

import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path

_MOST_WORDS = 200


class Security(StrEnum):
    """How the way to a mail server is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"
    """For a server on this machine only."""


class MailFailed(Exception):
    """A mail that the server did not take; the text says why, in one line."""


@dataclass(frozen=True)
class MailServer:
    """Where mail goes out."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = ""
    timeout_s: float = 20.0
    ca_file: Path | None = None
    """The certificates that are trusted, PEM; the system's if None."""

    @property
    def name(self) -> str:
        """Give host and port."""
        return f"{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext:
        """Give what TLS trusts.

        Raises:
            OSError: the certificates cannot be read.
        """
        return ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file is not None else None)

    def send(self, message: EmailMessage, to: Sequence[str] | None = None) -> Mapping[str, str]:
        """Send a mail; give the recipients that the server refused, each with its words.

        Args:
            message: the mail.
            to: whom it is brought to; None: all that it names.

        Raises:
            MailFailed: nobody gets it.
        """
        try:
            with self._connected() as connection:
                refused = connection.send_message(message, to_addrs=to)
        except smtplib.SMTPRecipientsRefused as error:
            refusals = {to: _words(code, text) for to, (code, text) in error.recipients.items()}
            told = "; ".join(f"{to}: {words}" for to, words in sorted(refusals.items()))
            raise MailFailed(_line(told)) from None
        except smtplib.SMTPResponseException as error:
            raise MailFailed(_line(_words(error.smtp_code, error.smtp_error))) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailFailed(_line(str(error) or type(error).__name__)) from None
        return {to: _line(_words(code, text)) for to, (code, text) in refused.items()}

    def visit(self) -> None:
        """Connect, and sign in where there is a name; send nothing.

        Raises:
            MailFailed: that cannot be done.
        """
        try:
            with self._connected() as connection:
                connection.noop()
        except smtplib.SMTPResponseException as error:
            raise MailFailed(_line(_words(error.smtp_code, error.smtp_error))) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailFailed(_line(str(error) or type(error).__name__)) from None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Give a connection that is private and signed in, and end it."""
        if self.security is Security.TLS:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout_s, context=self.context()
            )
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
        try:
            if self.security is Security.STARTTLS:
                connection.starttls(context=self.context())
            if self.user:
                connection.login(self.user, self.password)
            yield connection
        finally:
            # The mail is taken, or refused, by now: what a server answers to a farewell changes neither.
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()


def _words(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"


def _line(words: str) -> str:
    line = " ".join(words.split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:_MOST_WORDS]
