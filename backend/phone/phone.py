"""The parts of the telephone, put together."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import SecretStr

from backend.accounts.sign_in import SignIn
from backend.background import Leads
from backend.data.db import Database
from backend.phone import calls, lines, schema
from backend.phone.call_metrics import CallMetrics
from backend.phone.call_routes import call_routes
from backend.phone.dial import Dialler
from backend.phone.internal_routes import add_phone_routes
from backend.phone.keeper import CallKeeper
from backend.phone.line_routes import line_routes, operator
from backend.phone.reconciler import Reconciler
from backend.phone.sip_sfu import SipSfu
from backend.phone.tables import CallRow
from backend.rooms.watcher_sfu import NotThere, Sfu, SfuFailed
from backend.settings import BackendSettings
from chassis.ended import EndedReason
from chassis.errors import Unavailable
from chassis.http import AsyncClient, HTTPError
from chassis.logs import get_logger
from chassis.metrics import Metrics
from chassis.room_names import kept_name

HEALTH_WITHIN_S = 1.0
log = get_logger(__name__)

ALIVE = (200, 429)  # 429: it works, and takes no more calls now


class Phone:
    """Enter `running` for the service's life."""

    def __init__(
        self,
        settings: BackendSettings,
        database: Database,
        leader: Leads,
        sfu: Sfu,
        client: AsyncClient,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._database = database
        self._client = client
        self._metrics = CallMetrics(metrics)
        self._max_calls = settings.phone_max_calls or None
        self._sip = sip = SipSfu(sfu)
        self._keeper = CallKeeper(database, leader, sip, self._metrics, self._max_calls)
        self._dialler = Dialler(
            *(database, sip, self._metrics),
            allowed=settings.phone_dial_allow,
            max_calls=self._max_calls,
        )
        self._reconciler = Reconciler(
            database, leader, self._sip, settings.agent_name, self._metrics
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._reconciler, self._keeper, self._dialler:
            yield

    def routes(self, sign_in: SignIn, key: SecretStr | None) -> APIRouter:
        """`key`: the service key, which `parley phone` has."""
        who_asks = operator(sign_in, self._settings, key)
        router = line_routes(
            *(self._database, sign_in, who_asks),
            changed=self._reconciler.look_early,
            status=self.status,
        )
        router.include_router(
            call_routes(self._database, sign_in, who_asks, self._dialler, self.hang_up)
        )
        return router

    def add_internal_routes(self, router: APIRouter) -> None:
        add_phone_routes(router, self._database, self._metrics, self._max_calls)

    async def status(self) -> schema.PhoneStatus:
        sip, redis = await asyncio.gather(self._sip_answers(), self._has_redis())
        async with self._database.reading() as session:
            rows = await lines.all_lines(session)
            on = await calls.on_now(session)
        has_way_out = any(row.outbound_address is not None for row in rows)
        return schema.PhoneStatus(
            sip_reachable=sip,
            redis=redis,
            lines=[
                schema.LineStatus(id=row.id, state=row.state, reason=row.reason) for row in rows
            ],
            calls_on=on,
            max_calls=self._max_calls,
            may_dial=sip and bool(self._settings.phone_dial_allow) and has_way_out,
        )

    async def hang_up(self, call_id: str) -> None:
        """Whoever is in the call is sent away. Raises NotFound, and Unavailable when the voice
        server cannot be asked."""
        async with self._database.reading() as session:
            row = await calls.get_call(session, call_id)
        if row.ended_at is not None:
            return
        await self._dialler.give_up(call_id)
        try:
            await self._close(frozenset({row.room}))
        except SfuFailed as exc:
            raise Unavailable(
                "the voice server cannot be reached", code="voice_server_unreachable"
            ) from exc
        await self._note_end(call_id)

    async def end_calls_of(self, user_id: str) -> None:
        """Of a user who goes: calls through their lines. Without the voice server they go on."""
        async with self._database.reading() as session:
            rooms = {row.room for row in await calls.open_calls(session) if row.user_id == user_id}
        if not rooms:
            return
        try:
            await self._close(rooms)
        except SfuFailed as exc:
            log.warning("phone_calls_not_ended", reason=str(exc))

    async def _close(self, kept: Collection[str]) -> None:
        for room in await self._sip.rooms():
            if kept_name(room) in kept:
                with suppress(NotThere):
                    await self._sip.close_room(room)

    async def _note_end(self, call_id: str) -> None:
        async with self._database.writing() as session:
            row = await session.get(CallRow, call_id)
            is_news = row is not None and calls.end(row, EndedReason.ROOM_CLOSED, datetime.now(UTC))
        if is_news and row is not None:
            self._metrics.ended(row)

    async def _sip_answers(self) -> bool:
        try:
            async with asyncio.timeout(HEALTH_WITHIN_S):
                answer = await self._client.get(self._settings.sip_url)
        except (HTTPError, OSError, TimeoutError):
            return False
        return answer.status_code in ALIVE

    async def _has_redis(self) -> bool:
        try:
            await self._sip.found()
        except SfuFailed:
            return False
        return True
