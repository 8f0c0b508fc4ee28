"""`POST /api/token`, LiveKit's TokenSource endpoint."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import SecretStr

from backend.accounts.address import client_address, counted_as
from backend.accounts.sign_in import Principal, SignIn
from backend.calls.ending import CallEnder
from backend.calls.schema import TokenRequest, TokenResponse
from backend.calls.tokens import DOCTOR, TokenDesk
from backend.settings import BackendSettings
from chassis.errors import (
    Forbidden,
    NotFound,
    RateLimited,
    Unauthorized,
    Unavailable,
    documented,
)
from chassis.keys import has_key


def token_routes(
    desk: TokenDesk,
    ender: CallEnder,
    sign_in: SignIn,
    settings: BackendSettings,
    key: SecretStr | None,
) -> APIRouter:
    """`key`: the service key, with which `parley doctor` calls without being anybody."""
    router = APIRouter(prefix="/api", tags=["token"])

    async def caller(request: Request) -> Principal:
        if has_key(request.headers.get("authorization"), key):
            return DOCTOR
        return await sign_in.user(request)

    @router.post(
        "/token",
        status_code=201,
        responses=documented(Unauthorized, Forbidden, NotFound, RateLimited, Unavailable),
    )
    async def token(
        request: Request,
        response: Response,
        who: Annotated[Principal, Depends(caller)],
        body: Annotated[TokenRequest | None, Body()] = None,
    ) -> TokenResponse:
        """A token for one new room and one call. While all lines are busy: 503 `lines_busy` with
        the place in the line as `details.position`; who asks again keeps it."""
        response.headers["cache-control"] = "no-store"
        address = counted_as(client_address(request, settings.trusted_proxies))
        issued = await desk.issue(body or TokenRequest(), who, address)
        ender.user_back(who.user_id)
        return issued

    return router
