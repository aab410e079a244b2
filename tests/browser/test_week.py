"""One's own week: planned by typing and by the keyboard alone, ticked, moved to another day, and nothing typed is lost."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.company import Company, asks_to_stay

WEEK = "/week/?week=2030-01-07"  # a Monday, so that no day has passed


def day(page: Page, name: str) -> Locator:
    return page.locator("[data-day]", has=page.get_by_role("heading", name=name))


def entry(page: Page, name: str) -> Locator:
    return page.locator("[data-line]", has_text=name)


def test_a_week_is_planned_by_the_keyboard(company: Company, console: Page) -> None:
    page = console
    company.go(page, WEEK)
    tuesday = day(page, "Tue 8 Jan")
    tuesday.get_by_role("combobox", name="Customer").focus()
    page.keyboard.type("harbour")
    expect(page.get_by_role("option", name="Shanghai Harbour Trading")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # the kind, which is a visit
    page.keyboard.press("Tab")
    page.keyboard.type("Agree on the volumes")
    page.keyboard.press("Enter")
    expect(entry(page, "Agree on the volumes")).to_contain_text("Shanghai Harbour Trading")
    # Ready for the next one of the same day.
    expect(day(page, "Tue 8 Jan").get_by_role("combobox", name="Customer")).to_be_focused()

    # What is refused stays typed, with the message at its field.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    goal = day(page, "Tue 8 Jan").get_by_role("textbox", name="Goal")
    expect(goal).to_be_focused()
    page.keyboard.press("Enter")
    expect(day(page, "Tue 8 Jan").locator(".field-error")).to_contain_text("This is required")
    expect(day(page, "Tue 8 Jan").get_by_role("textbox", name="Goal")).to_be_focused()
    page.keyboard.type("Team meeting")
    page.keyboard.press("Enter")
    expect(entry(page, "Team meeting")).to_be_visible()
    assert page.locator("[data-line]").count() == 2

    # Done with one press, and still done after the page is loaded anew.
    entry(page, "Team meeting").get_by_role("button", name="Done").click()
    expect(entry(page, "Team meeting").get_by_role("button", name="Done")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(entry(page, "Team meeting").get_by_role("button", name="Done")).to_have_attribute("aria-pressed", "true")


def test_what_is_due_is_planned_and_things_move(company: Company, console: Page) -> None:
    page = console
    company.go(page, WEEK)
    offer = page.locator(".week-offer", has_text="北京科技有限公司")
    expect(offer).to_contain_text("Next contact on 2030-01-08")
    offer.get_by_role("textbox", name="Goal").fill("Hand over samples")
    offer.get_by_role("button", name="Plan it").click()
    expect(day(page, "Tue 8 Jan").locator("[data-line]", has_text="Hand over samples")).to_be_visible()
    expect(page.locator(".week-offer", has_text="北京科技有限公司")).to_have_count(0)

    entry(page, "Hand over samples").drag_to(day(page, "Thu 10 Jan"))
    expect(day(page, "Thu 10 Jan").locator("[data-line]", has_text="Hand over samples")).to_be_visible()

    # By the keyboard it is the day in «Change».
    entry(page, "Hand over samples").locator(".week-more > summary").focus()
    page.keyboard.press("Enter")
    field = entry(page, "Hand over samples").get_by_label("Day")
    field.fill("2030-01-11")
    field.press("Enter")
    expect(day(page, "Fri 11 Jan").locator("[data-line]", has_text="Hand over samples")).to_be_visible()

    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Submitted").first).to_be_visible()


def test_what_is_typed_elsewhere_stays_when_a_line_is_ticked(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/week/?week=2030-02-04")
    monday = day(page, "Mon 4 Feb")
    monday.get_by_role("textbox", name="Goal").fill("Tidy up")
    monday.get_by_role("textbox", name="Goal").press("Enter")
    expect(entry(page, "Tidy up")).to_be_visible()
    page.get_by_role("textbox", name="Plan").fill("A quiet week")
    day(page, "Tue 5 Feb").get_by_role("textbox", name="Goal").fill("Half typed")
    entry(page, "Tidy up").get_by_role("button", name="Done").click()
    expect(entry(page, "Tidy up").get_by_role("button", name="Done")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("textbox", name="Plan")).to_have_value("A quiet week")
    expect(day(page, "Tue 5 Feb").get_by_role("textbox", name="Goal")).to_have_value("Half typed")
    # What was sent is safe, what was not is asked about: also after the page was put in its place anew.
    assert asks_to_stay(page)
    expect(page.get_by_role("textbox", name="Plan")).to_have_value("A quiet week")
    page.get_by_role("textbox", name="Plan").fill("A busy week")
    day(page, "Tue 5 Feb").get_by_role("textbox", name="Goal").press("Enter")
    expect(entry(page, "Half typed")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator("[data-week]")).not_to_have_attribute("aria-busy", "true")
    assert not asks_to_stay(page)


def test_one_tap_leaves_and_says_where(company: Company, console: Page) -> None:
    page = console
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 31.25, "longitude": 121.5})
    company.go(page, f"/outings/show/{company.rows['outing']['id']}")
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_text("You are out:")).to_be_visible()
    told = company.call("GET", f"outings/{company.rows['outing']['id']}")["result"]
    assert (told["state"], told["latitude"], told["longitude"]) == ("out", "31.250000", "121.500000")
    # Back is the contact record, prefilled; saved, it ends the outing.
    page.get_by_role("link", name="I am back").click()
    expect(page.get_by_role("combobox", name="Customer").first).to_have_value("C00002 Shanghai Harbour Trading")
    page.get_by_role("textbox", name="Outcome").or_(page.get_by_role("combobox", name="Outcome")).first.fill(
        "Interested"
    )
    page.get_by_role("textbox", name="Summary").fill("They want samples of two.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Show samples")
    expect(page.get_by_text("Back", exact=True).first).to_be_visible()
    assert company.call("GET", f"outings/{company.rows['outing']['id']}")["result"]["state"] == "back"
