from datetime import datetime
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

import app.jobs
from app.core import clock, db, outbox
from app.core.errors import Conflict
from app.core.outbox import OutboxMail
from app.jobs import commands, execution, lease
from app.jobs.job import Job, Occasion
from app.jobs.models import JobRun, ScheduledJob, ask_for
from tests.jobs.company import at_work, make_app

occasions: list[Occasion] = []


def do(occasion: Occasion) -> str:
    """Write a mail and say so."""
    occasions.append(occasion)
    outbox.enqueue("ann@example.com", "S", "T", "", f"probe, {len(occasions)}")
    return "Done well."


def fail(occasion: Occasion) -> str:
    do(occasion)
    raise Conflict("It can't be.")


@pytest.fixture(autouse=True)
def timetable(monkeypatch):
    """Two jobs of every hour besides the real ones: one works, one does not."""
    occasions.clear()
    extra = (Job("probe", "0 * * * *", do, "Probe", ""), Job("broken", "0 * * * *", fail, "Broken", ""))
    monkeypatch.setattr(app.jobs, "TIMETABLE", (*app.jobs.TIMETABLE, *extra))
    monkeypatch.setattr(commands, "TIMETABLE", app.jobs.TIMETABLE)


def at(hour: int, minute: int = 0, day: int = 24):
    return clock.stopped(datetime(2026, 11, day, hour, minute))


def row(name: str = "probe") -> ScheduledJob:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(sa.select(ScheduledJob).where(ScheduledJob.name == name)).one()


def runs(name: str = "probe") -> list[tuple[str, str]]:
    found = db.session.execute(
        sa.select(JobRun.state, JobRun.trigger).join(ScheduledJob).where(ScheduledJob.name == name).order_by(JobRun.id)
    )
    return [tuple(each) for each in found]


def hours(moment: datetime) -> str:
    return f"{clock.local(moment):%d %H:%M}"


@pytest.fixture
def synced(either):
    with at(12, 30), db.transaction():
        app.jobs.sync_jobs()
    return either


@pytest.fixture
def ran_before(synced):
    """The probe has run at 13:00."""
    with at(13):
        assert execution.run_due("probe")
    occasions.clear()
    return synced


class TestDue:
    def test_runs_at_its_time_and_no_sooner(self, synced):
        with at(12, 59):
            assert execution.run_due("probe") is None
        with at(13):
            assert execution.run_due("probe") is True
            assert execution.run_due("probe") is None
        job = row()
        assert (hours(job.last_run), hours(job.next_run)) == ("24 13:00", "24 14:00")
        assert (job.last_state, job.last_result, job.version) == ("done", "Done well.", 1)
        assert runs() == [("done", "timetable")]
        assert [hours(occasion.due) for occasion in occasions] == ["24 13:00"]

    def test_of_many_that_see_it_due_one_runs_it(self, url):
        application = make_app(url)
        with at_work(application), at(12, 30), db.transaction():
            app.jobs.sync_jobs()
        outcomes = []
        barrier = Barrier(5)

        def run() -> None:
            with application.app_context():
                barrier.wait()
                outcomes.append(execution.run_due("probe"))

        with at(13):
            threads = [Thread(target=run) for _number in range(5)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert sorted(outcomes, key=str) == [None] * 4 + [True]
        assert len(occasions) == 1

    def test_a_disabled_job_does_not_run(self, synced):
        job = row()
        job.enabled = False
        db.session.commit()
        assert row().next_run is None
        with at(13):
            assert execution.run_due("probe") is None

    def test_a_failure_is_told_and_leaves_nothing_behind(self, synced):
        with at(13):
            assert execution.run_due("broken") is False
        job = row("broken")
        assert (job.last_state, job.last_result, hours(job.next_run)) == ("failed", "It can't be.", "24 14:00")
        assert runs("broken") == [("failed", "timetable")]
        assert db.session.scalars(sa.select(JobRun.error)).all() == ["It can't be."]
        mails = db.session.scalars(sa.select(OutboxMail)).all()
        assert [mail.subject for mail in mails] == ["The job “Broken” failed"], "the administrator's, not the job's"


class TestMissed:
    def test_is_made_up_once(self, ran_before):
        with at(17, 30):
            assert execution.run_due("probe") is True
            assert execution.run_due("probe") is None
        assert [hours(occasion.due) for occasion in occasions] == ["24 17:00"]
        assert hours(row().next_run) == "24 18:00"
        assert runs() == [("done", "timetable"), ("missed", "timetable"), ("done", "made_up")]

    def test_a_job_that_has_never_run_has_missed_nothing(self, synced):
        with at(17, 30):
            assert execution.run_due("probe") is None
        assert not occasions and runs() == []
        assert (row().last_run, hours(row().next_run)) == (None, "24 18:00")
        with at(18):
            assert execution.run_due("probe") is True

    def test_a_little_late_is_in_time(self, synced):
        with at(13, 4):
            assert execution.run_due("probe") is True
        assert runs() == [("done", "timetable")]

    def test_what_was_off_has_missed_nothing(self, ran_before):
        row().enabled = False
        db.session.commit()
        with at(17, 30):
            row().enabled = True
            db.session.commit()
            assert hours(row().next_run) == "24 18:00"
            assert execution.run_due("probe") is None


class TestInterrupted:
    def interrupt(self, trigger: str = "timetable") -> None:
        """A run that a process which is gone has left behind."""
        started = clock.now()
        db.session.add(
            JobRun(job_id=row().id, due=started, started=started, state="running", trigger=trigger, runner="gone/1")
        )
        db.session.commit()

    def test_is_made_up_once(self, synced):
        with at(13):
            self.interrupt()
            assert execution.make_up_interrupted("gone/1") == 1
            assert execution.make_up_interrupted("gone/1") == 0
        assert runs() == [("failed", "timetable"), ("done", "made_up")]
        assert [hours(occasion.due) for occasion in occasions] == ["24 13:00"]

    def test_what_was_made_up_is_not_made_up_again(self, synced):
        with at(13):
            self.interrupt("made_up")
            assert execution.make_up_interrupted("gone/1") == 0
        assert runs() == [("failed", "made_up")]

    def test_what_another_runs_is_left_alone(self, synced):
        with at(13):
            self.interrupt()
            assert execution.make_up_interrupted("another/2") == 0
        assert runs() == [("running", "timetable")]


class TestByHand:
    def test_runs_as_if_its_time_were_now(self, synced):
        with at(12, 40):
            assert commands.run("probe") is True
        assert occasions == [Occasion()] and occasions[0].by_hand
        assert runs() == [("done", "command")]
        # Its time by the timetable stays.
        assert (hours(row().last_run), hours(row().next_run)) == ("24 12:40", "24 13:00")

    def test_says_whether_it_failed(self, synced, capsys):
        assert commands.run("broken") is False
        assert "It can't be." in capsys.readouterr().err
        assert commands.run("no-such-job") is False
        assert "weekly-plan-reminder" in capsys.readouterr().err

    def test_the_real_ones_run(self, synced, capsys):
        for name in ("weekly-plan-reminder", "weekly-plan-last-call", "low-stock-alert", "send-mail", "clean-up"):
            with at(12, 40):
                assert commands.run(name) is True
        assert "6 reminded of their plan" in capsys.readouterr().out

    def test_lists_the_timetable(self, synced):
        lines = commands.list_jobs()
        assert lines[0].startswith("Name")
        assert any(
            line.startswith("weekly-plan-reminder ") and "0 15 * * fri" in line and "2026-11-27 15:00" in line
            for line in lines
        )

    def test_asking_for_a_run(self, synced):
        with at(12, 45):
            with pytest.raises(Conflict, match="KEHU_RUN_JOBS"):
                ask_for(row())
            lease.take("somebody")
            ask_for(row())
            db.session.commit()
            asked_on = row().asked_on
            assert execution.run_asked("probe", asked_on) is True
            assert execution.run_asked("probe", asked_on) is None
        assert runs() == [("done", "user")] and row().asked_on is None


class TestTimetable:
    def test_what_an_administrator_set_stays(self, synced):
        job = row()
        job.schedule = "30 7 * * *"
        db.session.commit()
        with db.transaction():
            app.jobs.sync_jobs()
        assert row().schedule == "30 7 * * *"

    def test_a_new_schedule_counts_from_now(self, synced):
        with at(12, 50):
            row().schedule = "  55  12 * * * "
            db.session.commit()
            assert (row().schedule, hours(row().next_run)) == ("55 12 * * *", "24 12:55")

    def test_refuses_what_is_no_schedule(self, synced):
        from app.core.errors import Invalid

        row().schedule = "at noon"
        with pytest.raises(Invalid) as refusal:
            db.session.flush()
        assert "schedule" in refusal.value.errors

    def test_sending_mail_leaves_no_trace_when_there_is_none(self, synced):
        with at(12, 1):
            assert execution.run_due("send-mail") is True
        assert hours(row("send-mail").last_run) == "24 12:01"
        assert runs("send-mail") == []
