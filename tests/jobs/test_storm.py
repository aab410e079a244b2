"""The outbox in bad weather: senders that are killed, a mail server that stalls and drops the line."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.core import clock, db, outbox
from app.core.mail import smtp as mail_smtp
from tests.jobs.company import at_work, make_app
from tests.support.smtp import SmtpServer

KILLS = 20
MAILS = 150
ROOT = Path(__file__).resolve().parents[2]
# One process reads the code; its children send, and are killed after a while of any length.
SENDERS = """
import os, random, signal, sys, time
from tests.jobs.company import send

url, smtp_url, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
chance = random.Random(7)
for _kill in range(kills):
    child = os.fork()
    if child == 0:
        send(url, smtp_url)
        os._exit(0)
    time.sleep(chance.uniform(0.15, 0.6))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


class SlowServer(SmtpServer):
    """Takes its time over each message, so that a sender is killed in the middle of one."""

    async def handle_DATA(self, server, session, envelope):
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(0.02)
        return answer


def write(count):
    outbox.enqueue_all(outbox.Mail("a@example.com", f"{each}", "T", "", f"storm, {each}") for each in range(count))
    db.session.commit()


def states():
    db.session.rollback()
    return Counter(db.session.scalars(sa.select(outbox.OutboxMail.state)))


def test_senders_that_are_killed_lose_nothing(url):
    server = SlowServer()
    try:
        with at_work(make_app(url)):
            write(MAILS)
        command = [sys.executable, "-c", SENDERS, url, server.url, str(KILLS)]
        subprocess.run(command, cwd=ROOT, timeout=120, check=True, capture_output=True)
        before = len(server.messages)
        assert before > KILLS, "they did send"
        with at_work(make_app(url, smtp_url=server.url)):
            # What the killed ones had in hand is free once their leases have run out.
            with clock.stopped(clock.now() + outbox.LEASE + timedelta(seconds=1)):
                while sum(outbox.send_due(ignore_waiting=True)):
                    pass
            assert states() == {"sent": MAILS}
        arrived = Counter(message["Message-ID"] for message in server.messages)
        assert len(arrived) == MAILS, "all of them, each under one Message-ID"
        assert sum(arrived.values()) - MAILS <= KILLS, "at most one twice for each kill"
    finally:
        server.stop()


@contextlib.contextmanager
def a_server_that(behaves):
    """A server that takes connections and ``behaves`` so with each; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve():
        while not ended.is_set():
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            with connection:
                behaves(connection, ended)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"smtp://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        ended.set()
        listening.close()


def stalls(_connection, ended):
    ended.wait(30)


def drops(connection, _ended):
    connection.sendall(b"220 here\r\n")


def drops_in_the_middle(connection, _ended):
    connection.sendall(b"220 here\r\n")
    with connection.makefile("rb") as lines:
        for line in lines:
            if line.upper().startswith(b"DATA"):
                connection.sendall(b"354 go on\r\n")
                return
            connection.sendall(b"250 fine\r\n")


@pytest.mark.parametrize("behaves", [stalls, drops, drops_in_the_middle])
def test_a_server_that_does_not_behave_costs_an_attempt_and_no_mail(sqlite_url, smtp, monkeypatch, behaves):
    monkeypatch.setattr(mail_smtp, "CONNECT_TIMEOUT", 0.5)
    monkeypatch.setattr(mail_smtp, "SEND_TIMEOUT", 1.0)
    with a_server_that(behaves) as address, at_work(make_app(sqlite_url, smtp_url=address)):
        write(3)
        with pytest.raises(outbox.MailServerUnreachable):
            outbox.send_due()
        assert states() == {"queued": 3}
    with at_work(make_app(sqlite_url, smtp_url=smtp.url)):
        with clock.stopped(clock.now() + outbox.LEASE + timedelta(minutes=5)):
            assert outbox.send_due(ignore_waiting=True) == (3, 0)
        assert states() == {"sent": 3}
    assert len({message["Message-ID"] for message in smtp.messages}) == len(smtp.messages) == 3
