"""What the catalogue collects, and what the check over it reports."""

from pathlib import Path

import pytest

from tools import catalogue, check_translations

CODE = """
from flask_babel import gettext as _, lazy_gettext, ngettext, pgettext

TITLE = lazy_gettext("Customers")


def post(order, count):
    # TRANSLATORS: of an invoice
    pgettext("document", "Post")
    ngettext("%(num)s line", "%(num)s lines", count)
    return _("Order %(number)s posted", number=order.number)
"""
TEMPLATE = """
{% do rows.append(1) %}
<h1>{{ _("Open orders") }}</h1>
{% trans name=customer.name %}Dear {{ name }}{% endtrans %}
"""
TRANSLATED = {
    "Customers": "客户",
    "Dear %(name)s": "尊敬的 %(name)s",
    "Open orders": "未完成订单",
    "Order %(number)s posted": "订单 %(number)s 已过账",
    "Post": "过账",
    "%(num)s line": "%(num)s 行",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small project whose every message is translated."""
    (tmp_path / "babel.cfg").write_text((catalogue.ROOT / "babel.cfg").read_text())
    (tmp_path / "app" / "templates").mkdir(parents=True)
    (tmp_path / "app" / "orders.py").write_text(CODE)
    (tmp_path / "app" / "templates" / "orders.html").write_text(TEMPLATE)
    translate(tmp_path, TRANSLATED)
    return tmp_path


def translate(root: Path, translations: dict[str, str]) -> Path:
    """Write the catalogue of `root`: what its code uses, translated as `translations` says."""
    path = root / "app/translations/zh/LC_MESSAGES/messages.po"
    merged = catalogue.merge(catalogue.extract(root), catalogue.read(path))
    for message in catalogue.messages_of(merged):
        text = translations.get(catalogue.key_of(message)[1], "")
        message.string = text if isinstance(message.id, str) else (text,)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(catalogue.render(merged))
    return path


def add_code(root: Path, code: str) -> None:
    with (root / "app" / "orders.py").open("a") as file:
        file.write(code)


class TestCheck:
    def test_passes_when_all_is_translated(self, root, capsys):
        assert check_translations.main(root) == 0
        assert "6 messages" in capsys.readouterr().out

    def problems(self, root, capsys) -> str:
        assert check_translations.main(root) == 1
        return capsys.readouterr().err

    def test_fails_on_a_missing_message(self, root, capsys):
        add_code(root, '_("Order %(number)s cancelled")\n')
        assert "missing: 'Order %(number)s cancelled' (app/orders.py)" in self.problems(root, capsys)

    @pytest.mark.parametrize("call", ["_l", "N_", "gettext", "lazy_gettext"])
    def test_knows_every_way_to_mark_a_message(self, root, capsys, call):
        add_code(root, f'{call}("Somewhere else")\n')
        assert "missing: 'Somewhere else'" in self.problems(root, capsys)

    def test_fails_on_a_message_missing_from_a_template(self, root, capsys):
        (root / "app/templates/more.html").write_text("{% trans %}More{% endtrans %}")
        assert "missing: 'More' (app/templates/more.html)" in self.problems(root, capsys)

    def test_fails_on_an_empty_translation(self, root, capsys):
        translate(root, TRANSLATED | {"Customers": ""})
        assert "empty: 'Customers'" in self.problems(root, capsys)

    def test_fails_on_a_fuzzy_translation(self, root, capsys):
        path = translate(root, TRANSLATED)
        path.write_text(path.read_text().replace('msgid "Customers"', '#, fuzzy\nmsgid "Customers"'))
        assert "fuzzy: 'Customers'" in self.problems(root, capsys)

    def test_fails_on_an_unused_translation(self, root, capsys):
        path = translate(root, TRANSLATED)
        path.write_text(path.read_text() + '\nmsgid "Suppliers"\nmsgstr "供应商"\n')
        assert "unused: 'Suppliers'" in self.problems(root, capsys)

    def test_tells_contexts_apart(self, root, capsys):
        add_code(root, '_("Post")\n')
        assert "missing: 'Post'" in self.problems(root, capsys)

    @pytest.mark.parametrize(
        ("original", "translation", "problem"),
        [
            ("Order %(number)s posted", "订单已过账", "lacks %(number)s"),
            ("Order %(number)s posted", "订单 %(id)s 已过账", "has %(id)s"),
            ("Order %(number)s posted", "订单 %(number)s 已过账 100%", "has a lone %"),
            ("Open orders", "100% 未完成订单", "has a lone %"),
            ("%(num)s line", "一行", "lacks %(num)s"),
        ],
    )
    def test_fails_on_a_placeholder_mismatch(self, root, capsys, original, translation, problem):
        translate(root, TRANSLATED | {original: translation})
        assert f"placeholder: {original!r} {problem}" in self.problems(root, capsys)

    def test_names_the_file_that_it_cannot_read(self, root):
        (root / "app/templates/broken.html").write_text("<p>\n{% trans %}More</p>")
        with pytest.raises(catalogue.BrokenSource, match="app/templates/broken.html:2"):
            check_translations.main(root)

    def test_fails_without_a_chinese_catalogue(self, root, capsys):
        (root / "app/translations/zh/LC_MESSAGES/messages.po").unlink()
        assert "zh: has no catalogue" in self.problems(root, capsys)


class TestCatalogue:
    def test_is_written_the_same_again(self, root):
        path = root / "app/translations/zh/LC_MESSAGES/messages.po"
        again = catalogue.merge(catalogue.extract(root), catalogue.read(path))
        assert catalogue.render(again) == path.read_bytes()

    def test_is_sorted_and_holds_neither_places_nor_dates(self, root):
        text = (root / "app/translations/zh/LC_MESSAGES/messages.po").read_text()
        texts = [line for line in text.splitlines() if line.startswith("msgid ")][1:]
        assert texts == sorted(texts)
        assert "Date" not in text
        assert "#:" not in text

    def test_keeps_translations_adds_what_is_new_and_drops_what_is_gone(self, root):
        code = root / "app" / "orders.py"
        code.write_text(code.read_text().replace('"Customers"', '"Customer"'))
        path = root / "app/translations/zh/LC_MESSAGES/messages.po"
        merged = catalogue.merge(catalogue.extract(root), catalogue.read(path))
        texts = {catalogue.key_of(m)[1]: catalogue.texts_of(m) for m in catalogue.messages_of(merged)}
        assert texts["Open orders"] == ["未完成订单"]
        assert texts["Customer"] == [""], "a similar text is not a translation"
        assert "Customers" not in texts

    def test_brings_comments_to_the_translator(self, root):
        text = (root / "app/translations/zh/LC_MESSAGES/messages.po").read_text()
        assert '#. of an invoice\nmsgctxt "document"\nmsgid "Post"' in text
