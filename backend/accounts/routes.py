"""`/api/auth`: who may come in, and coming in and out; and all other routes about people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from backend.accounts import audit
from backend.accounts.admin_routes import admin_routes
from backend.accounts.entry import Entered, Entry, Visitor
from backend.accounts.gone import ForgetUser, OnUserGone
from backend.accounts.me_routes import me_of, me_routes
from backend.accounts.schema import AuthState, Credentials, Me, Setup, SignUp
from backend.accounts.sessions import close_token
from backend.accounts.setup import FirstAdmin
from backend.accounts.sign_in import Principal, SignIn
from backend.accounts.users import get_user
from backend.data.db import Database
from backend.settings import BackendSettings
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

ENTERING = documented(InvalidRequest, Forbidden, Conflict, RateLimited, Unavailable)


def account_routes(
    settings: BackendSettings,
    database: Database,
    sign_in: SignIn,
    entry: Entry,
    first_admin: FirstAdmin,
    *,
    on_user_gone: OnUserGone,
    on_user_disabled: OnUserGone,
    forget_user: ForgetUser,
) -> APIRouter:
    """`on_user_gone` ends a user's calls in browsers, `on_user_disabled` those by telephone too;
    `forget_user` deletes one."""
    visitors = Visitors(sign_in)
    router = APIRouter(prefix="/api")
    auth = APIRouter(prefix="/auth", tags=["auth"], responses=documented(Unavailable))
    _add_state(auth, settings, database, sign_in, first_admin)
    _add_ways_in(auth, settings, sign_in, entry, first_admin, visitors)
    _add_logout(auth, database, sign_in, entry, visitors)
    router.include_router(auth)
    router.include_router(
        me_routes(settings, database, sign_in, entry, visitors.of, on_user_gone=on_user_gone)
    )
    router.include_router(
        admin_routes(
            settings,
            database,
            sign_in,
            visitors.of,
            on_user_disabled=on_user_disabled,
            forget_user=forget_user,
        )
    )
    return router


class Visitors:
    """Tells who knocks."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in

    def of(self, request: Request) -> Visitor:
        return Visitor(
            address=self._sign_in.address(request),
            user_agent=request.headers.get("user-agent", ""),
            token=self._sign_in.token(request),
        )


def _add_state(
    router: APIRouter,
    settings: BackendSettings,
    database: Database,
    sign_in: SignIn,
    first_admin: FirstAdmin,
) -> None:
    @router.get("")
    async def auth_state(
        who: Annotated[Principal | None, Depends(sign_in.maybe_user)],
    ) -> AuthState:
        """What a visitor can do, and who they are if they signed in."""
        me = None
        if who is not None:
            async with database.reading() as session:
                me = me_of(await get_user(session, who.user_id), settings)
        return AuthState(
            auth=settings.auth,
            signup=settings.signup,
            setup_needed=await first_admin.needed(),
            recording_allowed=settings.recording == "allowed",
            user=me,
        )


def _add_ways_in(
    router: APIRouter,
    settings: BackendSettings,
    sign_in: SignIn,
    entry: Entry,
    first_admin: FirstAdmin,
    visitors: Visitors,
) -> None:
    def welcome(request: Request, response: Response, entered: Entered) -> Me:
        sign_in.remember(request, response, entered.token)
        return me_of(entered.user, settings)

    @router.post("/setup", status_code=201, responses=ENTERING)
    async def set_up(request: Request, response: Response, body: Setup) -> Me:
        """Make the first admin, who takes over what was there without signing in."""
        visitor = visitors.of(request)
        await entry.knock(visitor)
        if not await first_admin.needed():
            raise Conflict("there is an admin: sign in", code="already_set_up")
        first_admin.check(request, body.setup_code)
        return welcome(request, response, await entry.first_admin(body, visitor))

    @router.post("/sign-up", status_code=201, responses=ENTERING)
    async def sign_up(request: Request, response: Response, body: SignUp) -> Me:
        """Make an account, by invitation where one is asked for."""
        return welcome(request, response, await entry.sign_up(body, visitors.of(request)))

    @router.post("/login", responses=ENTERING | documented(Unauthorized))
    async def log_in(request: Request, response: Response, body: Credentials) -> Me:
        """Sign this browser in."""
        return welcome(request, response, await entry.log_in(body, visitors.of(request)))


def _add_logout(
    router: APIRouter, database: Database, sign_in: SignIn, entry: Entry, visitors: Visitors
) -> None:
    @router.post("/logout", status_code=204, responses=documented(Unauthorized, NotFound, Conflict))
    async def log_out(
        request: Request,
        response: Response,
        who: Annotated[Principal, Depends(sign_in.user)],
    ) -> None:
        """Sign this browser out."""
        entry.check_is_on()
        visitor = visitors.of(request)
        async with database.writing() as session:
            await close_token(session, visitor.token or "")
            await audit.record(
                session,
                "session_closed",
                user_id=who.user_id,
                target=who.session_id,
                address=visitor.address,
            )
        sign_in.sessions.forget(who.user_id)
        sign_in.forget(response)
