"""`/api/calls`: telephone calls, live and past; dialled, and hung up. For admins."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request

from backend.accounts import audit
from backend.accounts.sign_in import SignIn
from backend.conversations.cursors import MAX_CURSOR_CHARS, Cursor
from backend.data.db import Database
from backend.phone import calls, schema
from backend.phone.dial import Dialler
from backend.phone.line_routes import WhoAsks
from backend.phone.lines import Asker
from chassis.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthorized,
    Unavailable,
    documented,
)

CallId = Annotated[str, Path(min_length=1, max_length=32)]
State = Literal["live", "ended"]
HangUp = Callable[[str], Awaitable[None]]


def call_routes(
    database: Database, sign_in: SignIn, who_asks: WhoAsks, dialler: Dialler, hang_up: HangUp
) -> APIRouter:
    """`hang_up` is given a call's id; raises NotFound, Unavailable."""
    router = APIRouter(
        prefix="/calls",
        tags=["phone"],
        responses=documented(InvalidRequest, Unauthorized, Forbidden, Unavailable),
    )

    @router.get("")
    async def list_calls(
        who: Annotated[Asker, Depends(who_asks)],
        state: State | None = None,
        cursor: Annotated[str | None, Query(max_length=MAX_CURSOR_CHARS)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 30,
    ) -> schema.CallList:
        """Calls by telephone, the newest first. `live`: those that ring, too."""
        after = None if cursor is None else Cursor.parse(cursor)
        async with database.reading() as session:
            return await calls.page(
                session, asker=who.user_id, state=state, cursor=after, limit=limit
            )

    _add_deeds(router, database, sign_in, who_asks, dialler, hang_up)
    return router


def _add_deeds(
    router: APIRouter,
    database: Database,
    sign_in: SignIn,
    who_asks: WhoAsks,
    dialler: Dialler,
    hang_up: HangUp,
) -> None:
    async def note(request: Request, who: Asker, action: str, call_id: str) -> None:
        async with database.writing() as session:
            address = sign_in.address(request)
            await audit.record(
                session, action, user_id=who.user_id, target=call_id, address=address
            )

    @router.post("", status_code=202, responses=documented(NotFound, Conflict, RateLimited))
    async def dial(
        body: schema.Dial, request: Request, who: Annotated[Asker, Depends(who_asks)]
    ) -> schema.Call:
        """Call a number that BACKEND_PHONE_DIAL_ALLOW allows; it rings. What comes of it is told
        by the call: `ended_reason` callee_busy, not_answered or dial_failed."""
        call = await dialler.dial(body)
        await note(request, who, "phone_call_dialled", call.id)
        return call

    @router.delete("/{call_id}", status_code=204, responses=documented(NotFound))
    async def hang_up_call(
        call_id: CallId, request: Request, who: Annotated[Asker, Depends(who_asks)]
    ) -> None:
        """Hang up. A call that is over already is fine."""
        await hang_up(call_id)
        await note(request, who, "phone_call_hung_up", call_id)
