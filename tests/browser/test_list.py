"""Lists: sorting, filters as chips, the search, and choosing rows."""

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.company import Company, begin_filter


def names(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("tbody th").all_inner_texts()]


def test_a_click_on_a_heading_sorts(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/products/list/")
    heading = page.locator("thead th", has=page.get_by_text("Name", exact=True))
    heading.locator("a").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    up = page.locator("tbody tr").all_inner_texts()
    heading.locator("a").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert page.locator("tbody tr").all_inner_texts() == up[::-1]
    assert len(up) == 4


def test_filters_come_by_typing_and_are_changed_in_their_chips(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/customers/list/")
    chips, rows = page.locator(".chip"), page.locator("tbody tr")
    expect(rows).to_have_count(4)
    # Choices are ticked, any number of them.
    begin_filter(page, "Stat")
    page.keyboard.press("Tab")
    page.locator("[data-filter-value]").get_by_label("Active").check()
    page.keyboard.press("Enter")
    expect(chips.locator("summary")).to_have_text("Status is Active")
    expect(rows).to_have_count(2)
    chips.locator("summary").click()
    chips.get_by_label("Lost").check()
    chips.get_by_role("button", name="Apply").click()
    expect(chips.locator("summary")).to_have_text("Status is one of Active, Lost")
    expect(rows).to_have_count(3)
    chips.locator("summary").click()
    chips.get_by_role("link", name="Opposite").click()
    expect(chips.locator("summary")).to_have_text("Status is none of Active, Lost")
    expect(rows).to_have_count(1)
    # Days by their name, which Enter applies; the address keeps the name.
    begin_filter(page, "Created")
    expect(page.locator("[data-filter-value] [data-span]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(chips.locator("summary").last).to_have_text("Created: this month")
    assert "created_on%3Awithin%3Athis-month" in page.url
    expect(rows).to_have_count(1)
    chips.locator("summary").last.click()
    page.locator(".chip [data-span]").select_option("between")
    chips.last.get_by_label("Until").fill("2026-01-31")
    page.keyboard.press("Enter")
    expect(chips.locator("summary").last).to_have_text("Created: until 2026-01-31")
    expect(page.locator(".empty-title")).to_be_visible()
    # Escape leaves an editor and changes nothing.
    chips.locator("summary").first.click()
    page.keyboard.press("Escape")
    expect(chips.locator("summary").first).to_be_focused()
    page.locator(".chip-remove").last.click()
    expect(chips).to_have_count(1)
    page.get_by_text("Clear all").click()
    expect(chips).to_have_count(0)
    expect(rows).to_have_count(4)


def test_slash_goes_to_the_search_which_knows_pinyin(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/customers/list/")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("cdtf")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("成都天府商贸")
    page.locator("[data-search]").fill("nothing like this")
    page.keyboard.press("Enter")
    expect(page.locator(".empty-title")).to_have_text("Nothing matches your search.")


def test_a_list_by_the_keyboard_alone(company: Company, console: Page) -> None:
    """Walk, choose, filter, open, go on to the next, come back to where one was."""
    page = console
    company.go(page, "/customers/list/?sort=name")
    current, press = page.locator("tbody tr.is-current"), page.keyboard.press
    listed = names(page)
    press("j")
    press("ArrowDown")
    expect(current).to_be_focused()
    expect(current).to_contain_text(listed[1])
    assert page.locator("tbody tr[tabindex='0']").count() == 1
    press("k")
    expect(current).to_contain_text(listed[0])
    # Chosen with Shift and one by one.
    press("Shift+ArrowDown")
    press("Shift+ArrowDown")
    expect(page.locator("[data-bulk-count]")).to_have_text("3 selected")
    press("Shift+ArrowUp")
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
    press("x")
    press("Space")
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
    press("Escape")
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    # Opened, and on to the next in this order.
    press("Enter")
    page.wait_for_url("**/customers/show/*")
    expect(page.locator(".place")).to_contain_text("2 of 4")
    for key, place in (("j", "3 of 4"), ("k", "2 of 4"), ("j", "3 of 4")):
        press(key)
        expect(page.locator(".place")).to_contain_text(place)
        page.wait_for_load_state()  # the keys are heard when the page's scripts are there
    press("u")
    page.wait_for_url("**/customers/list/*")
    expect(current).to_contain_text(listed[2])
    expect(current).to_be_focused()
    # The browser's own way back finds the row too.
    press("Enter")
    page.wait_for_url("**/customers/show/*")
    page.go_back()
    expect(current).to_contain_text(listed[2])
    # F begins a filter, N something new; what is typed into a field is typed.
    press("f")
    expect(page.locator("#filter-field-text")).to_be_focused()
    page.keyboard.type("jnx")
    expect(page.locator("#filter-field-text")).to_have_value("jnx")
    press("Escape")
    expect(page.locator("[data-filter] > summary")).to_be_focused()
    press("n")
    page.wait_for_url("**/customers/add")


def test_columns_are_moved_and_kept(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/brands/list/")
    before = [each.strip() for each in page.locator("thead th").all_inner_texts()]
    page.locator(".columns > summary").click()
    item = page.locator(".columns-item").nth(1)
    label = item.locator(".check-label").inner_text().strip()
    item.get_by_role("checkbox").check()
    item.get_by_role("checkbox").press("Alt+ArrowUp")
    expect(page.locator(".columns-item").first).to_contain_text(label)
    page.locator(".columns-item").nth(2).get_by_role("checkbox").check()
    page.locator(".columns-item").nth(2).drag_to(page.locator(".columns-item").first, target_position={"x": 40, "y": 2})
    dragged = page.locator(".columns-item").first.locator(".check-label").inner_text().strip()
    page.locator(".columns-panel").get_by_role("button", name="Apply").click()
    company.go(page, "/brands/list/")
    assert [each.strip() for each in page.locator("thead th").all_inner_texts()][:2] == [dragged, label]
    page.locator(".columns > summary").click()
    page.get_by_role("button", name="Reset to default").click()
    expect(page.locator("thead th")).to_have_text(before)


def test_chosen_rows_bring_the_bulk_bar(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/customers/list/")
    bar = page.locator("[data-bulk-bar]")
    expect(bar).to_be_hidden()
    picks = page.locator("[data-pick]")
    picks.nth(0).check()
    expect(bar).to_be_visible()
    picks.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text("3 selected")
    page.locator("[data-pick-all]").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("4 selected")
    page.locator("[data-bulk-clear]").click()
    expect(bar).to_be_hidden()


def test_chosen_rows_are_deleted_after_asking(company: Company, console: Page) -> None:
    page = console
    for name in ("First to go", "Second to go", "One to stay"):
        company.add("brands", name=name)
    company.go(page, "/brands/list/")
    for name in ("First to go", "Second to go"):
        page.locator("tbody tr", has_text=name).locator("[data-pick]").check()
    page.locator("[data-bulk-bar] button", has_text="Delete").click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Chosen: 2")
    expect(page.locator("tbody tr", has_text="First to go")).to_have_count(1)
    dialog.locator("[type=submit]").click()
    page.wait_for_load_state()
    expect(page.locator("tbody tr", has_text="to go")).to_have_count(0)
    expect(page.locator("tbody tr", has_text="One to stay")).to_have_count(1)


def test_chosen_rows_stay_chosen_while_pages_are_turned(company: Company, console: Page) -> None:
    page = console
    for at in range(52):
        company.add("brands", name=f"Leaf {at:02}")
    count = page.locator("[data-bulk-count]")
    address = "/brands/list/?q=leaf&size=25&sort=name"

    def pick(at: int) -> Locator:
        return page.locator("tbody tr", has_text=f"Leaf {at:02}").locator("[data-pick]")

    def turn(number: int) -> None:
        page.locator(".pager [rel=next]").click()
        page.wait_for_url(f"**page={number}**")

    company.go(page, address)
    pick(0).check()
    turn(2)
    expect(count).to_have_text("1 selected")
    pick(30).check()
    turn(3)
    pick(50).check()
    expect(count).to_have_text("3 selected")
    # Back where it was ticked it still is, and is taken back there.
    company.go(page, address)
    expect(page.locator("[data-pick]:checked")).to_have_count(1)
    pick(0).uncheck()
    expect(count).to_have_text("2 selected")
    # All that match are so on every page.
    page.locator("[data-pick-all]").check()
    expect(count).to_have_text("27 selected")
    page.locator("[data-match-all]").click()
    expect(count).to_have_text("52 selected")
    turn(2)
    expect(count).to_have_text("52 selected")
    pick(31).uncheck()
    expect(count).to_have_text("50 selected")
    page.go_back()
    expect(count).to_have_text("50 selected")

    # Another filter means other rows.
    company.go(page, "/brands/list/?q=leaf+51")
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    pick(51).check()
    expect(count).to_have_text("1 selected")
    company.go(page, address)
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()

    # A dialog sends them all; then nothing is chosen.
    pick(0).check()
    turn(2)
    pick(30).check()
    page.locator("[data-bulk-bar] button", has_text="Delete").click()
    expect(page.locator("dialog[open]")).to_contain_text("Chosen: 2")
    page.locator("dialog[open] [type=submit]").click()
    page.wait_for_load_state()
    company.go(page, address)
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    expect(page.locator(".pager-count")).to_contain_text("of 50")
    expect(pick(0)).to_have_count(0)

    # What asks on a page of its own has them too, and a changed mind finds them chosen still.
    pick(1).check()
    turn(2)
    pick(31).check()
    page.locator("[data-bulk-bar] button", has_text="Edit…").click()
    expect(page.locator("[data-submit]")).to_have_text("Change 2 brands")
    page.get_by_role("link", name="Cancel").click()
    expect(count).to_have_text("2 selected")


def test_a_row_opens_where_it_is_clicked(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/customers/list/")
    page.locator("tbody tr", has_text="Guangzhou").locator("td").nth(3).click()
    page.wait_for_url("**/customers/show/*")
    expect(page.locator("h1")).to_contain_text("Guangzhou Bright Ltd")


def test_a_row_is_edited_from_the_list(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/customers/list/")
    row = page.locator("tbody tr", has_text="Guangzhou")
    edit = row.get_by_role("link", name="Edit")
    actions = row.locator(".row-actions")
    expect(actions).to_have_css("opacity", "0")
    row.hover()
    expect(actions).to_have_css("opacity", "1")
    page.mouse.move(0, 0)
    edit.focus()
    expect(actions).to_have_css("opacity", "1")
    edit.press("Enter")
    page.wait_for_url("**/customers/edit/*")


def test_row_actions_are_always_there_on_touch(company: Company, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    company.log_in(page)
    company.go(page, "/customers/list/")
    edit = page.locator("tbody tr", has_text="Guangzhou").get_by_role("link", name="Edit")
    expect(edit).to_be_in_viewport(ratio=1)
    expect(edit.locator("xpath=..")).to_have_css("opacity", "1")
    edit.tap()
    page.wait_for_url("**/customers/edit/*")
    context.close()


def test_what_is_posted_is_not_edited_from_the_list(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/stock-adjustments/list/")
    expect(page.locator("tbody tr", has_text="Opening stock").locator(".row-actions")).to_have_count(0)
    expect(page.locator("tbody tr", has_text="Damage").locator(".row-actions")).to_have_count(1)


def test_filters_begin_with_the_columns(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/customers/list/")
    page.locator("[data-filter] > summary").click()
    shown = page.locator("#filter-fields [role=option]").all_inner_texts()
    assert shown[:4] == ["Code", "Name", "Status", "Level"]
    offered = [each.get_attribute("value") for each in page.locator("#filter-field option").all()]
    assert offered[:4] == ["code", "name", "status", "level"]
    assert set(offered[-5:]) == {"id", "created_on", "changed_on", "created_by", "changed_by"}


def test_an_empty_list_offers_no_page_sizes(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/customer-shares/list/")
    expect(page.locator(".pager")).to_contain_text("No rows")
    expect(page.locator(".pager")).not_to_contain_text("per page")
