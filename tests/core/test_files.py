"""Files that no row names are swept away, and no others."""

from __future__ import annotations

import io
import os
import time

import pytest
from PIL import Image

from app.core import files, store
from tests.app_fixtures import Api, acting


def picture(colour):
    out = io.BytesIO()
    Image.new("RGB", (20, 20), colour).save(out, "PNG")
    return out.getvalue()


def path_of(digest, suffix=""):
    return store.store().folder / store.name_of(digest, suffix)


def grow_old(digest):
    for path in (path_of(digest), path_of(digest, files.THUMB)):
        if path.exists():
            os.utime(path, (time.time() - 2 * 86400,) * 2)


@pytest.fixture
def product(app):
    admin = Api(app, "admin")
    unit = admin.add("units", name="pcs")
    return admin, admin.add("products", code="P1", name="Pump", unit=unit["id"], tax_rate="0.13", list_price="5")


def add_picture(admin, product, colour):
    path = f"/api/v1/products/{product['id']}/pictures"
    data = {"file": (io.BytesIO(picture(colour)), "pump.png")}
    answer = admin.client.post(path, data=data, headers=admin.headers, content_type="multipart/form-data")
    assert answer.status_code == 200, answer.text
    return answer.json["result"]["pictures"][-1]


def test_what_a_row_names_stays_and_what_none_names_goes(app, product):
    admin, pump = product
    kept, dropped = add_picture(admin, pump, "red"), add_picture(admin, pump, "blue")
    row = admin.put(f"products/{pump['id']}", {"pictures": [kept]})
    assert row.status_code == 200, row.text
    with acting(app):
        fresh = files.store(b"just stored, its row is not committed yet")
        for digest in (kept, dropped):
            grow_old(digest)
        assert files.sweep() == 0 and path_of(dropped).exists(), "it may be in a backup that is going on"
        assert files.sweep() == 2, "the picture and its thumbnail"
        assert path_of(kept).exists() and path_of(kept, files.THUMB).exists()
        assert not path_of(dropped).exists()
        assert path_of(fresh).exists()
        grow_old(fresh)
        files.sweep()
        files.store(b"just stored, its row is not committed yet")
        assert files.sweep() == 0, "stored again, it is young again"


def test_the_job_does_it(app, product):
    from app.jobs import clean_up
    from app.jobs.job import Occasion

    with acting(app):
        grow_old(files.store(b"forgotten"))
        assert clean_up.run(Occasion()).startswith("0 files removed")
        assert clean_up.run(Occasion()) == "1 files removed, 0 keys of requests forgotten."
