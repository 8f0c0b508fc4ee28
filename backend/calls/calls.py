"""The parts of calls, put together: keys, the SFU's rooms, the desk for tokens."""

from fastapi import APIRouter
from pydantic import SecretStr

from backend.accounts.sign_in import SignIn
from backend.calls.admission import Admission
from backend.calls.ending import CallEnder
from backend.calls.keys import LiveKitKeys
from backend.calls.lines import Lines
from backend.calls.open_calls import OpenCalls
from backend.calls.routes import token_routes
from backend.calls.tokens import DeskParts, TokenDesk
from backend.data.db import Database
from backend.health.status import Services
from backend.personas.options import Options
from backend.rooms.watcher_sfu import Sfu
from backend.settings import BackendSettings
from chassis.http import AsyncClient
from chassis.metrics import Metrics
from chassis.settings import LiveKitSettings


class Calls:
    """`ender` must be entered by the service; its `user_gone` ends a user's calls."""

    def __init__(
        self,
        settings: BackendSettings,
        livekit: LiveKitSettings,
        client: AsyncClient,
        metrics: Metrics,
        service_key: SecretStr | None,
    ) -> None:
        self._settings = settings
        self._service_key = service_key
        self._metrics = metrics
        self.lines = Lines()
        self.keys = LiveKitKeys(livekit, settings.livekit_key_file)
        self.sfu = Sfu(client, self.keys.now, settings.agent_name)
        self.ender = CallEnder(self.sfu, settings.token_ttl_s)

    def routes(
        self, database: Database, sign_in: SignIn, services: Services, options: Options
    ) -> APIRouter:
        admission = Admission(self._settings, self.lines, OpenCalls(self.sfu), self._metrics)
        desk = TokenDesk(
            DeskParts(
                settings=self._settings,
                keys=self.keys,
                services=services,
                database=database,
                admission=admission,
                options=options,
                metrics=self._metrics,
            )
        )
        return token_routes(desk, self.ender, sign_in, self._settings, self._service_key)
