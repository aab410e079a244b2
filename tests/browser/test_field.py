"""The field form where something goes wrong: refused, logged out, somebody else's phone, a memo whose upload broke; and how
it looks.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import eyes
from tests.browser.company import Company
from tests.browser.phones import (
    BEGUN,
    OPEN,
    PASSWORD,
    PEOPLE,
    WRITTEN,
    Person,
    choose,
    open_field,
    phone,
    picture,
    save,
    settle,
    shoot,
    speak,
    tell,
    wait_until,
)


@pytest.fixture(scope="module")
def ann(company: Company) -> Person:
    person = Person(company, "ann")
    person.add("customers", name="Harbour Trading")
    return person


@pytest.fixture(scope="module")
def cleo(company: Company) -> Person:
    return Person(company, "cleo")


def write(page: Page, outcome: str = "Interested", **more: str) -> None:
    """A contact record with Harbour Trading, saved."""
    page.locator(".field-taps [href='#record']").click()
    choose(page, "Harbour")
    tell(page, outcome, f"About {outcome}", **more)
    save(page)


def outcomes(person: Person) -> list[str]:
    return [row["outcome"] for row in person.rows("contact-records")]


def test_what_is_refused_says_why_and_is_corrected_or_discarded(
    company: Company, browser: Browser, ann: Person
) -> None:
    before = outcomes(ann)
    with phone(browser) as page:
        open_field(company, page, ann)
        page.locator(".field-taps [href='#record']").click()
        choose(page, "Harbour")
        tell(page, "Early", "Too early", next_contact_on="2020-01-01")
        shoot(page, picture())
        save(page)
        refused = page.locator(f"{OPEN} [data-part=record]")
        expect(refused).to_have_attribute("data-state", "refused")
        expect(refused).to_contain_text("The next contact can't be before this one.")
        expect(page.locator(f"{OPEN} [data-part=photo]")).to_contain_text("Waits for what is above it.")

        # It does not hold up what is in order, and stays over a reload.
        write(page, "Fine")
        expect(page.locator(OPEN)).to_have_count(1)
        page.reload()
        expect(refused).to_contain_text("The next contact can't be before this one.")
        assert outcomes(ann) == [*before, "Fine"]

        refused.get_by_role("button", name="Correct it").click()
        expect(page.locator("#summary")).to_have_value("Too early")
        page.fill("#next_contact_on", "2099-01-01")
        save(page)
        settle(page)
        assert outcomes(ann) == [*before, "Fine", "Early"]
        newest = ann.rows("contact-records")[-1]
        assert [each["record"] for each in ann.rows("files")][-1] == f"contact-records/{newest['id']}"

        # Another is thrown away, with what hangs on it.
        page.locator(".field-taps [href='#record']").click()
        choose(page, "Harbour")
        tell(page, "Never", "Never sent", next_contact_on="2020-01-01")
        shoot(page, picture())
        save(page)
        asked: list[str] = []
        page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
        refused.get_by_role("button", name="Discard").click()
        settle(page)
        assert "1 more" in asked[0]
    assert outcomes(ann) == [*before, "Fine", "Early"]


def test_who_has_to_log_in_again_loses_nothing(company: Company, browser: Browser, ann: Person) -> None:
    before = outcomes(ann)
    with phone(browser) as page:
        open_field(company, page, ann)
        page.context.clear_cookies()
        write(page, "Late")
        expect(page.locator("[data-note]")).to_contain_text("Your log-in has expired")
        expect(page.locator(OPEN)).to_have_count(1)
        assert outcomes(ann) == before
        page.locator("[data-note-login]").click()
        page.fill("#username", "ann")
        page.fill("#password", PASSWORD)
        page.click("[data-submit]")
        expect(page).to_have_url(re.compile("/field$"))
        settle(page)
        expect(page.locator("[data-sent] > li")).to_have_count(1)
    assert outcomes(ann) == [*before, "Late"]


def test_a_new_customer_who_may_be_there_is_told(company: Company, browser: Browser, ann: Person) -> None:
    with phone(browser) as page:
        open_field(company, page, ann)
        page.locator("[href='#customer']").click()
        page.fill("#new-name", "harbour  TRADING ltd")
        expect(page.locator("[data-view=record] [data-like]")).to_contain_text("Harbour Trading")
        page.uncheck("[name=with_record]")
        page.fill("#new-name", "Lighthouse")
        expect(page.locator("[data-view=record] [data-like]")).to_be_hidden()
        save(page)
        settle(page)
    assert "Lighthouse" in [row["name"] for row in ann.rows("customers")]


def test_what_one_wrote_is_nobody_elses(company: Company, browser: Browser, ann: Person, cleo: Person) -> None:
    before = [*outcomes(ann), "First"]
    with phone(browser) as page:
        open_field(company, page, ann)
        assert page.evaluate(PEOPLE) == [ann.id]
        write(page, "First")
        settle(page)
        page.locator(".field-taps [href='#record']").click()
        page.fill("#summary", "Half written")
        wait_until(page, BEGUN, lambda begun: len(begun) == 1)
        page.go_back()
        page.context.set_offline(True)
        page.reload()
        page.locator(".field-taps [href='#record']").click()
        expect(page.locator("#summary")).to_have_value("Half written")
        page.locator("[data-anew]").click()
        expect(page.locator("#summary")).to_have_value("")
        page.go_back()
        write(page, "Hers")
        page.locator(".field-taps [href='#record']").click()
        page.fill("#summary", "Begun")
        wait_until(page, BEGUN, lambda begun: len(begun) == 1)
        # It does not go out before she does.
        page.context.route("**/api/v1/contact-records/", lambda route: route.abort())
        page.context.set_offline(False)
        page.goto(f"{company.url}/customers/list/")
        page.locator(".user-menu > summary").click()
        page.locator("[data-logout] button").click()
        page.locator("#username").wait_for()
        assert page.evaluate("() => caches.keys()") == [] and page.evaluate(PEOPLE) == []
        assert page.evaluate("() => localStorage.getItem('kehu-field')") is None
        # It is there, and was not sent: or its sending was broken off by leaving the page, which is the same.
        ((state, part),) = page.evaluate(WRITTEN)
        assert state in ("waiting", "sending") and part == "record" and page.evaluate(BEGUN) == []
        page.context.unroute("**/api/v1/contact-records/")

        open_field(company, page, cleo)
        expect(page.locator(OPEN)).to_have_count(0)
        page.locator(".field-taps [href='#record']").click()
        page.locator("#record-customer").fill("Harbour")
        expect(page.locator("[data-view=record] [data-matches]")).to_contain_text("Nobody of yours")
        page.goto(f"{company.url}/field")
        settle(page)
        assert outcomes(ann) == before

        # Ann again: now it goes out, as hers.
        page.context.clear_cookies()
        open_field(company, page, ann)
        page.locator("[data-sent-part] > summary").click()
        expect(page.locator("[data-sent] > li")).to_have_count(1)
    assert outcomes(ann) == [*before, "Hers"]


def test_who_else_has_logged_in_meanwhile_sends_nothing_of_it(
    company: Company, browser: Browser, ann: Person, cleo: Person
) -> None:
    with phone(browser) as page:
        open_field(company, page, cleo)
        beside = page.context.new_page()
        page.context.clear_cookies()
        ann.log_in(beside)
        page.locator(".field-taps [href='#leave']").click()
        page.fill("#leave-purpose", "Cleo's errand")
        save(page)
        page.wait_for_function("id => JSON.parse(localStorage.getItem('kehu-field'))?.id === id", arg=ann.id)
        expect(page.locator(OPEN)).to_have_count(0)
        expect(page.locator("[data-out]")).to_be_hidden()
        assert "Cleo's errand" not in [row["purpose"] for row in (*ann.rows("outings"), *cleo.rows("outings"))]
        page.context.clear_cookies()
        open_field(company, page, cleo)
        assert [(row["purpose"], row["state"]) for row in cleo.rows("outings")] == [("Cleo's errand", "out")]
        expect(page.locator("[data-out-what]")).to_have_text("Cleo's errand")


def test_a_memo_whose_upload_broke_is_sent_again(company: Company, browser: Browser, ann: Person) -> None:
    customer = ann.rows("customers")[0]
    with phone(browser) as page:
        ann.log_in(page)
        page.goto(f"{company.url}/customers/show/{customer['id']}#files")
        tries: list[str] = []

        def break_off(route: Route) -> None:
            tries.append(route.request.headers["idempotency-key"])
            route.abort("connectionreset")

        page.context.route("**/api/v1/files/", break_off)
        button = page.locator("#files [data-voice]")
        button.click()
        expect(button).to_have_attribute("data-running", "")
        page.wait_for_timeout(1200)
        button.click()
        expect(page.locator("[data-memo]")).to_contain_text("The connection broke")
        page.reload()
        expect(page.locator("[data-memo]")).to_contain_text("Voice memo")
        # The page that was loaded anew has tried too; it goes on by itself, or at a press where it has not yet.
        expect(page.locator("[data-memo]")).to_contain_text("The connection broke")
        page.context.unroute("**/api/v1/files/")
        page.evaluate("document.querySelector('[data-memo] button')?.click()")
        expect(page.locator("#files .file-list audio")).to_have_count(1, timeout=30_000)
        expect(page.locator("[data-memo]")).to_have_count(0)
    memos = [row for row in ann.rows("files") if row["kind"] == "voice"]
    assert [row["record"] for row in memos] == [f"customers/{customer['id']}"]
    assert tries and len(set(tries)) == 1


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_how_it_looks(company: Company, browser: Browser, ann: Person, locale: str) -> None:
    chinese = locale == "zh-CN"
    data = ["Harbour Trading", "Interested", "Fine", "Early", "Late", "Hers", "Ann Li", "Kehu"]
    wrong: list[str] = []
    with phone(browser, locale) as page:
        open_field(company, page, ann)
        page.context.set_offline(True)

        def look(where: str) -> None:
            for theme in eyes.THEMES:
                eyes.dress(page, theme)
                found = eyes.read(page, words=chinese, data=data) + eyes.breadth(page)
                wrong.extend(f"{where}, {theme}: {each}" for each in found + eyes.axe(page))

        look("home")
        page.locator(".field-taps [href='#record']").click()
        page.locator("#record-customer").fill("Harbour")
        expect(page.locator("[data-view=record] [data-matches] button")).to_have_count(1)
        look("matches")
        choose(page, "Harbour")
        page.locator("form:visible [type=submit]").click()
        expect(page.locator(".field-error:visible")).to_have_count(2)
        look("errors")
        tell(page, "Interested", "阀门", next_contact_on="2020-01-01")
        shoot(page, picture())
        speak(page)
        expect(page.locator("[data-shots] li")).to_have_count(2)
        look("record")
        save(page)
        page.locator("[href='#customer']").click()
        look("customer")
        page.go_back()
        page.locator("[href='#leave']").click()
        look("leave")
        page.fill("#leave-purpose", "阀门")
        save(page)
        expect(page.locator("[data-out]")).to_be_visible()
        look("out")
        page.locator("[data-come-back-plain]").click()
        page.context.set_offline(False)
        expect(page.locator(f"{OPEN} [data-state=refused]")).to_have_count(1, timeout=30_000)
        page.locator("[data-sent-part] > summary").click()
        look("refused")
    assert wrong == []
