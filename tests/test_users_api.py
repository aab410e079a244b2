"""Flask-AppBuilder's own API of users, as Kehu leaves it to administrators."""

PERSON = {"first_name": "Zed", "last_name": "Ox", "email": "z@example.com", "active": True, "roles": [1]}


def test_a_password_is_as_good_as_on_our_pages(api):
    admin = api("admin")
    refused = admin.post("security/users/", {**PERSON, "username": "zed", "password": "1"})
    assert (refused.status_code, refused.json["message"]) == (400, {"password": ["At least 8 characters."]})
    made = admin.post("security/users/", {**PERSON, "username": "zed", "password": "long enough"})
    assert made.status_code == 201
    place = f"security/users/{made.json['id']}"
    assert admin.put(place, {"password": "1"}).status_code == 400
    assert admin.put(place, {"password": "longer than that"}).status_code == 200
    api("zed", password="longer than that")
