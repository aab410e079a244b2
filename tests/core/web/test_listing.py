"""Lists: what can be edited from a row is what may be edited at all, and it costs no statement."""

from __future__ import annotations

from tests.app_fixtures import counted


class TestRowActions:
    def test_only_what_is_ones_own_to_change(self, api, pages):
        mine = api("ann").add("customers", name="Ann's own")["id"]
        pool = api("admin").add("customers", name="Nobody's yet", owner=None)["id"]
        page = pages("ann").get("/customers/list/").text
        assert f'href="/customers/show/{pool}"' in page
        assert f'href="/customers/edit/{mine}"' in page
        assert f'href="/customers/edit/{pool}"' not in page

    def test_who_may_not_edit_is_offered_nothing(self, api, pages):
        api("admin").add("units", name="box")
        assert "/units/edit/" not in pages("ann").get("/units/list/").text

    def test_many_rows_cost_no_more_than_one(self, app, api, pages):
        browser = pages("ann")
        costs = []
        for count in (1, 9):
            for each in range(count):
                api("ann").add("customers", name=f"Customer {count} {each}")
            browser.get("/customers/list/")
            with counted(app) as statements:
                browser.get("/customers/list/")
            costs.append(len(statements))
        assert costs[0] == costs[1]

    def test_from_a_tab_it_leads_back_to_the_tab(self, api, pages):
        customer = api("ann").add("customers", name="Harbour Trading")["id"]
        contact = api("ann").add("contacts", customer=customer, name="Zhang")["id"]
        page = pages("ann").get(f"/customers/show/{customer}").text
        assert f'href="/contacts/edit/{contact}?next=%2Fcustomers%2Fshow%2F{customer}%23contacts"' in page
