"""The servers that the tests stand on work as they say."""

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import psycopg
import pytest
import sqlalchemy as sa

from tests.support import process
from tests.support.server import LiveServer


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def write_note(url: str, text: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.text("CREATE TABLE notes (text varchar NOT NULL)"))
        connection.execute(sa.text("INSERT INTO notes VALUES (:text)"), {"text": text})


def count_notes(url: str) -> int:
    with connected(url) as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM notes")).scalar_one())


class TestPostgres:
    def test_gives_a_database_that_works(self, postgres_url):
        write_note(postgres_url, "客户")
        assert postgres_url.startswith("postgresql+psycopg://")
        assert count_notes(postgres_url) == 1

    def test_gives_each_its_own(self, postgres):
        first, second = postgres.make_database(), postgres.make_database()
        write_note(first, "here")
        with pytest.raises(sa.exc.ProgrammingError, match="does not exist"):
            count_notes(second)

    def test_copies_a_template(self, postgres):
        template = postgres.make_database()
        write_note(template, "copied")
        assert count_notes(postgres.make_database(template)) == 1

    def test_makes_a_database_as_its_template_is_again(self, postgres):
        template = postgres.make_database()
        write_note(template, "copied")
        url = postgres.make_database(template)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute("INSERT INTO notes VALUES ('more')")
            connection.commit()
            postgres.renew_database(url, template)
        assert count_notes(url) == 1

    def test_drops_a_database_that_is_in_use(self, postgres):
        url, other = (postgres.make_database().replace("+psycopg", "") for _ in range(2))
        with psycopg.connect(url) as connection:
            postgres.drop_database(url)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        with psycopg.connect(other) as connection:
            names = [row[0] for row in connection.execute("SELECT datname FROM pg_database")]
        assert url.rpartition("/")[2] not in names
        assert other.rpartition("/")[2] in names

    def test_speaks_utf8_and_folds_case_of_foreign_letters(self, postgres_url):
        with connected(postgres_url) as connection:
            assert connection.execute(sa.text("SELECT lower('É')")).scalar_one() == "é"


def letter(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ann <ann@example.com>"
    message["To"] = "bob@example.com"
    message["Subject"] = subject
    message.set_content("您好 Bob")
    message.add_alternative("<p>您好 Bob</p>", subtype="html")
    return message


class TestSmtp:
    def send(self, smtp, subject: str = "本周计划", **envelope) -> None:
        with smtplib.SMTP("127.0.0.1", smtp.port, timeout=10) as client:
            client.send_message(letter(subject), **envelope)

    def test_keeps_what_it_is_sent(self, smtp):
        self.send(smtp, to_addrs=["bob@example.com", "cleo@example.com"])
        (message,) = smtp.messages
        assert message["Subject"] == "本周计划"
        assert message.get_body(("plain",)).get_content().strip() == "您好 Bob"
        assert message.envelope_from == "ann@example.com"
        assert message.envelope_to == ["bob@example.com", "cleo@example.com"]
        assert smtp.url == f"smtp://127.0.0.1:{smtp.port}"

    def test_refuses_as_often_as_told(self, smtp):
        smtp.refuse_next(2)
        for _ in range(2):
            with pytest.raises(smtplib.SMTPDataError, match="451"):
                self.send(smtp)
        self.send(smtp)
        assert (len(smtp.messages), smtp.refused) == (1, 2)

    def test_refuses_for_good_when_told_so(self, smtp):
        smtp.refuse_next(1, "550 5.1.1 No such mailbox")
        with pytest.raises(smtplib.SMTPDataError, match="550"):
            self.send(smtp)

    def test_is_gone_after_stop(self, smtp):
        smtp.stop()
        with pytest.raises(ConnectionRefusedError):
            self.send(smtp)


class TestBrowser:
    def test_draws_a_page_and_runs_its_script(self, page):
        page.set_content("<h1>客户</h1><script>document.title = 1 + 1</script>")
        assert page.title() == "2"
        assert page.get_by_role("heading").inner_text() == "客户"

    def test_tells_what_a_page_did_wrong(self, browser):
        from tests.support.browser import open_page

        with pytest.raises(AssertionError) as told, open_page(browser) as page:
            page.set_content("<img src='http://example.com/a.png'><script>throw new Error('oops')</script>")
            page.wait_for_timeout(200)
        assert "asked http://example.com/a.png" in str(told.value)
        assert "oops" in str(told.value)


class TestProcess:
    def test_takes_its_children_along(self, tmp_path):
        script = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); input()"
        log = tmp_path / "log"
        parent = process.spawn(["sh", "-c", f'{sys.executable} -c "{script}"; sleep 60'], log=log)
        while not log.read_text().strip():
            time.sleep(0.02)
        child = log.read_text().split()[0]
        process.stop(parent)
        for _ in range(100):
            state = subprocess.run(["ps", "-o", "stat=", "-p", child], capture_output=True, text=True).stdout
            if not state.strip() or state.startswith("Z"):
                return
            time.sleep(0.02)
        pytest.fail("the child lives on")


class TestLiveServer:
    def test_says_why_it_did_not_start(self, tmp_path):
        server = LiveServer(tmp_path, {}, ("--no-such-option",))
        with pytest.raises(RuntimeError, match="ended with status"):
            server.start()
