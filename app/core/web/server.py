"""The web server: waitress, with our own answer to a request that is too large."""

from __future__ import annotations

import io
from typing import Any

from flask import Flask
from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, MultiSocketServer
from waitress.task import ErrorTask, Task, WSGITask
from waitress.utilities import RequestEntityTooLarge

from config import Settings


def serve(app: Flask, settings: Settings) -> None:
    """Answer requests until the process is ended."""
    server = create_server(
        app,
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        ident=None,
        clear_untrusted_proxy_headers=True,
        # Refused by its head, before a byte of it is taken.
        max_request_body_size=settings.max_upload_mb * 2**20,
    )
    several = isinstance(server, MultiSocketServer)
    for each in server.map.values() if several else [server]:
        if isinstance(each, BaseWSGIServer):
            each.channel_class = _Channel
    server.print_listen("Serving on http://{}:{}")
    server.run()


class _TooLarge(WSGITask):
    """The application refuses it itself, by what the head says of its length: as JSON or a page, in the user's language."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        too_long = self.channel.server.adj.max_request_body_size + 1
        # One that comes in pieces says no length.
        return {**environ, "CONTENT_LENGTH": environ.get("CONTENT_LENGTH", str(too_long)), "wsgi.input": io.BytesIO()}

    def execute(self) -> None:
        self.set_close_on_finish()
        super().execute()


class _Channel(HTTPChannel):
    @staticmethod
    def error_task_class(channel: HTTPChannel, request: Any) -> Task:
        return (_TooLarge if isinstance(request.error, RequestEntityTooLarge) else ErrorTask)(channel, request)
