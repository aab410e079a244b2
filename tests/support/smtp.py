"""A real SMTP server for the tests: it keeps what it is sent, and refuses when told to."""

import time
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.process import free_port


class ReceivedMessage(EmailMessage):
    """A message as it arrived, with the envelope that it came in."""

    envelope_from: str = ""
    envelope_to: list[str] = []


_PARSER = BytesParser(policy=policy.default.clone(message_factory=ReceivedMessage))


class SmtpServer:
    """Listens on a free port. `messages` are what it took, in order; `refused` counts what it did not."""

    def __init__(self) -> None:
        self.messages: list[ReceivedMessage] = []
        self.refused = 0
        self._refusals: list[str] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def url(self) -> str:
        """As KEHU_SMTP_URL takes it."""
        return f"smtp://127.0.0.1:{self.port}"

    def refuse_next(self, n: int = 1, reply: str = "451 4.3.0 Try again later") -> None:
        """Answer the next `n` messages with `reply`: a 4xx is a passing refusal, a 5xx one for good."""
        self._refusals.extend([reply] * n)

    def wait_for(self, count: int, within: float = 10) -> list[ReceivedMessage]:
        """The messages, once there are `count`; AssertionError when after `within` seconds there are not."""
        deadline = time.monotonic() + within
        while len(self.messages) < count:
            assert time.monotonic() < deadline, f"{len(self.messages)} messages came, not {count}"
            time.sleep(0.02)
        return self.messages

    def stop(self) -> None:
        """Be gone, as a server is that has crashed: connections are refused from now on."""
        if self._controller.server is not None:
            self._controller.stop()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self._refusals:
            self.refused += 1
            return self._refusals.pop(0)
        message = _PARSER.parsebytes(envelope.original_content or b"")
        assert isinstance(message, ReceivedMessage)
        message.envelope_from = envelope.mail_from or ""
        message.envelope_to = [str(recipient) for recipient in envelope.rcpt_tos]
        self.messages.append(message)
        return "250 Message accepted"
