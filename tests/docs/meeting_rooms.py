"""The meeting room of docs/adding-an-entity.md, used in every way.

Run in the copy of Kehu that the page's blocks were put into.
"""

from __future__ import annotations

import csv
import io
import re

import openpyxl
import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu

from app import grants
from app.core.entity import entity_for

FORM = {"name": "Blue room", "department": "", "seats": "8", "hourly_cost": "12.50", "state": "open", "note": ""}


@pytest.fixture
def department(act):
    with act() as session:
        model = entity_for("departments")
        return session.scalars(sa.select(model.id).where(model.name == "Logistics")).one()


@pytest.fixture
def admin(pages):
    return pages("admin")


@pytest.fixture
def rooms(api, department):
    """Three rooms, made over the API, and the client that made them."""
    client = api("admin")
    client.add("meeting-rooms", name="Blue room", seats=8, hourly_cost="12.50", department=department)
    client.add("meeting-rooms", name="Green room", seats=20)
    client.add("meeting-rooms", name="会议室一", seats=4, state="closed")
    return client


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


class TestPages:
    def test_add_show_edit_delete_and_history(self, admin, department):
        assert "Empty: for everybody" in text_of(admin.get("/meeting-rooms/add"))
        saved = admin.post(
            "/meeting-rooms/add", {**FORM, "department": str(department)}, token_from="/meeting-rooms/add"
        )
        assert saved.status_code == 302, saved.text
        place = saved.headers["Location"]
        shown = text_of(admin.get(place))
        for part in ("Blue room", "Logistics", "12.50", "Can be booked"):
            assert part in shown
        number = place.rsplit("/", 1)[1]
        edit = f"/meeting-rooms/edit/{number}"
        version = re.search(r'name="version" value="(\d+)"', admin.get(edit).text)[1]
        changed = admin.post(edit, {**FORM, "seats": "10", "version": version}, token_from=edit)
        assert changed.status_code == 302, changed.text
        history = text_of(admin.get(place))
        assert "created this" in history and "changed this" in history and "Seats" in history
        stale = admin.post(edit, {**FORM, "seats": "11", "version": version}, token_from=edit)
        assert stale.status_code == 409
        assert admin.post(f"/meeting-rooms/delete/{number}").status_code == 302
        assert admin.get(place).status_code == 404

    def test_the_form_refuses_what_the_columns_forbid(self, admin):
        refused = admin.post(
            "/meeting-rooms/add", {**FORM, "seats": "0", "hourly_cost": "1.234"}, token_from="/meeting-rooms/add"
        )
        assert refused.status_code == 422
        assert "At least 1." in refused.text and "At most 2 decimals." in refused.text
        assert 'value="1.234"' in refused.text  # what was typed stays

    def test_search_and_filter(self, rooms, admin):
        assert "Green room" not in text_of(admin.get("/meeting-rooms/list/?q=blue"))
        assert "会议室一" in text_of(admin.get("/meeting-rooms/list/?q=hys"))  # pinyin
        large = text_of(admin.get("/meeting-rooms/list/?f=seats:ge:10"))
        assert "Green room" in large and "Blue room" not in large
        dear = text_of(admin.get("/meeting-rooms/list/?f=hourly_cost:gt:12.49"))
        assert "Blue room" in dear and "Green room" not in dear

    def test_both_languages(self, rooms, pages):
        english = text_of(pages("admin").get("/meeting-rooms/list/"))
        chinese = text_of(pages("admin", locale="zh").get("/meeting-rooms/list/"))
        for part in ("Meeting rooms", "Seats", "Out of use"):
            assert part in english and part not in chinese
        for part in ("会议室", "座位数", "停用", "办公"):
            assert part in chinese

    def test_an_empty_list_says_what_to_do(self, pages):
        assert "Add the first room" in text_of(pages("admin").get("/meeting-rooms/list/"))
        assert "添加第一间会议室" in text_of(pages("admin", locale="zh").get("/meeting-rooms/list/"))

    def test_the_department_names_its_rooms(self, rooms, admin, department):
        refused = admin.post(f"/departments/delete/{department}", follow_redirects=True)
        assert "1 meeting room (Blue room)" in refused.text


class TestApi:
    def test_post_get_put_delete(self, api, department):
        client = api("admin")
        room = client.add("meeting-rooms", name="Blue room", seats=8, department=department)
        assert room["department"] == {"id": department, "label": "Logistics"}
        assert room["state"] == "open" and room["hourly_cost"] is None
        put = client.put(f"meeting-rooms/{room['id']}", {"hourly_cost": "9.90", "version": room["version"]})
        assert put.json["result"]["hourly_cost"] == "9.90"
        assert client.put(f"meeting-rooms/{room['id']}", {"seats": 9, "version": room["version"]}).status_code == 409
        assert client.get(f"meeting-rooms/{room['id']}").json["result"]["seats"] == 8
        twice = client.post("meeting-rooms/", {"name": "Blue room", "seats": 1})
        assert (twice.status_code, list(twice.json["errors"])) == (422, ["name"])
        nobody = client.post("meeting-rooms/", {"name": "Red room", "seats": 1, "department": 99999})
        assert (nobody.status_code, list(nobody.json["errors"])) == (422, ["department"])
        assert client.delete(f"meeting-rooms/{room['id']}").status_code == 200
        assert client.get(f"meeting-rooms/{room['id']}").status_code == 404

    def test_filters_and_order(self, rooms):
        found = rooms.rows(
            "meeting-rooms",
            filters=[{"col": "state", "opr": "eq", "value": "open"}],
            order_column="seats",
            order_direction="desc",
        )
        assert [row["name"] for row in found] == ["Green room", "Blue room"]

    def test_it_is_described(self, api):
        described = api("admin").get("_openapi").json
        assert "/api/v1/meeting-rooms/{pk}" in described["paths"]


class TestFiles:
    def test_an_import_with_headers_of_both_languages(self, api):
        client = api("admin")
        lines = (
            "会议室,Seats,部门,Cost of an hour,State",
            "Blue room,8,Logistics,12.50,Out of use",
            "Green room,0,Logistics,,",
        )
        content = "\n".join(lines).encode()
        preview = client.upload("meeting-rooms", content, "rooms.csv", mode="preview", on_error="skip").json
        assert (preview["created"], preview["failed"]) == (1, 1)
        assert client.rows("meeting-rooms") == []
        done = client.upload("meeting-rooms", content, "rooms.csv", mode="commit", on_error="skip").json
        assert (done["created"], done["failed"]) == (1, 1)
        assert [(each["row"], each["column"]) for each in done["errors"]] == [(3, "Seats")]
        (room,) = client.rows("meeting-rooms")
        assert (room["seats"], room["hourly_cost"], room["state"]) == (8, "12.50", "closed")
        again = client.upload(
            "meeting-rooms", b"name,seats\nBlue room,9\n", "rooms.csv", mode="commit", on_match="update"
        ).json
        assert again["updated"] == 1
        assert client.post(f"import-runs/{again['run']}/undo").status_code == 200
        assert client.rows("meeting-rooms")[0]["seats"] == 8

    def test_exports_can_be_imported_again(self, rooms):
        answer = rooms.get("meeting-rooms/export?format=csv")
        lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert lines[0][:4] == ["Name", "Department", "Seats", "Cost of an hour"]
        assert ["Blue room", "Logistics", "8", "12.50"] in [line[:4] for line in lines]
        sheet = openpyxl.load_workbook(io.BytesIO(rooms.get("meeting-rooms/export?format=xlsx").data)).active
        assert {row[0] for row in sheet.iter_rows(min_row=2, values_only=True)} == {
            "Blue room",
            "Green room",
            "会议室一",
        }
        back = rooms.upload("meeting-rooms", answer.data, "rooms.csv", mode="commit", on_match="update").json
        assert (back["failed"], back["created"]) == (0, 0), back

    def test_the_import_has_a_page_and_a_template(self, admin):
        assert admin.get("/meeting-rooms/import").status_code == 200
        template = admin.get("/meeting-rooms/import/template")
        heads = [cell.value for cell in openpyxl.load_workbook(io.BytesIO(template.data)).active[1]]
        assert {"Name", "Department", "Seats"} <= set(heads)


class TestPermissions:
    def test_they_are_known(self, act):
        with act() as session:
            held = (
                sa.select(Permission.name)
                .select_from(PermissionView)
                .join(Permission)
                .join(ViewMenu)
                .where(ViewMenu.name == "MeetingRoom")
            )
            found = set(session.scalars(held))
            known = ("list", "show", "export", "add", "edit", "delete", "import", "comment")
            assert found == {f"can_{name}" for name in known}
            assert ("can_see_all", "office") in grants.needed()

    def test_a_role_without_them_is_refused_and_one_with_them_is_not(self, rooms, api, pages, admin, act):
        ann = pages("ann")
        assert ann.get("/meeting-rooms/list/").status_code == 403
        assert "meeting-rooms" not in ann.get("/").text
        assert api("ann").get("meeting-rooms/").status_code == 403
        assert api("ann").post("meeting-rooms/", {"name": "Red room", "seats": 1}).status_code == 403
        assert api(None).get("meeting-rooms/").status_code == 401
        with act() as session:
            role = session.scalars(sa.select(Role.id).where(Role.name == "Salesperson")).one()
        page = f"/role-permissions/{role}"
        ticked = re.findall(r'<input[^>]*name="may"[^>]*>', admin.get(page).text)
        held = [re.search(r'value="([^"]+)"', each)[1] for each in ticked if " checked" in each]
        given = [*held, "can_list MeetingRoom", "can_show MeetingRoom"]
        assert admin.post(page, {"may": given}, token_from=page).status_code == 302
        assert "Blue room" in ann.get("/meeting-rooms/list/").text
        assert ann.get("/meeting-rooms/add").status_code == 403
        assert "meeting-rooms" in ann.get("/").text


def test_a_list_costs_the_same_however_long_it_is(rooms, statements):
    with statements() as few:
        rooms.rows("meeting-rooms")
    for number in range(20):
        rooms.add("meeting-rooms", name=f"Room {number}", seats=1)
    with statements() as many:
        rooms.rows("meeting-rooms")
    assert len(many) == len(few)
