"""A request with an ``Idempotency-Key`` header: the second gets the first one's answer (see ``core.idempotency``)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from flask import Response, current_app, g, request

from app.core import db, idempotency, identity

HEADER = "Idempotency-Key"
AGAIN = "Idempotent-Replayed"  # what an answer says that was given before
CHUNK = 1 << 20
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
UNSAID = ("csrf_token",)  # fields of a form that say nothing of what is asked


def begin() -> Response | None:
    """The answer that was given to this very request before; None when it is to be done now.

    Raises Invalid when the key was sent with another request.
    """
    key, who = request.headers.get(HEADER), identity.user_id()
    if key is None or who is None or request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    given = idempotency.begin(who, key.strip(), _digest())
    if given is None:
        g.idempotency_key = key.strip()
        return None
    db.session.rollback()
    response = Response(given.body, given.status, content_type=given.media_type)
    if given.location:
        response.headers["Location"] = given.location
    response.headers[AGAIN] = "true"
    return response


def keep(response: Response) -> None:
    """Keep the answer with its effect, if the request came with a key."""
    key, who = g.pop("idempotency_key", None), identity.user_id()
    if key is None or who is None:
        return
    idempotency.keep(
        who,
        key,
        idempotency.Answer(
            response.status_code, response.content_type or "", response.headers.get("Location", ""), response.get_data()
        ),
    )


def _digest() -> str:
    """A digest of what is asked, under the installation's key: a body may hold a password.

    A form counts by what is in it: one that is sent again has other boundaries between its parts.
    """
    digest = hmac.new(str(current_app.config["SECRET_KEY"]).encode(), digestmod=hashlib.sha256)

    def add(*parts: str) -> None:
        for part in parts:
            digest.update(f"{len(part)}:{part}".encode())

    add(request.method, request.full_path, request.mimetype)
    if request.mimetype in FORMS:
        for name, values in sorted(request.form.lists()):
            if name not in UNSAID:
                add(name, *values)
        for name, uploads in sorted(request.files.lists()):
            for upload in uploads:
                add(name, upload.filename or "", _content(upload.stream))
    else:
        digest.update(request.get_data())
    return digest.hexdigest()


def _content(stream: Any) -> str:
    whole = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        whole.update(chunk)
    stream.seek(0)
    return whole.hexdigest()
