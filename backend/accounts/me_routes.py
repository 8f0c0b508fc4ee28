"""`/api/me`: a user's own account, password and sessions."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from backend.accounts import audit
from backend.accounts.entry import Entry, Visitor
from backend.accounts.gone import OnUserGone
from backend.accounts.schema import Me, MeChange, PasswordChange, Session, Sessions
from backend.accounts.sessions import close_all, close_session, sessions_of
from backend.accounts.sign_in import Principal, SignIn
from backend.accounts.tables import LOCAL_USER, UserRow
from backend.accounts.users import get_user
from backend.data.db import Database
from backend.settings import BackendSettings
from chassis.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthorized,
    Unavailable,
    documented,
)

SessionId = Annotated[str, Path(max_length=32)]


def me_routes(
    settings: BackendSettings,
    database: Database,
    sign_in: SignIn,
    entry: Entry,
    visitor_of: Callable[[Request], Visitor],
    *,
    on_user_gone: OnUserGone,
) -> APIRouter:
    router = APIRouter(
        prefix="/me", tags=["me"], responses=documented(InvalidRequest, Unauthorized, Unavailable)
    )
    _add_preferences(router, settings, database, sign_in)
    _add_password(router, sign_in, entry, visitor_of, on_user_gone)
    _add_session_list(router, database, sign_in)
    _add_closing(router, database, sign_in, visitor_of, on_user_gone)
    return router


def me_of(user: UserRow, settings: BackendSettings) -> Me:
    named_by_operator = settings.user_name if user.id == LOCAL_USER else None
    return Me(
        id=user.id,
        login=user.login,
        preferred_name=user.preferred_name or named_by_operator,
        language=user.language,
        role=user.role,
        memory_policy=user.memory_policy,
        record_calls=user.record_calls,
        retention_days=user.retention_days,
        created_at=user.created_at,
    )


def _add_preferences(
    router: APIRouter, settings: BackendSettings, database: Database, sign_in: SignIn
) -> None:
    @router.get("")
    async def me(who: Annotated[Principal, Depends(sign_in.user)]) -> Me:
        """The user who asks."""
        async with database.reading() as session:
            return me_of(await get_user(session, who.user_id), settings)

    @router.patch("")
    async def change_me(body: MeChange, who: Annotated[Principal, Depends(sign_in.user)]) -> Me:
        """Change what is sent, leave the rest."""
        async with database.writing() as session:
            user = await get_user(session, who.user_id)
            for name in body.model_fields_set:
                setattr(user, name, getattr(body, name))
            return me_of(user, settings)


def _add_password(
    router: APIRouter,
    sign_in: SignIn,
    entry: Entry,
    visitor_of: Callable[[Request], Visitor],
    on_user_gone: OnUserGone,
) -> None:
    @router.post("/password", status_code=204, responses=documented(Conflict, RateLimited))
    async def change_password(
        request: Request,
        body: PasswordChange,
        who: Annotated[Principal, Depends(sign_in.user)],
    ) -> None:
        """Change it, and sign out every other browser: whoever knew the old one is out."""
        await entry.change_password(who, body, visitor_of(request))
        await on_user_gone(who.user_id)


def _add_session_list(router: APIRouter, database: Database, sign_in: SignIn) -> None:
    @router.get("/sessions")
    async def list_sessions(who: Annotated[Principal, Depends(sign_in.user)]) -> Sessions:
        """Every browser that is signed in, the last seen first."""
        async with database.reading() as session:
            rows = await sessions_of(session, who.user_id)
        found = [Session.model_validate(row) for row in rows]
        current = who.session_id
        return Sessions(
            sessions=[each.model_copy(update={"current": each.id == current}) for each in found]
        )


def _add_closing(
    router: APIRouter,
    database: Database,
    sign_in: SignIn,
    visitor_of: Callable[[Request], Visitor],
    on_user_gone: OnUserGone,
) -> None:
    @router.delete("/sessions/{session_id}", status_code=204, responses=documented(NotFound))
    async def close_one_session(
        session_id: SessionId, request: Request, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> None:
        """Sign one browser out."""
        address = visitor_of(request).address
        async with database.writing() as session:
            if not await close_session(session, who.user_id, session_id):
                raise NotFound("there is no such session", param="session_id")
            await audit.record(
                session,
                "session_revoked",
                user_id=who.user_id,
                target=session_id,
                address=address,
            )
        sign_in.sessions.forget(who.user_id)

    @router.delete("/sessions", status_code=204)
    async def close_other_sessions(
        request: Request, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> None:
        """Sign every other browser out, and end calls: nobody knows which browser's they are."""
        address = visitor_of(request).address
        async with database.writing() as session:
            await close_all(session, who.user_id, but=who.session_id)
            await audit.record(session, "sessions_revoked", user_id=who.user_id, address=address)
        sign_in.sessions.forget(who.user_id)
        await on_user_gone(who.user_id)
