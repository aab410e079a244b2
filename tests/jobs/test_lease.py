from datetime import datetime, timedelta
from threading import Barrier, Thread

from app.core import clock
from app.jobs import lease
from tests.jobs.company import at_work, make_app

NOON = datetime(2026, 11, 24, 12)


class TestTake:
    def test_one_holds_it_and_renews_it(self, either):
        with clock.stopped(NOON):
            assert lease.take("one") == (True, "")
            assert lease.take("other") == (False, "one")
        with clock.stopped(NOON + timedelta(seconds=30)):
            assert lease.take("one") == (True, "one")
        with clock.stopped(NOON + timedelta(seconds=60)):
            assert lease.take("other") == (False, "one")

    def test_another_takes_over_within_a_minute_of_the_holders_death(self, either):
        with clock.stopped(NOON):
            lease.take("one")
        with clock.stopped(NOON + timedelta(seconds=60 - lease.LOOK)):
            assert lease.take("other") == (True, "one")
            assert lease.take("one") == (False, "other")

    def test_is_free_at_once_when_given_up(self, either):
        with clock.stopped(NOON):
            lease.take("one")
            lease.release("other")
            assert not lease.take("other").held
            lease.release("one")
            assert lease.take("other") == (True, "one")

    def test_of_many_at_once_one_gets_it(self, url):
        held = []
        barrier = Barrier(6)
        application = make_app(url)

        def take(name: str) -> None:
            with application.app_context():
                barrier.wait()
                held.append(lease.take(name).held)

        threads = [Thread(target=take, args=(f"process {number}",)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with at_work(application):
            assert held.count(True) == 1 and len(held) == 6
