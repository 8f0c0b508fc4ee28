"""`/api/keys` and `/api/usage`: a user's own keys, and what was used with them."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response

from backend.accounts.audit import record
from backend.accounts.sign_in import Principal, SignIn
from backend.data.db import Database
from backend.gateway import keys
from backend.gateway.keychain import Keychain
from backend.gateway.schema import ApiKey, ApiKeys, MadeApiKey, NewApiKey, Rotation, Usages
from backend.gateway.tables import ApiKeyRow
from backend.gateway.usage import Ledger, usage_of
from chassis.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthorized,
    Unavailable,
    documented,
)

MAX_DAYS = 366
KeyId = Annotated[str, Path(min_length=1, max_length=32)]


def key_routes(
    database: Database, sign_in: SignIn, keychain: Keychain, ledger: Ledger
) -> APIRouter:
    """Everything here is of the user who asks: another's key is one that is not there."""
    router = APIRouter(
        prefix="/api",
        tags=["gateway"],
        responses=documented(InvalidRequest, Unauthorized, Forbidden, Unavailable),
    )
    _add_key_routes(router, database, sign_in, keychain)
    _add_usage_route(router, database, sign_in, ledger)
    return router


def _add_key_routes(
    router: APIRouter, database: Database, sign_in: SignIn, keychain: Keychain
) -> None:
    @router.get("/keys")
    async def list_keys(who: Annotated[Principal, Depends(sign_in.user)]) -> ApiKeys:
        """Your API keys, ended ones too, the newest first."""
        async with database.reading() as session:
            rows = await keys.keys_of(session, who.user_id)
        return ApiKeys(keys=[ApiKey.model_validate(row) for row in rows])

    @router.post("/keys", status_code=201, responses=documented(Conflict))
    async def create_key(
        who: Annotated[Principal, Depends(sign_in.user)],
        request: Request,
        response: Response,
        asked: NewApiKey,
    ) -> MadeApiKey:
        """A new key for `/v1`. The answer is the only place where it can be read."""
        async with database.writing() as session:
            row, key = await keys.make_key(session, who.user_id, asked, datetime.now(UTC))
            await record(
                session,
                "key_created",
                user_id=who.user_id,
                target=row.id,
                address=sign_in.address(request),
            )
        return _made(row, key, response)

    @router.post("/keys/{key_id}/rotate", status_code=201, responses=documented(NotFound, Conflict))
    async def rotate_key(
        who: Annotated[Principal, Depends(sign_in.user)],
        request: Request,
        response: Response,
        key_id: KeyId,
        asked: Annotated[Rotation | None, Body()] = None,
    ) -> MadeApiKey:
        """A key like this one; this one ends after the overlap."""
        overlap_s = (asked or Rotation()).overlap_s
        async with database.writing() as session:
            row, key = await keys.rotate_key(
                session, who.user_id, key_id, overlap_s, datetime.now(UTC)
            )
            await record(
                session,
                "key_rotated",
                user_id=who.user_id,
                target=key_id,
                address=sign_in.address(request),
            )
        keychain.ended(key_id)
        return _made(row, key, response)

    @router.delete("/keys/{key_id}", status_code=204, responses=documented(NotFound))
    async def revoke_key(
        who: Annotated[Principal, Depends(sign_in.user)], request: Request, key_id: KeyId
    ) -> None:
        """Ends the key at once."""
        async with database.writing() as session:
            await keys.revoke_key(session, who.user_id, key_id, datetime.now(UTC))
            await record(
                session,
                "key_revoked",
                user_id=who.user_id,
                target=key_id,
                address=sign_in.address(request),
            )
        keychain.ended(key_id)


def _add_usage_route(
    router: APIRouter, database: Database, sign_in: SignIn, ledger: Ledger
) -> None:
    @router.get("/usage")
    async def read_usage(
        who: Annotated[Principal, Depends(sign_in.user)],
        days: Annotated[int, Query(ge=1, le=MAX_DAYS)] = 30,
    ) -> Usages:
        """What you used of each service, by day (UTC) and key."""
        await ledger.write()
        async with database.reading() as session:
            return Usages(usage=await usage_of(session, who.user_id, days))


def _made(row: ApiKeyRow, key: str, response: Response) -> MadeApiKey:
    response.headers["cache-control"] = "no-store"
    return MadeApiKey.model_validate(
        {**ApiKey.model_validate(row).model_dump(), "key": key},
    )
