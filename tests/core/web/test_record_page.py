"""A record's page: nothing said twice, what is empty folded away, the history and the files counted and in words."""

from __future__ import annotations

import io
import re

import pytest


@pytest.fixture
def customer(api):
    return api("ann").add("customers", name="Harbour Trading", short_name="Harbour", region="Pearl River")


def page_of(pages, customer) -> str:
    return str(pages("ann").get(f"/customers/show/{customer['id']}").text)


def plain(html: str) -> str:
    """What is read of ``html``."""
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def facts(html: str) -> dict[str, str]:
    """What is shown at first, by label."""
    shown = html.split('class="facts-folded"')[0]
    pairs = re.findall(r"<dt[^>]*>(.*?)</dt><dd[^>]*>(.*?)</dd>", shown, re.DOTALL)
    return {plain(label): plain(value) for label, value in pairs}


def test_what_the_title_says_is_no_fact_and_what_is_empty_is_folded(pages, customer):
    html = page_of(pages, customer)
    heading = re.search(r"<h1>(.*?)</h1>", html, re.DOTALL)
    assert heading is not None and plain(heading[1]) == f"{customer['code']} Harbour Trading"
    shown = facts(html)
    assert shown["Region"] == "Pearl River"
    assert {"Code", "Name", "Status", "Website", "Latitude", "Note"} & set(shown) == set()
    # The list shows these two: that they are empty tells something.
    assert (shown["Phone"], shown["Next contact"]) == ("–", "–")
    folded = plain(html.split('class="facts-folded"')[1].split("</details>")[0])
    assert {"Website", "Latitude"} <= set(folded.split()) and "Region" not in folded


def test_the_history_is_counted_and_one_change_is_one_sentence(api, pages, customer):
    api("ann").put(f"customers/{customer['id']}", {"region": "Delta"})
    api("ann").put(f"customers/{customer['id']}", {"region": None})
    api("ann").put(f"customers/{customer['id']}", {"region": "Bay", "industry": "Tea"})
    html = page_of(pages, customer)
    history = plain(html.split('id="history"')[1].split("</ol>")[0])
    assert re.search(r"History 4", history)
    assert "Ann Lee changed Region from Pearl River to Delta" in history
    assert "Ann Lee emptied Region , which was Delta" in history
    assert "Ann Lee changed this" in history and "Region set to Bay" in history


def test_files_have_a_tab_of_their_own(pages, customer):
    browser = pages("ann")
    assert 'id="attachments"' not in page_of(pages, customer)
    data = {"text": "The contract", "csrf_token": browser.token(), "file": [(io.BytesIO(b"%PDF"), "contract 合同.pdf")]}
    browser.client.post(f"/customers/comments/{customer['id']}", data=data, content_type="multipart/form-data")
    panel = page_of(pages, customer).split('id="attachments"')[1].split("</section>")[0]
    assert "contract 合同.pdf" in panel and "Ann Lee" in panel
    address = re.search(r'href="([^"]+)" download', panel)
    assert address is not None and browser.get(address[1]).data == b"%PDF"
