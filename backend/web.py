"""Serves the built web app, with the security headers every answer carries."""

import os
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import NotFound, Unavailable

IMMUTABLE = "public, max-age=31536000, immutable"  # file names under /assets carry a content hash
NOT_PAGES = ("api/", "v1/", "internal/", "health/", "metrics")


def serve_web_app(app: FastAPI, folder: Path) -> None:
    """Routes for the app's files. Add them last: they answer every path nothing else took."""
    app.mount("/assets", _Assets(directory=folder / "assets", check_dir=False), name="assets")

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(path: str) -> Response:
        if path.startswith(NOT_PAGES):
            raise NotFound("no such path", param="path")
        index = folder / "index.html"
        if not index.is_file():
            raise Unavailable("the web app is not built: run `make run`", code="web_app_not_built")
        return FileResponse(
            _top_level_file(folder, path) or index, headers={"cache-control": "no-cache"}
        )


def _top_level_file(folder: Path, path: str) -> Path | None:
    """`favicon.svg` and its like. A name of one segment cannot leave the folder."""
    if not path or "/" in path or "\\" in path or "\0" in path or path.startswith("."):
        return None
    file = str(folder / path)  # a Path raises where a name is too long for the disk
    return Path(file) if os.path.isfile(file) and not os.path.islink(file) else None


class _Assets(StaticFiles):
    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # passed through
        response.headers["cache-control"] = IMMUTABLE
        return response


class SecurityHeaders:
    """CSP and its companions on every answer: a page may talk to this origin and the SFU only."""

    def __init__(self, app: ASGIApp, sfu_urls: list[str]) -> None:
        self.app = app
        self.headers = {
            "content-security-policy": content_security_policy(sfu_urls),
            "permissions-policy": "microphone=(self), speaker-selection=(self), camera=()",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, with_headers)


def content_security_policy(sfu_urls: list[str]) -> str:
    """livekit-client speaks ws to the SFU, and http to ask why a connection was refused."""
    peers = [form for url in sfu_urls for form in (url, url.replace("ws", "http", 1))]
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src 'self' {' '.join(peers)}",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "style-src 'self' 'unsafe-inline'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
