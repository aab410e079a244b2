"""How a message is made and handed to the mail server, and what its answers mean.

``smtp://host`` speaks in clear and goes over to TLS when the server offers it; ``smtps://host`` begins with TLS.  A
certificate is checked whenever a password is sent or TLS was asked for; otherwise TLS with any certificate is better
than none.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

CONNECT_TIMEOUT = 5.0  # seconds for each address of the server
SEND_TIMEOUT = 30.0  # seconds for everything one mail needs
POLICY = policy.SMTP.clone(cte_type="7bit")


class Refused(Exception):
    """The server took the connection but not this mail; ``for_good`` when trying again is of no use."""

    def __init__(self, message: str, for_good: bool) -> None:
        super().__init__(message)
        self.for_good = for_good


class Unreachable(Exception):
    """There is no talking to the server: no mail can be sent now."""


@dataclass(frozen=True)
class Server:
    """A mail server, as its address names it."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = ""

    @classmethod
    def at(cls, url: str) -> Server:
        """The server at ``smtp[s]://[user:password@]host[:port]``.  Raises ValueError when it is no such address."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            # Not the address itself: it may hold the password.
            raise ValueError("KEHU_SMTP_URL must look like smtp://user:password@host:port or smtps://…")
        tls = parts.scheme == "smtps"
        user = unquote(parts.username or "")
        port = parts.port or (465 if tls else 587 if user else 25)
        return cls(parts.hostname, port, tls, user, unquote(parts.password or ""))


class _Punctual:
    """Lets no step of a conversation last beyond the time that the whole may take."""

    deadline = 0.0

    def _left(self) -> float:
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the mail server takes too long")
        return left

    def send(self, data: Any) -> None:
        if self.sock is not None:  # type: ignore[attr-defined]
            self.sock.settimeout(self._left())  # type: ignore[attr-defined]
        super().send(data)  # type: ignore[misc]

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is not None:  # type: ignore[attr-defined]
            self.sock.settimeout(self._left())  # type: ignore[attr-defined]
        return super().getreply()  # type: ignore[misc]


class _Plain(_Punctual, smtplib.SMTP):
    pass


class _Tls(_Punctual, smtplib.SMTP_SSL):
    pass


class Mailer:
    """Hands over one mail after the other, on one connection as long as it holds."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._client: _Plain | _Tls | None = None

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Hand ``message`` over, within SEND_TIMEOUT.  Raises Refused, Unreachable."""
        deadline = monotonic() + SEND_TIMEOUT
        with _judging():
            client = self._connected(deadline)
            try:
                client.send_message(message, sender, [recipient])
            except (OSError, smtplib.SMTPServerDisconnected):
                self.close()
                raise

    def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client is not None:
            client.deadline = monotonic() + CONNECT_TIMEOUT
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client.quit()
            client.close()

    def _connected(self, deadline: float) -> _Plain | _Tls:
        if self._client is not None:
            self._client.deadline = deadline
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if self._client.noop()[0] == 250:
                    return self._client
            self.close()
        kind = _Tls if self.server.tls else _Plain
        context: dict[str, Any] = {"context": ssl.create_default_context()} if self.server.tls else {}
        client = kind(timeout=CONNECT_TIMEOUT, local_hostname=socket.gethostname(), **context)
        client.deadline = deadline
        try:
            # What connect() does when the host is given at once, but after the deadline is set.
            client._host = self.server.host  # type: ignore[union-attr]
            code, reply = client.connect(self.server.host, self.server.port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, reply)
            client.ehlo_or_helo_if_needed()
            if not self.server.tls and client.has_extn("starttls"):
                client.starttls(context=self._opportunistic())
                client.ehlo()
            if self.server.user:
                client.login(self.server.user, self.server.password)
        except BaseException:
            client.close()
            raise
        self._client = client
        return client

    def _opportunistic(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if not self.server.user:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def __enter__(self) -> Mailer:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


@contextlib.contextmanager
def _judging() -> Iterator[None]:
    """Turn what smtplib raises into Refused or Unreachable."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = next(iter(error.recipients.values()))
        raise Refused(_words(code, reply), for_good=code >= 500) from error
    except smtplib.SMTPDataError as error:
        raise Refused(_words(error.smtp_code, error.smtp_error), for_good=error.smtp_code >= 500) from error
    except smtplib.SMTPSenderRefused as error:
        # Ours to put right (the sender's address): the mail itself may wait for it.
        raise Refused(_words(error.smtp_code, error.smtp_error), for_good=False) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Refused(str(error), for_good=True) from error
    except smtplib.SMTPResponseException as error:
        raise Unreachable(_words(error.smtp_code, error.smtp_error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(str(error) or type(error).__name__) from error


def _words(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(text.split())}"


def message(
    *, sender: str, to: str, subject: str, text: str, html: str, message_id: str, at: datetime, language: str = ""
) -> EmailMessage:
    """The message as it goes over the wire.

    Raises ValueError when a header could not be what it says (a line break, no address).
    """
    made = EmailMessage(policy=POLICY)
    try:
        made["From"] = sender
        made["To"] = recipient(to)
        made["Subject"] = " ".join(subject.split())
        made["Date"] = format_datetime(at)
        made["Message-ID"] = message_id
        made["Auto-Submitted"] = "auto-generated"
        if language:
            made["Content-Language"] = language
        made.set_content(text)
        if html:
            made.add_alternative(html, subtype="html")
    except (MessageError, IndexError, AttributeError) as error:
        raise ValueError(str(error)) from error
    return made


def recipient(to: str) -> Address:
    """``to`` as an address that can stand in a header.  Raises ValueError when it can't."""
    name, at, domain = to.strip().rpartition("@")
    if not at or not name or not domain or any(ord(letter) < 33 or letter in ",;<>()" for letter in to.strip()):
        raise ValueError(f"{to!r} is not an e-mail address")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise ValueError(f"{to!r} is not an e-mail address") from error
    try:
        return Address(addr_spec=f"{name}@{domain}")
    except (MessageError, IndexError, ValueError) as error:
        raise ValueError(f"{to!r} is not an e-mail address") from error


def bare(sender: str) -> str:
    """The address in «Name <address>»."""
    return parseaddr(sender)[1] or sender
