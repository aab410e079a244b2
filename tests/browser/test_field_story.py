"""A day outside, told by the field form: Ann leaves without a connection, comes back, tells of two customers, one of them
new, with a photo and a voice memo, and finds everything in the office, each once, although an answer was lost.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from tests.browser.company import Company
from tests.browser.phones import (
    HARBOUR,
    HEARD,
    OPEN,
    Person,
    open_field,
    phone,
    picture,
    save,
    settle,
    shoot,
    speak,
    tell,
)
from tests.support.browser import MICROPHONE, open_browser

WORDS = {
    "en-US": {"offline": "No connection", "waits": "Waits", "voice": "Voice memo", "back": "I am back"},
    "zh-CN": {"offline": "无网络", "waits": "等待中", "voice": "语音备忘", "back": "我回来了"},
}


@pytest.fixture(scope="module")
def listening() -> Iterator[Browser]:
    """A browser with a microphone."""
    with open_browser(*MICROPHONE) as browser:
        yield browser


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


@pytest.mark.parametrize("locale", WORDS)
def test_a_day_outside(company: Company, listening: Browser, locale: str) -> None:
    words = WORDS[locale]
    name = f"ann{locale[:2]}"
    ann = Person(company, name)
    harbour = ann.add("customers", name=f"Harbour {locale}")
    monday = today() - timedelta(days=today().weekday())
    line = {"planned_on": str(today()), "customer": harbour["id"], "kind": "visit", "goal": "Show the new valves"}
    plan = ann.add("weekly-plans", week=str(monday), plan="The harbour", lines=[line])

    with phone(listening, locale) as page:
        open_field(company, page, ann)
        context = page.context

        # No connection: the page is there all the same, with what was planned.
        context.set_offline(True)
        page.reload()
        expect(page.locator("[data-link]")).to_have_text(words["offline"])
        expect(page.locator("html")).to_have_attribute("lang", locale[:2] if locale == "en-US" else "zh")
        page.locator("[data-today] button").click()
        expect(page.locator("[data-out-what]")).to_contain_text(f"Harbour {locale}")
        expect(page.locator("[data-waiting-count]")).to_have_text("1")
        page.reload()
        expect(page.locator(OPEN)).to_have_count(1)
        expect(page.locator(f"{OPEN} .badge").first).to_have_text(words["waits"])

        # Back: the contact record, with a photo and what was said on the way.
        page.get_by_role("link", name=words["back"]).click()
        expect(page.locator("[data-known]")).to_have_text(f"Harbour {locale}")
        again = str(today() + timedelta(days=7))
        tell(page, "Interested", "They take ten valves to try", intent="Valves 阀门", next_contact_on=again)
        shoot(page, picture())
        speak(page)
        sound = page.locator("[data-shots] [data-kind=voice] audio")
        expect(sound).to_be_visible()
        page.reload()  # a phone that closed the page for its camera
        expect(page.locator("[data-shots] li")).to_have_count(2)
        expect(page.locator("#summary")).to_have_value("They take ten valves to try")
        save(page)
        expect(page.locator("[data-out]")).to_be_hidden()

        # Somebody new, told of in the same go.
        page.locator("[href='#customer']").click()
        page.fill("#new-name", f"Quay {locale}")
        page.fill("#new-phone", "+86 138 0000 1234")
        page.fill("#new-contact", "王伟")
        page.check("[name=new_here]")
        tell(page, "New", "Met on the quay")
        save(page)
        expect(page.locator(OPEN)).to_have_count(3)
        expect(page.locator(OPEN).nth(1)).to_contain_text(words["voice"])
        page.reload()
        expect(page.locator(OPEN)).to_have_count(3)
        assert ann.rows("outings") == [] and ann.rows("contact-records") == []

        # The connection is back. The server writes the record, and its answer is lost on the way.
        lost: list[str] = []

        def lose(route: Route) -> None:
            if lost:
                route.fallback()
                return
            answer = route.fetch()
            assert answer.ok, answer.text()
            lost.append(route.request.headers["idempotency-key"])
            route.abort("connectionreset")

        context.route("**/api/v1/outings/*/back", lose)
        context.set_offline(False)
        settle(page)
        assert len(lost) == 1
        page.locator("[data-sent-part] > summary").click()
        expect(page.locator("[data-sent] > li")).to_have_count(3)

        # Each arrived once, and belongs where it should.
        (outing,) = ann.rows("outings")
        assert (outing["state"], outing["customer"]["id"]) == ("back", harbour["id"])
        assert [round(float(outing[each]), 4) for each in HARBOUR] == list(HARBOUR.values())
        assert outing["leave_at"] <= outing["return_at"]
        visit, met = ann.rows("contact-records")
        assert (visit["outcome"], visit["intent"], visit["outing"]["id"]) == ("Interested", "Valves 阀门", outing["id"])
        assert (visit["at"], visit["way"]) == (outing["return_at"], "visit")
        seen = {row["name"]: row for row in ann.rows("customers")}
        assert seen[f"Harbour {locale}"]["next_contact_on"] == again
        quay = seen[f"Quay {locale}"]
        assert (met["customer"]["id"], quay["owner"]["id"]) == (quay["id"], ann.id)
        assert round(float(quay["latitude"]), 4) == HARBOUR["latitude"]
        assert [row["name"] for row in ann.rows("contacts") if row["customer"]["id"] == quay["id"]] == ["王伟"]
        assert ann.call("GET", f"weekly-plans/{plan['id']}")["result"]["lines"][0]["done"] is True
        photo, memo = sorted(ann.rows("files"), key=lambda row: row["kind"])
        assert [(row["kind"], row["record"]) for row in (photo, memo)] == [
            ("photo", f"contact-records/{visit['id']}"),
            ("voice", f"contact-records/{visit['id']}"),
        ]
        assert ann.fetch(f"files/{photo['id']}/content") == picture()
        with Image.open(io.BytesIO(ann.fetch(f"files/{photo['id']}/content?size=small"))) as small:
            assert max(small.size) < 640
        assert memo["media_type"] == "audio/webm"

        # In the office: seen and played on the record's page, from the middle too.
        page.goto(f"{company.url}/contact-records/show/{visit['id']}#files")
        expect(page.locator("#files .file-thumb")).to_be_visible()
        played = page.locator("#files audio")
        source = played.get_attribute("src") or ""
        page.evaluate("sound => sound.play()", played.element_handle())
        page.wait_for_function("sound => sound.currentTime > 0.2", arg=played.element_handle())
        length, loudest = page.evaluate(HEARD, source)
        assert 1 < length < 10 and loudest > 0.05
        part = context.request.get(company.url + source, headers={"Range": "bytes=100-199"})
        assert (part.status, len(part.body()), part.headers["content-type"]) == (206, 100, "audio/webm")
        assert part.headers["content-disposition"].startswith("inline")
