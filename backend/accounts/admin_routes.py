"""`/api/users`, `/api/invites`, `/api/audit`: for admins."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts import audit, invites, users
from backend.accounts.entry import Visitor
from backend.accounts.gone import ForgetUser, OnUserGone
from backend.accounts.schema import (
    Audit,
    AuditEntry,
    Invite,
    InviteRequest,
    Invites,
    NewInvite,
    User,
    UserChange,
    Users,
)
from backend.accounts.sessions import close_all
from backend.accounts.sign_in import Principal, SignIn
from backend.accounts.tables import UserRow
from backend.data.db import Database
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

UserId = Annotated[str, Path(max_length=64)]
InviteId = Annotated[str, Path(max_length=32)]
Limit = Annotated[int, Query(ge=1, le=200)]
AuditCursor = Annotated[str, Query(pattern=r"^[1-9][0-9]{0,8}$")]
VisitorOf = Callable[[Request], Visitor]


def admin_routes(
    settings: BackendSettings,
    database: Database,
    sign_in: SignIn,
    visitor_of: VisitorOf,
    *,
    on_user_disabled: OnUserGone,
    forget_user: ForgetUser,
) -> APIRouter:
    router = APIRouter(
        tags=["admin"],
        responses=documented(InvalidRequest, Unauthorized, Forbidden, Unavailable),
    )
    _add_user_list(router, settings, database, sign_in)
    _add_user_changes(router, database, sign_in, visitor_of, on_user_disabled)
    _add_user_deletion(router, database, sign_in, visitor_of, forget_user)
    _add_invites(router, database, sign_in, visitor_of)
    _add_audit(router, database, sign_in)
    return router


def _user(row: UserRow) -> User:
    return User(
        id=row.id,
        login=row.login,
        role=row.role,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        disabled=row.disabled_at is not None,
    )


def _add_user_list(
    router: APIRouter, settings: BackendSettings, database: Database, sign_in: SignIn
) -> None:
    @router.get("/users", dependencies=[Depends(sign_in.admin)])
    async def list_users() -> Users:
        """Everybody who has an account."""
        async with database.reading() as session:
            rows = await users.all_users(session, local=settings.auth == "off")
        return Users(users=[_user(row) for row in rows])


def _add_user_changes(
    router: APIRouter,
    database: Database,
    sign_in: SignIn,
    visitor_of: VisitorOf,
    on_user_disabled: OnUserGone,
) -> None:
    @router.patch("/users/{user_id}", responses=documented(NotFound, Conflict))
    async def change_user(
        user_id: UserId,
        body: UserChange,
        request: Request,
        who: Annotated[Principal, Depends(sign_in.admin)],
    ) -> User:
        """Change the role, or disable: a disabled user is out at once, calls included."""
        address = visitor_of(request).address
        async with database.writing() as session:
            user = await users.get_account(session, user_id)
            if body.role == "member" or body.disabled:
                await users.keep_an_admin(session, user)
            user.role = body.role or user.role
            if body.disabled is not None:
                user.disabled_at = datetime.now(UTC) if body.disabled else None
            if body.disabled:
                await close_all(session, user_id)
            await audit.record(
                session, "user_changed", user_id=who.user_id, target=user_id, address=address
            )
            changed = _user(user)
        sign_in.sessions.forget(user_id)
        if body.disabled:
            await on_user_disabled(user_id)
        return changed


def _add_user_deletion(
    router: APIRouter,
    database: Database,
    sign_in: SignIn,
    visitor_of: VisitorOf,
    forget_user: ForgetUser,
) -> None:
    @router.delete("/users/{user_id}", status_code=204, responses=documented(NotFound, Conflict))
    async def delete_user(
        user_id: UserId, request: Request, who: Annotated[Principal, Depends(sign_in.admin)]
    ) -> None:
        """Delete the account and everything that is the user's."""
        address = visitor_of(request).address

        async def deed(session: AsyncSession) -> None:
            await users.keep_an_admin(session, await users.get_account(session, user_id))
            await audit.record(session, "user_deleted", user_id=who.user_id, address=address)

        async with database.reading() as session:  # nothing of who stays is deleted
            await users.keep_an_admin(session, await users.get_account(session, user_id))
        await forget_user(user_id, deed)


def _add_invites(
    router: APIRouter, database: Database, sign_in: SignIn, visitor_of: VisitorOf
) -> None:
    @router.get("/invites", dependencies=[Depends(sign_in.admin)])
    async def list_invites() -> Invites:
        """Every invitation, the newest first, used ones too."""
        async with database.reading() as session:
            rows = await invites.invites(session)
        return Invites(invites=[Invite.model_validate(row) for row in rows])

    @router.post("/invites", status_code=201)
    async def create_invite(
        body: InviteRequest, request: Request, who: Annotated[Principal, Depends(sign_in.admin)]
    ) -> NewInvite:
        """An invitation for one person. Its token is told this once."""
        address = visitor_of(request).address
        async with database.writing() as session:
            token, row = await invites.create_invite(
                session,
                body.role,
                created_by=who.user_id,
                lasts=timedelta(days=body.expires_in_days),
            )
            await audit.record(
                session, "invite_created", user_id=who.user_id, target=row.id, address=address
            )
        return NewInvite(token=token, **Invite.model_validate(row).model_dump())

    @router.delete("/invites/{invite_id}", status_code=204, responses=documented(NotFound))
    async def delete_invite(
        invite_id: InviteId, request: Request, who: Annotated[Principal, Depends(sign_in.admin)]
    ) -> None:
        """Nobody can use it any more."""
        address = visitor_of(request).address
        async with database.writing() as session:
            await invites.delete_invite(session, invite_id)
            await audit.record(
                session, "invite_deleted", user_id=who.user_id, target=invite_id, address=address
            )


def _add_audit(router: APIRouter, database: Database, sign_in: SignIn) -> None:
    @router.get("/audit", dependencies=[Depends(sign_in.admin)])
    async def list_audit(cursor: AuditCursor | None = None, limit: Limit = 100) -> Audit:
        """Who did what, the latest first."""
        async with database.reading() as session:
            rows = await audit.entries(session, before=int(cursor) if cursor else None, limit=limit)
        following = str(rows[-1].id) if len(rows) == limit else None
        return Audit(
            entries=[AuditEntry.model_validate(row) for row in rows], next_cursor=following
        )
