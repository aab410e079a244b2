"""Texts with what is filled in: Chinese stands without spaces, and lists are written as each language writes them."""

from __future__ import annotations

import pytest

from app.core.i18n import gettext, listed, ngettext, speaking


@pytest.mark.parametrize(
    ("who", "what", "text"),
    [
        ("林晓彤", "2 个客户", "林晓彤把 2 个客户交给了您"),
        ("Ann Lee", "3 leads", "Ann Lee 把 3 leads 交给了您"),
        ("林晓彤", "C00001 北京明亮", "林晓彤把 C00001 北京明亮交给了您"),
        ("林 晓彤", "50%", "林 晓彤把 50% 交给了您"),
        ("", "", " 把  交给了您"),
    ],
)
def test_chinese_is_not_parted_from_chinese(app, who, what, text):
    with app.app_context(), speaking("zh"):
        assert gettext("%(who)s gave you %(what)s", who=who, what=what) == text


def test_english_keeps_its_spaces(app):
    with app.app_context(), speaking("en"):
        assert gettext("%(who)s gave you %(what)s", who="林晓彤", what="客户") == "林晓彤 gave you 客户"


def test_lists_and_numbers(app):
    with app.app_context(), speaking("zh"):
        assert listed(["联系记录", "外出", 3]) == "联系记录、外出、3"
    with app.app_context(), speaking("en"):
        assert listed(["a", "b"]) == "a, b" and listed([]) == ""
        one, many = (
            "The most that one may hold %(of)s is %(limit)s. You hold %(has)s: one more is too many.",
            "The most that one may hold %(of)s is %(limit)s. You hold %(has)s: %(num)s more are too many.",
        )
        assert ngettext(one, many, 1, of="in all", limit=1, has=1).endswith("one more is too many.")
        assert ngettext(one, many, 2, of="in all", limit=1, has=1).endswith("2 more are too many.")
