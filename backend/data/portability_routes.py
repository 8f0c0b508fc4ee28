"""`/api/me/export`, `/import` and `/forget`: all of a user's data, in that user's hands."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts import audit
from backend.accounts.gone import ForgetUser
from backend.accounts.sign_in import Principal, SignIn
from backend.accounts.tables import LOCAL_USER
from backend.accounts.users import fold, get_user
from backend.data.db import Database
from backend.data.portability_export import export_all
from backend.data.portability_forget import refuse_the_last_admin
from backend.data.portability_import import Importer
from backend.data.portability_schema import Forget, Imported, PortableFile
from backend.data.portability_upload import read_upload, upload_schema
from backend.memories.search import MemorySearch
from backend.personas.pictures import Pictures
from chassis.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
    documented,
)

FILE_BYTES_BY_PATH = {"/api/me/import": 50_000_000}
FILE_NAME = "parley-export.json"
IsPassword = Callable[[str, SecretStr], Awaitable[bool]]


def portability_routes(
    database: Database,
    sign_in: SignIn,
    search: MemorySearch,
    pictures: Pictures,
    *,
    is_password: IsPassword,
    forget_user: ForgetUser,
) -> APIRouter:
    router = APIRouter(
        prefix="/api/me", tags=["me"], responses=documented(Unauthorized, Forbidden, Unavailable)
    )
    _add_files(router, database, sign_in, search, pictures)
    _add_forget(router, database, sign_in, is_password, forget_user)
    return router


def _add_files(
    router: APIRouter,
    database: Database,
    sign_in: SignIn,
    search: MemorySearch,
    pictures: Pictures,
) -> None:
    @router.get(
        "/export",
        response_class=Response,
        responses={200: {"content": {"application/json": {}}, "description": "a file"}},
        operation_id="export_me",
    )
    async def export_me(who: Annotated[Principal, Depends(sign_in.user)]) -> StreamingResponse:
        """Account, personas with pictures, conversations with turns, memories: as `import` takes
        them."""
        async with database.writing() as session:
            await audit.record(session, "user_exported", user_id=who.user_id)
        return StreamingResponse(
            export_all(database, who.user_id),
            media_type="application/json",
            headers={"content-disposition": f'attachment; filename="{FILE_NAME}"'},
        )

    @router.post(
        "/import",
        responses=documented(InvalidRequest, Conflict, TooLarge),
        openapi_extra=upload_schema(PortableFile),
        operation_id="import_me",
    )
    async def import_me(
        request: Request, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> Imported:
        """Add what a file of `export` has and is not there yet; preferences stay as they are."""
        file = await read_upload(request, PortableFile)
        done = await Importer(database, search, pictures, who).take(file)
        async with database.writing() as session:
            await audit.record(session, "user_imported", user_id=who.user_id)
        return done


def _add_forget(
    router: APIRouter,
    database: Database,
    sign_in: SignIn,
    is_password: IsPassword,
    forget_user: ForgetUser,
) -> None:
    @router.post(
        "/forget",
        status_code=204,
        responses=documented(InvalidRequest, Conflict, RateLimited),
        operation_id="forget_me",
    )
    async def forget_me(
        body: Forget, response: Response, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> None:
        """Delete everything that is the user's, and the account where people sign in. For good."""
        async with database.reading() as session:
            user = await get_user(session, who.user_id)
        if fold(body.confirm) != fold(user.login):
            raise InvalidRequest("confirm: type your login", param="confirm")
        if who.user_id != LOCAL_USER and (
            body.password is None or not await is_password(who.user_id, body.password)
        ):
            raise InvalidRequest(
                "password: this is not your password", param="password", code="wrong_credentials"
            )
        async with database.reading() as session:
            await refuse_the_last_admin(session, await get_user(session, who.user_id))

        async def deed(session: AsyncSession) -> None:
            await refuse_the_last_admin(session, await get_user(session, who.user_id))
            await audit.record(session, "user_forgotten", user_id=None)

        await forget_user(who.user_id, deed)
        sign_in.forget(response)
