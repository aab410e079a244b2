"""The server itself: what is too large is refused before its body is taken, in words, and the connection ends."""

import http.client
import json

import pytest


@pytest.fixture(params=("Content-Length", "Transfer-Encoding"))
def send(request, live_server):
    """Sends more than a request may carry: what comes back, as (status, content type, body)."""

    def answered(path: str, **headers: str) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", live_server.port, timeout=30)
        connection.putrequest("POST", path)
        for name, value in {"Content-Type": "multipart/form-data; boundary=x", **headers}.items():
            connection.putheader(name, value)
        if request.param == "Content-Length":
            connection.putheader("Content-Length", str(5 * 2**30))
            connection.endheaders()
        else:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            piece = b"100000\r\n" + bytes(2**20) + b"\r\n"
            try:
                for _each in range(110):
                    connection.send(piece)
            except OSError:
                pass  # it has stopped to listen; what it said is there to be read
        answer = connection.getresponse()
        assert answer.getheader("Connection") == "close"
        told = answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
        connection.close()
        return told

    return answered


def test_a_client_of_the_api_is_told_as_ever(send, live_server):
    credentials = {"username": live_server.username, "password": live_server.password, "provider": "db"}
    connection = http.client.HTTPConnection("127.0.0.1", live_server.port, timeout=30)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/api/v1/security/login", json.dumps(credentials), headers)
    token = json.load(connection.getresponse())["access_token"]
    connection.close()
    status, kind, body = send("/api/v1/files/", **{"Authorization": f"Bearer {token}", "Accept-Language": "zh-CN"})
    assert (status, kind) == (413, "application/json") and json.loads(body) == {"message": "文件过大。"}
    # Who is not known is asked who that is first, as for any request.
    assert send("/api/v1/files/")[0] == 401


def test_who_sends_a_form_gets_a_page(send):
    status, kind, body = send("/login/")
    assert status == 413 and kind.startswith("text/html") and "A file may have up to 101 MB" in body
