"""`POST /internal/livekit/webhook`: the SFU says that something happened in a room.

Only a hint to look sooner: events come late, twice, in any order or not at all.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress

import jwt
from fastapi import APIRouter, Request
from livekit import api
from livekit.api.access_token import Claims

from chassis.errors import Unauthorized, documented
from chassis.settings import LiveKitSettings


def webhook_routes(
    keys: Callable[[], Sequence[LiveKitSettings]], look_early: Callable[[], None]
) -> APIRouter:
    """`look_early` is called for every event that the SFU signed, with one of `keys`."""
    router = APIRouter(
        prefix="/internal/livekit", tags=["internal"], responses=documented(Unauthorized)
    )

    @router.post("/webhook", status_code=204)
    async def webhook(request: Request) -> None:
        """401 unless the SFU signed exactly this body, minutes ago at most."""
        # The SDK's own receiver raises bare Exceptions, and parses what is not needed here.
        claims = _claims(request.headers.get("authorization", ""), keys())
        digest = base64.b64encode(hashlib.sha256(await request.body()).digest()).decode()
        if claims.sha256 != digest:
            raise _refused()
        look_early()

    return router


def _claims(token: str, keys: Sequence[LiveKitSettings]) -> Claims:
    for livekit in keys:
        verifier = api.TokenVerifier(livekit.api_key, livekit.api_secret.get_secret_value())
        with suppress(jwt.InvalidTokenError):
            return verifier.verify(token)
    raise _refused()


def _refused() -> Unauthorized:
    return Unauthorized("the event is not signed by the SFU", param="Authorization")
