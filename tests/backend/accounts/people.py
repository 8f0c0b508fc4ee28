"""Browsers of several people before one backend."""

from typing import Any

import httpx2
from fastapi.testclient import TestClient

from backend.accounts.sign_in import COOKIE

PASSWORD = "correct horse battery"
HERE = ("127.0.0.1", 50_000)  # address of a client at the backend's own machine
ORIGIN = "http://localhost:8080"


class Browser:
    """One cookie jar. The TestClient beneath is shared: it has the loop the backend lives in."""

    def __init__(self, client: TestClient, headers: dict[str, str] | None = None) -> None:
        """`headers`: sent with every request."""
        self.client = client
        self.headers = headers or {}
        self.token: str | None = None

    def request(self, method: str, path: str, **kwargs: Any) -> httpx2.Response:
        self.client.cookies.clear()
        headers = {"cookie": f"{COOKIE}={self.token}"} if self.token else {}
        headers |= self.headers | kwargs.pop("headers", {})
        response = self.client.request(method, path, headers=headers, **kwargs)
        if COOKIE in response.headers.get("set-cookie", ""):
            self.token = response.cookies.get(COOKIE) or None
        return response

    def get(self, path: str, **kwargs: Any) -> httpx2.Response:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> httpx2.Response:
        return self.request("POST", path, json=json, **kwargs)

    def patch(self, path: str, json: Any, **kwargs: Any) -> httpx2.Response:
        return self.request("PATCH", path, json=json, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> httpx2.Response:
        return self.request("DELETE", path, **kwargs)

    def log_in(self, login: str, password: str = PASSWORD, **kwargs: Any) -> httpx2.Response:
        return self.post("/api/auth/login", {"login": login, "password": password}, **kwargs)

    def is_in(self) -> bool:
        return self.get("/api/me").status_code == 200


def signed_up(client: TestClient, login: str, **body: Any) -> Browser:
    """With `signup="open"`, or an invite."""
    browser = Browser(client)
    told = browser.post("/api/auth/sign-up", {"login": login, "password": PASSWORD} | body)
    assert told.status_code == 201, told.text
    return browser


def set_up(client: TestClient, login: str = "admin", **body: Any) -> Browser:
    """The first admin, at the backend's own machine."""
    browser = Browser(client)
    told = browser.post("/api/auth/setup", {"login": login, "password": PASSWORD} | body)
    assert told.status_code == 201, told.text
    return browser


def code(response: httpx2.Response) -> str:
    """The error's."""
    return str(response.json()["error"]["code"])
