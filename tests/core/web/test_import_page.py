"""The pages of an import: columns mapped by hand and kept, the run on a worker, its result, and who may see it."""

from __future__ import annotations

import csv
import io
import os
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import db
from app.core.exchange import runs
from app.core.exchange.models import ImportMapping, ImportRun
from app.core.web import import_worker
from app.domains.crm.models import Customer
from tests.app_fixtures import Pages

PATH = "/customers/import"


def table(*rows: list[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def selected(text: str) -> dict[str, str]:
    """What each select of the mapping holds."""
    found = {}
    for name, options in re.findall(r'<select class="input select" name="(map-\d+)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


class Importer:
    """Somebody at the import's page."""

    def __init__(self, browser: Pages) -> None:
        self.browser = browser
        self.token = ""

    def upload(self, content: bytes, **fields: str) -> Any:
        answer = self.browser.post(PATH, {"file": (io.BytesIO(content), "customers.csv"), **fields})
        found = re.search(r'name="token" value="([^"]+)"', answer.text)
        self.token = found[1] if found else ""
        return answer

    def send(self, mode: str, **fields: str) -> Any:
        return self.browser.post(PATH, {"token": self.token, "mode": mode, **fields})

    def result(self, answer: Any) -> Any:
        """The page of the run that ``answer`` leads to, once it has ended."""
        assert answer.status_code == 302, answer.text
        for _try in range(100):
            page = self.browser.get(answer.headers["Location"])
            if "data-running" not in page.text:
                return page
            time.sleep(0.05)
        raise AssertionError("the import does not end")


@pytest.fixture
def importer(pages) -> Callable[[str], Importer]:
    return lambda username: Importer(pages(username))


def names(app: Any) -> list[str]:
    with app.app_context(), db.unscoped("a test counts") as everything:
        return list(everything.scalars(sa.select(Customer.name).order_by(Customer.id)))


class TestMapping:
    ROWS = table(
        ["Firma", "Ort", "Tel", "Rest"],
        ["Acme", "Wien", "01 1001", "x"],
        ["Beta", "Graz", "0316 2002", "y"],
        ["", "", "", ""],
    )

    def test_columns_that_nobody_can_guess_are_chosen_beside_what_they_hold(self, app, importer):
        ann = importer("ann")
        page = ann.upload(self.ROWS)
        assert page.status_code == 200
        assert "None of the columns is known" in page.text
        assert selected(page.text) == {f"map-{at}": "" for at in range(4)}
        assert '<span class="sample">Acme</span><span class="sample">Beta</span>' in page.text
        assert "New rows also need: Name." in page.text

        chosen = {"map-0": "name", "map-1": "region", "map-2": "phone", "map-3": ""}
        page = ann.send("preview", **chosen)
        assert selected(page.text) == chosen
        assert "New rows also need" not in page.text
        assert names(app) == []
        page = ann.result(ann.send("commit", **chosen))
        assert names(app) == ["Acme", "Beta"]
        assert "Undo this import" in page.text

    def test_what_would_write_nothing_says_so_at_the_button(self, importer):
        ann = importer("ann")
        page = ann.upload(b"Name,Latitude\nAcme,1\nBeta,500\n,700\n").text
        assert "Nothing would be written: 2 rows are refused." in page
        assert re.search(r'value="commit"[^>]* disabled', page)
        page = ann.send("preview", **{"map-0": "name", "map-1": "latitude", "on_error": "skip"}).text
        assert "Nothing would be written" not in page and not re.search(r'value="commit"[^>]* disabled', page)
        sent = ann.send("commit", **{"map-0": "name", "map-1": "latitude", "on_error": "skip"})
        assert re.search(r"Reasons: \d, rows: 2<", ann.result(sent).text)

    def test_names_that_cannot_be_stored_and_nested_nonsense_are_told(self, app, api, importer):
        ann = importer("ann")
        ann.upload(self.ROWS)
        page = ann.send("keep", **{"keep-name": "a\0b", "map-0": "name"})
        assert (page.status_code, "can&#39;t be stored" in page.text) == (422, True)
        client = api("ann")
        nested = '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"
        answer = client.upload("customers", b"Name\nAcme\n", "a.csv", mapping=nested)
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["mapping"])
        answer = client.upload("customers", b"Name,Code\nAcme,K1\nBeta,K1\n", "../a\0b.csv", on_error="skip")
        assert answer.status_code == 200
        run = answer.json["run"]
        assert client.get(f"import-runs/{run}").json["result"]["file"] == "ab.csv"

    def test_an_upload_is_for_the_kind_of_rows_it_was_sent_to(self, app, importer):
        ann = importer("ann")
        ann.upload(self.ROWS)
        for mode in ("preview", "commit"):
            sent = {"token": ann.token, "mode": mode, "map-0": "name"}
            assert ann.browser.post("/contacts/import", sent).status_code == 404
        ann.result(ann.send("commit", **{"map-0": "name"}))
        assert names(app) == ["Acme", "Beta"]

    def test_what_is_kept_of_a_run_is_no_upload(self, app, api, importer):
        ann = importer("ann")
        run = api("ann").upload("customers", b"Name,Code\nAcme,K1\nBeta,K1\n", "a.csv", on_error="skip").json["run"]
        with app.app_context(), db.unscoped("a test reads") as everything:
            ann.token = f"{everything.get(ImportRun, run).created_by_id}-run{run}"
        page = ann.send("preview", **{"map-0": "name"})
        assert page.status_code == 404
        with ann.browser.get(f"/customers/import/errors/{run}") as answer:
            assert answer.status_code == 200

    def test_two_columns_for_one_field_are_told_and_nothing_is_lost(self, app, importer):
        ann = importer("ann")
        ann.upload(self.ROWS)
        page = ann.send("commit", **{"map-0": "name", "map-1": "name", "map-2": "phone"})
        assert page.status_code == 422
        assert "“Firma” and “Ort” can&#39;t both go into one field." in page.text
        assert selected(page.text) == {"map-0": "name", "map-1": "name", "map-2": "phone", "map-3": ""}
        assert names(app) == []

    def test_one_is_kept_and_begins_the_next_import_of_the_same_headers(self, app, importer):
        ann, bob, wei = importer("ann"), importer("bob"), importer("wei")
        ann.upload(self.ROWS)
        chosen = {"map-0": "name", "map-1": "region", "map-2": "phone", "map-3": ""}
        assert "Give the mapping a name" in ann.send("keep", **chosen).text
        page = ann.send("keep", **chosen, **{"keep-name": "Old system"})
        assert "These columns are kept as “Old system”" in page.text

        # Her own: the next file begins with it, her manager knows nothing of it.
        page = ann.upload(table(["Tel", "Firma", "Ort", "Rest"], ["3", "Gamma", "Linz", "z"]))
        assert selected(page.text) == {"map-0": "phone", "map-1": "name", "map-2": "region", "map-3": ""}
        assert "Old system" not in bob.upload(self.ROWS).text

        # Shared: whoever may import customers has it too; where headers are missing it is offered, not used.
        ann.upload(self.ROWS)
        ann.send("keep", **chosen, **{"keep-name": "Old system", "keep-shared": "1"})
        assert selected(bob.upload(self.ROWS).text) == chosen
        page = bob.upload(table(["Firma", "Mail"], ["Delta", "d@example.com"]))
        assert "Old system · Ann Lee · 1 of 2 columns" in page.text
        assert selected(page.text) == {"map-0": "", "map-1": ""}
        with app.app_context(), db.unscoped("a test reads") as everything:
            kept = everything.scalars(sa.select(ImportMapping)).one()
            assert (kept.target, kept.shared, kept.owner.username) == ("customers", True, "ann")
            pk = str(kept.id)
        page = bob.send("use", use=pk, **{"map-0": "", "map-1": ""})
        assert selected(page.text) == {"map-0": "name", "map-1": ""}
        assert wei.browser.get(f"/import-mappings/show/{pk}").status_code == 404  # he imports no customers

        # Its own pages tell pairs, not JSON; only its owner changes it.
        page = ann.browser.get(f"/import-mappings/show/{pk}").text
        assert "Firma → Name" in page and "Rest → (left out)" in page
        assert "textarea" not in ann.browser.get(f"/import-mappings/edit/{pk}").text
        assert bob.browser.post(f"/import-mappings/delete/{pk}").status_code == 403
        assert ann.browser.post(f"/import-mappings/delete/{pk}").status_code == 302


class TestRun:
    def test_one_bad_row_of_a_thousand_leaves_nothing(self, app, api, importer, act):
        ann = importer("ann")
        rows = [[f"Tea {number}", "5" if number != 998 else "a lot"] for number in range(1000)]
        ann.upload(table(["Name", "Credit limit"], *rows))
        page = ann.result(ann.send("commit", **{"map-0": "name", "map-1": "credit_limit"}))
        assert "Nothing was written, because some rows were refused." in page.text
        assert "“a lot” is not a number" in page.text
        assert names(app) == []
        with act("ann"):
            run = db.session.scalars(sa.select(ImportRun)).one()
            assert (run.state, run.rows, run.created, run.failed, run.reached) == ("failed", 1000, 0, 1, 0)
            url = f"/customers/import/errors/{run.id}"
            pk = run.id
        # There is nothing to undo: its message stays.
        assert "action/undo" not in ann.browser.get(f"/import-runs/show/{pk}").text
        assert api("ann").post(f"import-runs/{pk}/undo").status_code == 409
        assert "Nothing was written, because" in ann.browser.get(f"/customers/import/run/{pk}").text
        assert ann.browser.get(url).status_code == 200

    def test_what_was_not_looked_at_after_a_thousand_refused_rows_is_said(self, importer):
        ann = importer("ann")
        page = ann.upload(table(["Name", "Credit limit"], *[["Tea", "a lot"]] * 1600))
        sentence = "After 1000 refused rows the rest of the file was not looked at"
        assert sentence in page.text
        page = ann.result(ann.send("commit", **{"map-0": "name", "map-1": "credit_limit"}))
        assert f"Nothing was written. {sentence}" in page.text

    def test_the_good_rows_are_written_batch_by_batch_and_all_of_them_taken_back(self, app, importer, act):
        ann = importer("ann")
        rows = [[f"Tea {number}", "5" if number != 700 else "a lot"] for number in range(1200)]
        ann.upload(table(["Name", "Credit limit"], *rows))
        page = ann.result(ann.send("commit", on_error="skip", **{"map-0": "name", "map-1": "credit_limit"}))
        assert len(names(app)) == 1199
        with act("ann"):
            run = db.session.scalars(sa.select(ImportRun)).one()
            assert (run.state, run.total, run.created, run.failed, run.reached) == ("done", 1200, 1199, 1, 1201)
        url = re.search(r'action="(/import-runs/action/undo/\d+)"', page.text)
        assert url is not None
        assert ann.browser.post(url[1]).status_code == 302
        assert names(app) == []

    def test_the_button_pressed_twice_imports_once(self, app, importer):
        ann = importer("ann")
        ann.upload(table(["Name"], ["Acme"]))
        first, second = (ann.send("commit", **{"map-0": "name"}) for _each in range(2))
        assert first.headers["Location"] == second.headers["Location"]
        ann.result(first)
        assert names(app) == ["Acme"]

    def test_it_is_seen_by_whoever_began_it_and_told_when_its_process_has_gone(
        self, app, importer, act, pages, monkeypatch
    ):
        ann = importer("ann")
        with act("ann"):
            values = {"on_match": "fail", "on_error": "skip", "rows": 500, "created": 500, "reached": 501, "total": 900}
            lost = ImportRun(target="customers", file="big.csv", state="running", worker="elsewhere/1/x", **values)
            db.session.add(lost)
            db.session.flush()
            url, folder = f"/customers/import/run/{lost.id}", runs.folder_of(lost)
        folder.mkdir(parents=True)
        runs.note_progress(folder, 700)
        page = ann.browser.get(url).text
        assert "data-running" in page
        assert "700 of 900 rows" in page
        monkeypatch.setattr(
            import_worker, "wait", lambda *_given: pytest.fail("a stranger waits for what is not there")
        )
        assert pages("cleo").get(url).status_code == 404
        assert ann.browser.get(url.replace("customers", "contacts")).status_code == 404
        monkeypatch.undo()

        # No sign of life for minutes.
        os.utime(folder / runs.PROGRESS, (time.time() - 600,) * 2)
        page = ann.browser.get(url).text
        assert "The rows of the file up to row 501 are done: 500 were written." in page
        assert "data-running" not in page
        with act(None):
            assert runs.settle_lost() == 1
        with act("ann"):
            assert db.session.scalars(sa.select(ImportRun)).one().state == "interrupted"


def test_a_run_on_postgresql(postgres_app):
    ann = Importer(Pages(postgres_app, "ann"))
    rows = [[f"Tea {number}", "5" if number != 550 else "a lot"] for number in range(600)]
    for on_error, written in (("stop", 0), ("skip", 599)):
        ann.upload(table(["Name", "Credit limit"], *rows))
        page = ann.result(ann.send("commit", on_error=on_error, **{"map-0": "name", "map-1": "credit_limit"}))
        assert "“a lot” is not a number" in page.text
        assert len(names(postgres_app)) == written
