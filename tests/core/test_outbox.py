# ruff: noqa: F811
"""Mails are written with their cause, and sent once, whatever happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.core import clock, db, outbox
from app.core.errors import Conflict
from app.core.mail import smtp as mail_smtp
from app.core.outbox import MAX_ATTEMPTS, Mail, MailServerUnreachable, OutboxMail, enqueue, enqueue_all, send_due
from tests.jobs.company import at_work, make_app, send
from tests.jobs.conftest import company, either, jobs_postgres_template, jobs_template, sqlite_url, url  # noqa: F401
from tests.support.process import free_port, ready_made

NOON = datetime(2026, 11, 24, 12)


def write(key: str = "test, 1", to: str = "ann@example.com", subject: str = "您好", **kwargs) -> bool:
    return enqueue(to, subject, "Hello Ann\n", "<p>Hello <b>Ann</b></p>", key, **kwargs)


def use(application, url: str) -> None:
    application.extensions["kehu.settings"] = replace(application.extensions["kehu.settings"], smtp_url=url)


def mail() -> OutboxMail:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(sa.select(OutboxMail)).one()


@pytest.fixture
def sending(company, smtp):
    use(company, smtp.url)
    return smtp


class TestEnqueue:
    def test_there_is_one_mail_for_each_key(self, either):
        assert write() is True
        assert write(subject="Another") is False
        db.session.commit()
        assert write() is False
        assert mail().subject == "您好"

    def test_tells_which_of_many_are_new(self, either):
        write("test, 7")
        mails = [Mail("a@example.com", "S", "T", "H", f"test, {number}") for number in range(500)]
        assert enqueue_all(mails) == {f"test, {number}" for number in range(500)} - {"test, 7"}

    def test_goes_with_its_cause(self, either):
        write()
        db.session.rollback()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == 0
        assert write() is True

    def test_the_message_id_follows_from_the_key(self, company):
        write()
        db.session.commit()
        first = mail().message_id
        assert first.startswith("<") and first.endswith("@kehu.example.com>")
        assert outbox.message_id("test, 1") == first != outbox.message_id("test, 2")


class TestSending:
    def test_sends_text_and_html(self, sending):
        with clock.stopped(NOON):
            write(locale="zh")
            db.session.commit()
            assert send_due() == (1, 0)
        (message,) = sending.messages
        assert message["Subject"] == "您好"
        assert message["From"] == "Kehu <kehu@kehu.example.com>" and message["To"] == "ann@example.com"
        assert message["Date"] == "Tue, 24 Nov 2026 04:00:00 +0000"
        assert message["Message-ID"] == mail().message_id
        assert message.get_body(("plain",)).get_content().strip() == "Hello Ann"
        assert "<b>Ann</b>" in message.get_body(("html",)).get_content()
        assert (message.envelope_from, message.envelope_to) == ("kehu@kehu.example.com", ["ann@example.com"])
        sent = mail()
        assert (sent.state, sent.attempts, sent.leased_until) == ("sent", 1, None)
        assert sent.sent_on is not None
        assert send_due() == (0, 0)

    def test_without_a_server_mails_stay_queued(self, company):
        write()
        db.session.commit()
        assert send_due() == (0, 0)
        assert (mail().state, mail().attempts) == ("queued", 0)

    def test_what_is_refused_for_now_waits_and_goes_out_under_the_same_id(self, sending):
        sending.refuse_next(2)
        with clock.stopped(NOON):
            write()
            db.session.commit()
            assert send_due() == (0, 1)
            waiting = mail()
            assert (waiting.state, waiting.attempts) == ("queued", 1)
            assert waiting.error == "451 4.3.0 Try again later"
            assert waiting.not_before - clock.now() == timedelta(minutes=1)
            assert send_due() == (0, 0)
        with clock.stopped(NOON + timedelta(minutes=1)):
            assert send_due() == (0, 1)
            assert mail().not_before - clock.now() == timedelta(minutes=4)
        with clock.stopped(NOON + timedelta(minutes=5)):
            assert send_due() == (1, 0)
        assert [message["Message-ID"] for message in sending.messages] == [mail().message_id]
        assert (mail().state, mail().error) == ("sent", None)

    def test_waiting_can_be_ignored(self, sending):
        sending.refuse_next(1)
        write()
        db.session.commit()
        send_due()
        assert send_due(ignore_waiting=True) == (1, 0)

    def test_what_is_refused_for_good_fails_at_once_and_holds_up_nothing(self, sending):
        sending.refuse_next(1, "550 5.1.1 No such mailbox")
        write("test, 1")
        write("test, 2")
        db.session.commit()
        assert send_due() == (1, 1)
        states = dict(db.session.execute(sa.select(OutboxMail.dedup_key, OutboxMail.state)).all())
        assert states == {"test, 1": "failed", "test, 2": "sent"}

    def test_gives_up_after_many_attempts(self, sending):
        sending.refuse_next(MAX_ATTEMPTS)
        write()
        db.session.commit()
        for _attempt in range(MAX_ATTEMPTS):
            assert mail().state == "queued"
            send_due(ignore_waiting=True)
        assert (mail().state, mail().attempts) == ("failed", MAX_ATTEMPTS)

    def test_a_failed_mail_can_be_sent_again(self, sending):
        sending.refuse_next(1, "550 No")
        write()
        db.session.commit()
        send_due()
        outbox.retry(mail())
        db.session.commit()
        assert send_due() == (1, 0)
        with pytest.raises(Conflict):
            outbox.retry(mail())

    def test_says_when_the_server_is_gone_and_tries_no_further(self, company):
        use(company, f"smtp://127.0.0.1:{free_port()}")
        write("test, 1")
        write("test, 2")
        db.session.commit()
        with pytest.raises(MailServerUnreachable):
            send_due()
        assert [row.attempts for row in db.session.execute(sa.select(OutboxMail.attempts).order_by(OutboxMail.id))] == [
            1,
            0,
        ]

    @pytest.mark.parametrize(
        "to", ["nobody", "a@b@c", "ann@example.com\nBcc: all@example.com", "a,b@example.com", "", "<x>@example.com"]
    )
    def test_what_is_no_address_fails_and_reaches_nobody(self, sending, to):
        write(to=to)
        db.session.commit()
        assert send_due() == (0, 1)
        assert mail().state == "failed" and sending.messages == []

    def test_a_subject_brings_in_no_header(self, sending):
        write(subject="Hello\r\nBcc: all@example.com\r\n\r\nBody")
        db.session.commit()
        assert send_due() == (1, 0)
        (message,) = sending.messages
        assert message["Bcc"] is None and message["Subject"] == "Hello Bcc: all@example.com Body"
        assert message.envelope_to == ["ann@example.com"]


class TestLease:
    def test_what_another_sender_has_in_hand_is_left_to_it(self, sending):
        write()
        db.session.commit()
        assert outbox._lease(mail().id) is not None
        assert outbox._lease(mail().id) is None
        assert send_due() == (0, 0)

    def test_what_a_dead_sender_had_in_hand_goes_out_once_its_lease_has_run_out(self, sending):
        with clock.stopped(NOON):
            write()
            db.session.commit()
            outbox._lease(mail().id)
        with clock.stopped(NOON + outbox.LEASE):
            assert send_due() == (1, 0)
        assert mail().attempts == 2

    def test_several_processes_send_each_mail_once(self, url, smtp):
        with at_work(make_app(url)):
            enqueue_all(Mail("a@example.com", f"{number}", "T", "", f"test, {number}") for number in range(60))
            db.session.commit()
        senders = [ready_made().Process(target=send, args=(url, smtp.url), daemon=True) for _number in range(3)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(60)
        assert [sender.exitcode for sender in senders] == [0, 0, 0]
        assert len(smtp.messages) == 60
        assert len({message["Message-ID"] for message in smtp.messages}) == 60


class TestServer:
    @pytest.mark.parametrize(
        ("url", "server"),
        [
            ("smtp://mail.example.com", mail_smtp.Server("mail.example.com", 25, False)),
            ("smtp://ann:p%40ss@mail.example.com", mail_smtp.Server("mail.example.com", 587, False, "ann", "p@ss")),
            ("smtps://a%40b.c:x@mail.example.com", mail_smtp.Server("mail.example.com", 465, True, "a@b.c", "x")),
            ("smtp://127.0.0.1:2525", mail_smtp.Server("127.0.0.1", 2525, False)),
        ],
    )
    def test_is_read_from_its_address(self, url, server):
        assert mail_smtp.Server.at(url) == server

    @pytest.mark.parametrize("url", ["http://mail", "mail.example.com:25", "smtp://", "smtp://:x@"])
    def test_refuses_other_addresses_and_tells_no_password(self, url):
        with pytest.raises(ValueError, match="KEHU_SMTP_URL"):
            mail_smtp.Server.at(url)
