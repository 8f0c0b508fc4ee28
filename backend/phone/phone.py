"""The parts of the telephone, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter
from pydantic import SecretStr

from backend.accounts.sign_in import SignIn
from backend.data.db import Database
from backend.phone import calls, lines, schema
from backend.phone.call_metrics import CallMetrics
from backend.phone.internal_routes import add_phone_routes
from backend.phone.line_routes import line_routes, operator
from backend.phone.reconciler import Leads, Reconciler
from backend.phone.sip_sfu import SipSfu
from backend.rooms.watcher_sfu import Sfu, SfuFailed
from backend.settings import BackendSettings
from chassis.http import AsyncClient, HTTPError
from chassis.metrics import Metrics

HEALTH_WITHIN_S = 1.0
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
        self._sip = SipSfu(sfu)
        self._reconciler = Reconciler(
            database, leader, self._sip, settings.agent_name, self._metrics
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._reconciler:
            yield

    def routes(self, sign_in: SignIn, key: SecretStr | None) -> APIRouter:
        """`key`: the service key, which `parley phone` has."""
        who_asks = operator(sign_in, self._settings, key)
        return line_routes(
            *(self._database, sign_in, who_asks),
            changed=self._reconciler.look_early,
            status=self.status,
        )

    def add_internal_routes(self, router: APIRouter) -> None:
        add_phone_routes(router, self._database, self._metrics, self._max_calls)

    async def status(self) -> schema.PhoneStatus:
        sip, redis = await asyncio.gather(self._sip_answers(), self._has_redis())
        async with self._database.reading() as session:
            rows = await lines.all_lines(session)
            on = await calls.on_now(session)
        return schema.PhoneStatus(
            sip_reachable=sip,
            redis=redis,
            lines=[
                schema.LineStatus(id=row.id, state=row.state, reason=row.reason) for row in rows
            ],
            calls_on=on,
            max_calls=self._max_calls,
        )

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
