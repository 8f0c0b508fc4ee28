"""`/api/phone`: lines, and whether they work. For admins, and with the service key."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import SecretStr

from backend.accounts import audit
from backend.accounts.sign_in import SignIn
from backend.accounts.tables import LOCAL_USER
from backend.data.db import Database
from backend.phone import lines, schema
from backend.phone.lines import Asker
from backend.settings import BackendSettings
from chassis.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthorized,
    Unavailable,
    documented,
)
from chassis.keys import has_key

LineId = Annotated[str, Path(min_length=1, max_length=32)]
WhoAsks = Callable[[Request], Awaitable[Asker]]


def operator(sign_in: SignIn, settings: BackendSettings, key: SecretStr | None) -> WhoAsks:
    """A dependency: admins, and who has the service key, as `parley phone` does."""

    async def who(request: Request) -> Asker:
        if has_key(request.headers.get("authorization"), key):
            return Asker(user_id=LOCAL_USER if settings.auth == "off" else None)
        return Asker(user_id=(await sign_in.admin(request)).user_id)

    return who


def line_routes(
    database: Database,
    sign_in: SignIn,
    who_asks: WhoAsks,
    *,
    changed: Callable[[], None],
    status: Callable[[], Awaitable[schema.PhoneStatus]],
) -> APIRouter:
    """`changed` is called after each change of a line."""
    router = APIRouter(
        prefix="/api",
        tags=["phone"],
        responses=documented(InvalidRequest, Unauthorized, Forbidden, Unavailable),
    )
    _add_reading(router, database, who_asks, status)
    _add_writing(router, database, sign_in, who_asks, changed)
    return router


def _add_reading(
    router: APIRouter,
    database: Database,
    who_asks: WhoAsks,
    status: Callable[[], Awaitable[schema.PhoneStatus]],
) -> None:
    @router.get("/phone/status", dependencies=[Depends(who_asks)])
    async def phone_status() -> schema.PhoneStatus:
        """Whether telephones can call, line by line, and how many calls are on."""
        return await status()

    @router.get("/phone/lines", dependencies=[Depends(who_asks)])
    async def list_lines() -> schema.Lines:
        """Every line, without its secrets."""
        async with database.reading() as session:
            return schema.Lines(lines=[lines.told(row) for row in await lines.all_lines(session)])

    @router.get(
        "/phone/lines/{line_id}", dependencies=[Depends(who_asks)], responses=documented(NotFound)
    )
    async def get_line(line_id: LineId) -> schema.Line:
        async with database.reading() as session:
            return lines.told(await lines.get_line(session, line_id))


def _add_writing(
    router: APIRouter,
    database: Database,
    sign_in: SignIn,
    who_asks: WhoAsks,
    changed: Callable[[], None],
) -> None:
    @router.post("/phone/lines", status_code=201, responses=documented(NotFound, Conflict))
    async def create_line(
        body: schema.NewLine, request: Request, who: Annotated[Asker, Depends(who_asks)]
    ) -> schema.Line:
        """A new line. 400 `open_trunk` for one that anybody could call in through; 409
        `number_taken` with the other line as `details.line_id`."""
        async with database.writing() as session:
            row = await lines.create_line(session, body, who)
            await audit.record(
                session,
                "phone_line_created",
                user_id=who.user_id,
                target=row.id,
                address=sign_in.address(request),
            )
        changed()
        return lines.told(row)

    @router.patch("/phone/lines/{line_id}", responses=documented(NotFound, Conflict))
    async def change_line(
        line_id: LineId,
        body: schema.LineChange,
        request: Request,
        who: Annotated[Asker, Depends(who_asks)],
    ) -> schema.Line:
        """What is left out stays as it is."""
        async with database.writing() as session:
            row = await lines.change_line(session, line_id, body)
            await audit.record(
                session,
                "phone_line_changed",
                user_id=who.user_id,
                target=row.id,
                address=sign_in.address(request),
            )
        changed()
        return lines.told(row)

    @router.delete("/phone/lines/{line_id}", status_code=204, responses=documented(NotFound))
    async def delete_line(
        line_id: LineId, request: Request, who: Annotated[Asker, Depends(who_asks)]
    ) -> None:
        """Nobody can call in through it any more. Calls that are on go on."""
        async with database.writing() as session:
            await lines.delete_line(session, line_id)
            await audit.record(
                session,
                "phone_line_deleted",
                user_id=who.user_id,
                target=line_id,
                address=sign_in.address(request),
            )
        changed()
