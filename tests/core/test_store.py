"""Contents in a folder and in a real S3 server: whole or not at all, read in parts, swept, and never whole in memory."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import time
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from app.core import files, store
from app.core.store import Bucket, Folder
from app.domains.library import services
from tests.app_fixtures import acting
from tests.support.process import free_port

LARGE = 100 * 2**20
BOUND = 48 * 2**20  # what an upload and a download of 100 MB may add to the memory of a process


@pytest.fixture(scope="module")
def s3():
    """The address of a bucket at a real S3 server."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="ann", aws_secret_access_key="p/w"
    )
    client.create_bucket(Bucket="papers")
    yield f"s3://ann:p%2Fw@papers/kehu?endpoint={endpoint}&region=us-east-1"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def kept(request, tmp_path):
    """A store, empty, of each kind."""
    found = Folder(tmp_path / "files") if request.param == "folder" else Bucket(request.getfixturevalue("s3"))
    found.check()
    found.clear()
    return found


def put(chosen, tmp_path: Path, content: bytes, suffix: str = "") -> str:
    path = tmp_path / "coming"
    path.write_bytes(content)
    name = store.name_of(hashlib.sha256(content).hexdigest(), suffix)
    chosen.put(path, name)
    return name


def test_what_is_put_is_read_back_whole_and_in_parts(kept, tmp_path):
    content = os.urandom(3 * 2**20)
    name = put(kept, tmp_path, content)
    file, size = kept.open(name)
    with file:
        assert size == len(content) and file.read() == content
        file.seek(2_000_000)
        assert file.read(10) == content[2_000_000:2_000_010]
    assert kept.exists(name) and not kept.exists(store.name_of("0" * 64))
    with pytest.raises(FileNotFoundError):
        kept.open(store.name_of("0" * 64))


def test_everything_is_listed_and_goes_one_by_one(kept, tmp_path):
    names = {put(kept, tmp_path, b"a contract"), put(kept, tmp_path, b"a picture"), put(kept, tmp_path, b"x", ".thumb")}
    found = list(kept.all())
    assert {each.name for each in found} == names
    assert all(abs(time.time() - each.at) < 60 for each in found)
    assert hashlib.sha256(b"a contract").hexdigest() in {each.digest for each in found}
    first = min(names)
    kept.remove(first)
    kept.remove(first)
    assert {each.name for each in kept.all()} == names - {first}


def test_a_content_put_again_is_kept_once(kept, tmp_path):
    assert put(kept, tmp_path, b"twice") == put(kept, tmp_path, b"twice")
    assert len(list(kept.all())) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "0" * 63, ""])
def test_only_a_digest_names_a_content(name):
    with pytest.raises(ValueError, match="digest"):
        store.name_of(name)


def test_a_bucket_that_is_not_there_is_told_at_the_start(s3):
    with pytest.raises(OSError, match="nowhere"):
        Bucket(s3.replace("@papers/", "@nowhere/")).check()


def test_a_store_that_does_not_answer_is_told_and_nothing_is_kept(app, s3, api, pages, monkeypatch):
    ann, browser = api("ann"), pages("ann")

    def lies_at(url: str) -> None:
        chosen = store.at(url, Path())
        monkeypatch.setattr(files, "where", lambda: chosen)

    def sent():
        data = {"file": (io.BytesIO(b"terms"), "terms.txt")}
        return ann.client.post("/api/v1/files/", data=data, headers=ann.headers, content_type="multipart/form-data")

    lies_at(s3)
    file = sent().json["result"]
    gone = f"s3://ann:pw@papers/kehu?endpoint=http://127.0.0.1:{free_port()}&region=us-east-1"
    for away in (s3.replace("@papers/", "@nowhere/"), gone):
        lies_at(away)
        answer = sent()
        assert answer.status_code == 503 and "file store" in answer.json["message"], answer.text
        page = browser.post("/files/upload", {"file": (io.BytesIO(b"terms"), "terms.txt")})
        assert page.status_code == 503 and "The file store can&#39;t be reached" in page.text
    answer = ann.get(f"files/{file['id']}/content")
    assert answer.status_code == 503 and "file store" in answer.json["message"]
    shown = browser.get(f"/files/content/{file['id']}")
    assert shown.status_code == 503 and "The file store can&#39;t be reached" in shown.text
    lies_at(s3)
    assert ann.get(f"files/{file['id']}/content").data == b"terms" and len(ann.rows("files")) == 1


def test_what_the_address_says_chooses_the_store(tmp_path):
    assert isinstance(store.at("", tmp_path), Folder)
    assert store.at(f"file://{tmp_path}/else", tmp_path).folder == tmp_path / "else"
    assert isinstance(store.at("s3://papers/kehu", tmp_path), Bucket)


class Stream:
    """So many bytes, made as they are read."""

    def __init__(self, size: int) -> None:
        self.left, self.read_at_once = size, 0

    def read(self, size: int) -> bytes:
        piece = b"\x07" * min(size, self.left)
        self.left -= len(piece)
        self.read_at_once = max(self.read_at_once, len(piece))
        return piece


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_100_mb_come_and_go_in_little_memory(app):
    with acting(app):
        before = peak()
        stream = Stream(LARGE)
        with files.arriving(stream, LARGE) as arrived:
            assert arrived.size == LARGE and stream.read_at_once <= 2**20
            files.keep(arrived)
        file, size = files.opened(arrived.digest)
        with file:
            whole = hashlib.sha256()
            while piece := file.read(2**20):
                whole.update(piece)
        assert size == LARGE and whole.hexdigest() == arrived.digest
        assert peak() - before < BOUND
        assert list(store.waiting().iterdir()) == []


def test_too_large_a_file_is_refused_while_it_comes(app):
    with acting(app):
        stream = Stream(10 * LARGE)
        with pytest.raises(files.TooLarge), files.arriving(stream, 2**20):
            pass
        assert stream.left > 9 * LARGE, "most of it was never read"
        assert list(store.waiting().iterdir()) == []


def test_the_sweep_clears_a_bucket_of_what_nobody_names(app, s3, monkeypatch):
    monkeypatch.setattr(files, "where", lambda: store.at(s3, Path()))
    with acting(app):
        store.at(s3, Path()).clear()
        digest = files.store(b"no row names this")
        assert files.opened(digest)[0].read() == b"no row names this"
        assert files.sweep() == 0 and files.exists(digest), "it is young"
        monkeypatch.setattr(files, "UNUSED", -files.UNUSED)  # a day has passed
        assert files.sweep() == 1 and not files.exists(digest)


def test_a_company_keeps_its_files_in_a_bucket(app, s3, api, monkeypatch):
    chosen = replace(app.extensions["kehu.settings"], files_url=s3)
    monkeypatch.setitem(app.extensions, "kehu.settings", chosen)
    app.extensions.pop("kehu.company", None)
    ann = api("ann")
    sent = {"file": (io.BytesIO(b"Payment within thirty days. " * 40_000), "terms.txt")}
    answer = ann.client.post("/api/v1/files/", data=sent, headers=ann.headers, content_type="multipart/form-data")
    assert answer.status_code == 201, answer.text
    file = answer.json["result"]
    assert not (chosen.data_dir / "files").exists()
    whole = ann.get(f"files/{file['id']}/content")
    assert hashlib.sha256(whole.data).hexdigest() == file["sha256"]
    part = ann.get(f"files/{file['id']}/content", headers={"Range": "bytes=-5"})
    assert (part.status_code, part.data) == (206, b"ays. ")
    with app.app_context():
        assert services.read_waiting() == (1, 0)
    assert [row["id"] for row in ann.rows("files", search="thirty")] == [file["id"]]
    monkeypatch.undo()
    app.extensions.pop("kehu.company", None)


def test_a_file_is_given_in_parts_and_once_only(app, api):
    admin = api("admin")
    customer = admin.add("customers", name="Beijing Tech")
    data = {"text": "Papers", "file": (io.BytesIO(b"0123456789" * 1000), "a.bin")}
    said = admin.client.post(f"/api/v1/customers/{customer['id']}/comments", data=data, headers=admin.headers)
    url = said.json["result"]["files"][0]["url"]
    whole = admin.client.get(url, headers=admin.headers)
    assert whole.data == b"0123456789" * 1000 and whole.headers["Accept-Ranges"] == "bytes"
    part = admin.client.get(url, headers=admin.headers | {"Range": "bytes=5000-5009"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"0123456789", "bytes 5000-5009/10000")
    again = admin.client.get(url, headers=admin.headers | {"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
