"""Fields that a company adds: each kind kept, compared, ordered, searched, told and guarded, on both databases."""

from __future__ import annotations

import io

import openpyxl
import pytest

from app.core import custom_field
from tests.app_fixtures import Api, acting, counted

FIELDS = {
    "serial": {"kind": "text"},
    "story": {"kind": "longtext"},
    "points": {"kind": "number"},
    "deposit": {"kind": "money"},
    "until": {"kind": "date", "label": "Kept until"},
    "tier": {"kind": "choice", "options": "Gold | 金\nSilver | 银"},
    "vip": {"kind": "bool"},
    "dealer": {"kind": "link", "points_at": "customers"},
}
GIVEN = {
    "x_serial": "SN-1",
    "x_story": "first\nsecond",
    "x_points": "-3.2500",
    "x_deposit": "90000000000000.01",
    "x_until": "2026-12-31",
    "x_tier": "Gold",
    "x_vip": True,
}


def declare(client: Api, resource: str = "customers", **options) -> None:
    """A field of every kind on ``resource``."""
    for name, said in FIELDS.items():
        client.add("custom-fields", resource=resource, name=name, **{"label": name.title(), **said}, **options)


@pytest.fixture
def admin(api):
    client = api("admin")
    declare(client)
    return client


@pytest.fixture
def ann(api, admin):
    return api("ann")


class TestValues:
    """What is written comes back, is found and sorts, on either database."""

    def test_every_kind_is_kept_found_and_ordered(self, any_app):
        declare(Api(any_app, "admin"))
        ann = Api(any_app, "ann")
        first = ann.add("customers", name="First")["id"]
        second = ann.add("customers", name="Second", x_dealer=first, **GIVEN)
        assert {name: second[name] for name in GIVEN} == GIVEN
        assert second["x_dealer"]["id"] == first
        third = ann.add("customers", name="Third", x_points="10", x_deposit="9", x_until="2027-01-01", x_tier="银")[
            "id"
        ]
        second = second["id"]

        def found(name, operator, value=""):
            answer = ann.get("customers/", {"filters": [{"col": name, "opr": operator, "value": value}]})
            assert answer.status_code == 200, answer.text
            return sorted(answer.json["ids"])

        assert found("x_serial", "ct", "n-1") == [second]
        assert found("x_serial", "empty") == [first, third]
        assert found("x_points", "gt", "-3.25") == [third]
        assert found("x_points", "in", ["-3.25", "10"]) == [second, third]
        assert found("x_deposit", "eq", "90000000000000.01") == [second]
        assert found("x_deposit", "lt", "90000000000000.01") == [third]
        assert found("x_until", "le", "2026-12-31") == [second]
        assert found("x_tier", "eq", "Silver") == [third]
        assert found("x_tier", "nempty") == [second, third]
        assert found("x_vip", "eq", True) == [second]
        assert found("x_vip", "eq", False) == [first, third]
        assert found("x_dealer", "rel_o_m", first) == [second]
        assert found("x_dealer", "empty") == [first, third]
        for name in ("x_points", "x_until"):
            ordered = ann.get("customers/", {"order_column": name, "order_direction": "asc"}).json["ids"]
            assert [key for key in ordered if key != first] == [second, third]
        ann.put(f"customers/{second}", {"x_serial": "", "x_vip": False, "x_dealer": None})
        row = ann.get(f"customers/{second}").json["result"]
        assert (row["x_serial"], row["x_vip"], row["x_dealer"], row["x_deposit"]) == (
            None,
            False,
            None,
            GIVEN["x_deposit"],
        )

    def test_what_can_not_be_read_is_refused_and_nothing_changes(self, ann, snapshot_of):
        key = ann.add("customers", name="Fine", **GIVEN)["id"]
        before = snapshot_of()
        for name, raw in (
            ("x_points", "much"),
            ("x_points", "1.00001"),
            ("x_deposit", "1.001"),
            ("x_until", "someday"),
            ("x_tier", "Tin"),
            ("x_vip", "perhaps"),
            ("x_dealer", 999_999),
            ("x_serial", "x" * 201),
            ("x_nothing", "1"),
        ):
            answer = ann.put(f"customers/{key}", {name: raw})
            assert (answer.status_code, list(answer.json["errors"])) == (422, [name]), raw
        assert snapshot_of() == before

    def test_a_required_one_is_asked_for_at_once(self, ann, api, pages):
        api("admin").add("custom-fields", resource="customers", label="Channel", required=True)
        answer = ann.post("customers/", {"name": "Without"})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["x_channel"])
        browser = pages("ann")
        page = browser.post("/customers/add", {"name": "Without"})
        assert page.status_code == 422
        assert "Channel" in page.text
        assert "This is required" in page.text
        assert ann.rows("customers") == []


@pytest.fixture
def snapshot_of(app):
    """What the customers and their history hold."""

    def take():
        with acting(app) as session:
            connection = session.connection()
            return [
                connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in ("customers", "audit_entries")
            ]

    return take


class TestDeclaring:
    def test_the_name_follows_from_the_label(self, api):
        admin = api("admin")
        names = [
            admin.add("custom-fields", resource="products", label=label)["name"]
            for label in ("Shelf life", "Shelf life!", "保质期", "3D model")
        ]
        assert names == ["shelf_life", "shelf_life_2", "baozhiqi", "field_3d_model"]

    @pytest.mark.parametrize(
        ("said", "marked"),
        [
            ({"kind": "choice"}, "options"),
            ({"kind": "choice", "options": "A\na"}, "options"),
            ({"kind": "choice", "options": "Gold | 金\nYellow | 金"}, "options"),
            ({"kind": "choice", "options": "A\nB | a"}, "options"),
            ({"kind": "link"}, "points_at"),
            ({"kind": "link", "points_at": "audit-entries"}, "points_at"),
            ({"kind": "link", "points_at": "outbox-mails"}, "points_at"),
            ({"name": "Not a name"}, "name"),
            ({"resource": "stock-entries"}, "resource"),
            ({"kind": "picture"}, "kind"),
            ({"is_searched": True}, "is_searched"),
            ({"label": ""}, "label"),
            ({"name": "serial"}, "name"),
            ({"label": "E mail"}, "label"),
            ({"label_zh": "客户 编号"}, "label_zh"),
            ({"label": "SERIAL"}, "label"),
            ({"label": "x serial"}, "label"),
        ],
    )
    def test_what_can_not_be_is_marked(self, admin, said, marked):
        answer = admin.post("custom-fields/", {"resource": "customers", "label": "New", **said})
        assert answer.status_code == 422
        assert marked in answer.json["errors"]

    def test_what_values_were_stored_by_never_changes(self, admin):
        key = admin.rows("custom-fields", filters=[{"col": "name", "opr": "eq", "value": "serial"}])[0]["id"]
        for name, value in (("kind", "number"), ("name", "other"), ("resource", "products")):
            answer = admin.put(f"custom-fields/{key}", {name: value})
            assert (answer.status_code, list(answer.json["errors"])) == (422, [name])

    def test_a_choice_in_use_stays(self, admin, ann):
        ann.add("customers", name="Golden", x_tier="Gold")
        key = admin.rows("custom-fields", filters=[{"col": "name", "opr": "eq", "value": "tier"}])[0]["id"]
        assert admin.put(f"custom-fields/{key}", {"options": "Silver\nTin"}).status_code == 422
        assert admin.put(f"custom-fields/{key}", {"options": "Gold\nTin"}).status_code == 200

    def test_a_field_with_values_is_retired_and_not_deleted(self, admin, ann):
        kept = ann.add("customers", name="Golden", x_serial="SN-9")["id"]
        key = admin.rows("custom-fields", filters=[{"col": "name", "opr": "eq", "value": "serial"}])[0]["id"]
        assert admin.delete(f"custom-fields/{key}").status_code == 409
        assert admin.put(f"custom-fields/{key}", {"active": False}).status_code == 200
        assert "x_serial" not in ann.get(f"customers/{kept}").json["result"]
        assert ann.put(f"customers/{kept}", {"x_serial": "other"}).status_code == 422
        assert ann.put(f"customers/{kept}", {"name": "Goldener"}).status_code == 200
        admin.put(f"custom-fields/{key}", {"active": True})
        assert ann.get(f"customers/{kept}").json["result"]["x_serial"] == "SN-9"
        ann.put(f"customers/{kept}", {"x_serial": None})
        assert admin.delete(f"custom-fields/{key}").status_code == 200

    def test_there_is_a_limit_however_many_are_left_to_be_in_use_by_themselves(self, api, monkeypatch):
        monkeypatch.setattr(custom_field, "MOST", 2)
        admin = api("admin")
        for label, status in (("First", 201), ("Second", 201), ("Third", 422)):
            answer = admin.post("custom-fields/", {"resource": "units", "label": label})
            assert answer.status_code == status, answer.text
        assert list(answer.json["errors"]) == ["active"]
        assert admin.post("custom-fields/", {"resource": "units", "label": "Third", "active": False}).status_code == 201
        # And a file's own rows count, too.
        content = b"Belongs to,Label\nbrands,One\nbrands,Two\nbrands,Three\n"
        assert admin.upload("custom-fields", content, "f.csv", mode="preview").json["failed"] >= 1

    def test_only_administrators_declare(self, ann):
        assert ann.post("custom-fields/", {"resource": "customers", "label": "Mine"}).status_code == 403
        assert ann.get("custom-fields/").status_code == 403


class TestSight:
    """A field added to an entity with fields that not everyone sees is one of those, unless it is for everyone."""

    def test_who_sees_names_alone_sees_no_added_field(self, admin, ann, api):
        admin.add("custom-fields", resource="customers", label="Gate code", for_all=True, is_searched=True)
        key = ann.add("customers", name="Harbour", x_serial="SN-1", x_gate_code="north gate")["id"]
        wei = api("wei")
        row = wei.get(f"customers/{key}").json["result"]
        assert "x_serial" not in row
        assert row["x_gate_code"] == "north gate"
        told = wei.get("_openapi").text
        assert "x_gate_code" in told
        assert "x_serial" not in told
        asked = {"filters": [{"col": "x_serial", "opr": "eq", "value": "SN-1"}]}
        assert wei.get("customers/", asked).status_code == 400
        assert wei.get("customers/", {"search": "north"}).json["ids"] == [key]

    def test_a_link_to_what_is_not_ones_own_shows_nothing_and_is_not_lost(self, ann, api):
        hidden = api("cleo").add("customers", name="Cleo's canary")["id"]
        assert ann.post("customers/", {"name": "Spy", "x_dealer": hidden}).status_code == 422
        mine = ann.add("customers", name="Shared")["id"]
        api("admin").put(f"customers/{mine}", {"x_dealer": hidden})
        answer = ann.get(f"customers/{mine}")
        assert answer.json["result"]["x_dealer"] is None
        assert "canary" not in answer.text
        assert ann.put(f"customers/{mine}", {"x_dealer": None, "name": "Shared still"}).status_code == 200
        assert api("admin").get(f"customers/{mine}").json["result"]["x_dealer"]["id"] == hidden

    def test_a_required_link_to_what_is_not_ones_own_locks_no_row(self, admin, ann, api, pages):
        hidden = api("cleo").add("customers", name="Hers", code="H1")["id"]
        key = ann.add("customers", name="Shared", code="S1")["id"]
        field = admin.rows("custom-fields", filters=[{"col": "name", "opr": "eq", "value": "dealer"}])[0]["id"]
        admin.put(f"custom-fields/{field}", {"required": True})
        admin.put(f"customers/{key}", {"x_dealer": hidden})
        assert ann.put(f"customers/{key}", {"x_dealer": None, "name": "Saved"}).status_code == 200
        content = b"code,name,x_dealer\nS1,Imported,\n"
        outcome = ann.upload("customers", content, "x.csv", mode="commit", on_match="update").json
        assert (outcome["errors"], outcome["updated"]) == ([], 1)
        row = admin.get(f"customers/{key}").json["result"]
        assert (row["name"], row["x_dealer"]["id"]) == ("Imported", hidden)
        # Whoever sees what it points at can't leave it empty.
        assert admin.put(f"customers/{key}", {"x_dealer": None}).status_code == 422

    def test_what_is_linked_to_stays(self, ann, api):
        target = ann.add("customers", name="Dealer")["id"]
        ann.add("customers", name="Linked", x_dealer=target)
        refused = api("admin").delete(f"customers/{target}")
        assert refused.status_code == 409
        assert "1 customer (C00002 Linked)" in refused.json["message"]

    def test_a_field_out_of_use_still_holds_what_it_points_at(self, app, admin, ann):
        target = ann.add("customers", name="Dealer")["id"]
        key = ann.add("customers", name="Linked", x_dealer=target)["id"]
        field = admin.rows("custom-fields", filters=[{"col": "name", "opr": "eq", "value": "dealer"}])[0]["id"]
        admin.put(f"custom-fields/{field}", {"active": False})
        assert admin.delete(f"customers/{target}").status_code == 409
        admin.put(f"custom-fields/{field}", {"active": True})
        with acting(app) as session:  # gone in spite of all
            session.connection().exec_driver_sql(f"DELETE FROM customers WHERE id = {target}")
        assert ann.put(f"customers/{key}", {"x_dealer": None}).status_code == 200
        with acting(app) as session:
            assert session.connection().exec_driver_sql(f"SELECT custom FROM customers WHERE id = {key}").scalar() in (
                None,
                "null",
            )


class TestSearch:
    def test_what_is_searched_follows_the_declaration(self, api):
        admin, ann = api("admin"), api("ann")
        field = admin.add("custom-fields", resource="customers", label="Brand name", for_all=True)["id"]
        key = ann.add("customers", name="Plain", x_brand_name="蓝天")["id"]

        def found():
            return ann.get("customers/", {"search": "lantian"}).json["ids"]

        assert found() == []
        admin.put(f"custom-fields/{field}", {"is_searched": True})
        assert found() == [key]
        ann.put(f"customers/{key}", {"x_brand_name": "白云"})
        assert found() == []
        ann.put(f"customers/{key}", {"x_brand_name": "蓝天"})
        admin.put(f"custom-fields/{field}", {"active": False})
        assert found() == []


class TestPagesAndFiles:
    def test_in_form_record_list_and_history_in_both_languages(self, admin, ann, pages):
        admin.add(
            "custom-fields", resource="customers", label="Visit fee", label_zh="上门费", kind="money", in_list=True
        )
        dealer = ann.add("customers", name="Dealer")["id"]
        browser = pages("ann", locale="zh")
        data = {"name": "Typed", "x_visit_fee": "12.5", "x_tier": "Gold", "x_vip": "1", "x_dealer": str(dealer)}
        answer = browser.post("/customers/add", data, token_from="/customers/add")
        assert answer.status_code == 302, answer.text
        key = int(answer.headers["Location"].rsplit("/", 1)[1])
        form = browser.get(f"/customers/edit/{key}").text
        assert 'name="x_visit_fee"' in form
        assert 'value="12.50"' in form
        ann.put(f"customers/{key}", {"x_visit_fee": "99", "x_tier": "Silver", "x_dealer": None})
        shown = browser.get(f"/customers/show/{key}").text
        for words in ("自定义字段", "上门费", "99.00", "12.50", "银", "金", "Dealer"):
            assert words in shown, words
        listed = browser.get("/customers/list/?sort=-x_visit_fee&f=x_visit_fee:gt:50").text
        assert "上门费" in listed
        assert "99.00" in listed
        assert listed.count('href="/customers/edit/') == 1
        english = pages("ann").get("/customers/list/").text
        assert "Visit fee" in english

    def test_a_header_that_reads_like_another_field_says_which_it_is(self, app, admin, ann):
        with acting(app) as session:  # as when a later release names a field of its own so
            for name, label in (("serial", "E mail"), ("story", "POINTS")):
                session.connection().exec_driver_sql(
                    f"UPDATE custom_fields SET label = '{label}' WHERE name = '{name}'"
                )
        key = ann.add("customers", name="One", code="K1", email="a@b.example", x_serial="SN-1", x_story="s")["id"]
        for locale in ("en", "zh"):
            exported = ann.get("customers/export?format=csv", headers={"Accept-Language": locale})
            content = exported.data
            exported.close()
            header = content.decode("utf-8-sig").splitlines()[0]
            assert ("E-mail" in header) == (locale == "en")
            assert "E mail (x_serial)" in header and "Points (x_points)" in header
            outcome = ann.upload("customers", content, "x.csv", mode="commit", on_match="update").json
            assert outcome["errors"] == []
        row = ann.get(f"customers/{key}").json["result"]
        assert (row["email"], row["x_serial"], row["x_story"]) == ("a@b.example", "SN-1", "s")
        assert row["version"] == 1

    @pytest.mark.parametrize("format", ["csv", "xlsx"])
    def test_out_to_a_file_changed_there_in_again_and_undone(self, ann, format):
        dealer = ann.add("customers", name="Dealer", code="D1")["id"]
        key = ann.add("customers", name="Round", code="R1", x_dealer=dealer, **GIVEN)["id"]
        exported = ann.get(f"customers/export?format={format}", {"filters": [{"col": "id", "opr": "eq", "value": key}]})
        content = exported.data
        exported.close()
        if format == "xlsx":
            book = openpyxl.load_workbook(io.BytesIO(content))
            header, values = ([cell.value for cell in row] for row in book.active.iter_rows(max_row=2))
            row = dict(zip(header, values, strict=True))
            assert (row["Points"], row["Kept until"].date().isoformat(), row["Vip"]) == (-3.25, "2026-12-31", True)
            assert row["Dealer"] == "D1"
        before = ann.get(f"customers/{key}").json["result"]
        ann.put(
            f"customers/{key}", {"x_points": "1", "x_until": None, "x_tier": "Silver", "x_vip": False, "x_dealer": None}
        )
        outcome = ann.upload("customers", content, f"x.{format}", mode="commit", on_match="update").json
        assert (outcome["updated"], outcome["errors"]) == (1, [])
        after = ann.get(f"customers/{key}").json["result"]
        for name in (*GIVEN, "x_dealer"):
            assert after[name] == before[name], name
        undone = ann.post(f"import-runs/{outcome['run']}/undo")
        assert undone.status_code == 200, undone.text
        row = ann.get(f"customers/{key}").json["result"]
        assert (row["x_points"], row["x_until"], row["x_tier"], row["x_vip"], row["x_dealer"]) == (
            "1.0000",
            None,
            "Silver",
            False,
            None,
        )

    def test_a_list_with_links_costs_the_same_however_long(self, app, ann, api, pages):
        dealers = [ann.add("customers", name=f"Dealer {number}")["id"] for number in range(9)]
        field = api("admin").rows("custom-fields", filters=[{"col": "name", "opr": "eq", "value": "dealer"}])[0]["id"]
        api("admin").put(f"custom-fields/{field}", {"in_list": True})
        browser = pages("ann")
        costs = []
        for count in (2, 7):
            for number in range(count):
                ann.add("customers", name=f"Buyer {number}", x_dealer=dealers[number])
            browser.get("/customers/list/")
            with counted(app) as statements:
                assert browser.get("/customers/list/?sort=-id").text.count("Dealer ") >= count
            costs.append(len(statements))
        assert costs[0] == costs[1] <= 12


class TestTakingBack:
    """What an import or a bulk edit did is undone as far as the declarations allow it, and the rest is named."""

    def test_an_imported_field_that_rows_have_values_of_stays(self, app, api):
        admin, ann = api("admin"), api("ann")
        content = b"Belongs to,Label,Name for files and API,Kind\ncustomers,Used,used,Text\ncustomers,Idle,idle,Text\n"
        run = admin.upload("custom-fields", content, "f.csv", mode="commit").json["run"]
        key = ann.add("customers", name="Holder", x_used="abc")["id"]
        undone = admin.post(f"import-runs/{run}/undo").json
        assert (undone["deleted"], [each["label"] for each in undone["kept"]]) == (1, ["Used"])
        assert "1 rows have a value here" in undone["kept"][0]["message"]
        assert ann.get(f"customers/{key}").json["result"]["x_used"] == "abc"
        # Values that something left behind all the same are never read as another kind's.
        with acting(app) as session:
            session.connection().exec_driver_sql("DELETE FROM custom_fields WHERE name = 'used'")
        again = admin.post(
            "custom-fields/", {"resource": "customers", "label": "Anew", "name": "used", "kind": "number"}
        )
        assert (again.status_code, list(again.json["errors"])) == (422, ["name"])

    def test_a_choice_that_is_no_more_keeps_its_row_as_it_is(self, admin, ann):
        keys = [ann.add("customers", name=name, x_tier=tier)["id"] for name, tier in (("One", "Gold"), ("Two", "银"))]
        run = ann.post("customers/bulk-edit", {"ids": keys, "set": {"x_tier": None}}).json["run"]
        field = admin.rows("custom-fields", filters=[{"col": "name", "opr": "eq", "value": "tier"}])[0]["id"]
        assert admin.put(f"custom-fields/{field}", {"options": "Gold"}).status_code == 200
        answer = ann.post(f"import-runs/{run}/undo")
        assert answer.status_code == 200, answer.text
        assert (answer.json["restored"], [each["label"] for each in answer.json["kept"]]) == (1, ["C00002 Two"])
        assert "Silver" in answer.json["kept"][0]["message"]
        tiers = {row["name"]: row["x_tier"] for row in ann.rows("customers")}
        assert tiers == {"One": "Gold", "Two": None}

    def test_a_field_out_of_use_is_said_and_not_passed_over(self, admin, ann):
        key = ann.add("customers", name="One", x_serial="SN-1")["id"]
        run = ann.post("customers/bulk-edit", {"ids": [key], "set": {"x_serial": "SN-2"}}).json["run"]
        field = admin.rows("custom-fields", filters=[{"col": "name", "opr": "eq", "value": "serial"}])[0]["id"]
        admin.put(f"custom-fields/{field}", {"active": False})
        undone = ann.post(f"import-runs/{run}/undo").json
        assert (undone["restored"], [each["message"] for each in undone["kept"]]) == (
            0,
            ["A field that was changed is out of use now."],
        )
