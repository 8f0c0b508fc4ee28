"""`/internal`: what the agent reads and records, by service key; never for a browser."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, SecretStr

from backend import internal_schema as schema
from backend.accounts.tables import LOCAL_USER, UserRow
from backend.conversations import recorded as conversations
from backend.conversations.deleted import forgotten, refuse_forgotten
from backend.data.db import Database
from backend.internal_recordings import add_recording_routes
from backend.memories import remembered
from backend.memories.search import MemorySearch
from backend.personas import stored as personas
from backend.phone import calls as phone_calls
from chassis.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthorized,
    Unavailable,
    documented,
)
from chassis.keys import check_bearer

MEMORIES_TOLD = 20
ANSWER_WITHIN_S = 4.0  # a little more than a unit of work may take
# Only for OpenAPI to name it: `_guarded` asks for the key.
BEARER = HTTPBearer(auto_error=False, description="PARLEY_SERVICE_KEY")
ConversationId = Annotated[str, Path(min_length=1, max_length=64)]
IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
UserId = Annotated[str | None, Query(max_length=64)]
SearchText = Annotated[str, Query(max_length=2_000)]


def internal_routes(
    database: Database,
    search: MemorySearch,
    key: SecretStr | None,
    user_name: str | None = None,
    *,
    may_record: bool = False,
    phone: Callable[[APIRouter], None],
) -> APIRouter:
    """`key` None lets nobody in. `user_name`: what the local user is called. `may_record`: the
    sound of calls is kept of those who want it. `phone` adds the routes of telephone calls."""
    router = APIRouter(
        prefix="/internal",
        tags=["internal"],
        route_class=_guarded(key),
        dependencies=[Depends(BEARER)],
        responses=documented(Unauthorized, Forbidden, Unavailable),
    )
    _add_conversation_routes(router, database)
    _add_context_routes(router, database, search, user_name, may_record)
    _add_memory_routes(router, database, search)
    add_recording_routes(router, database, may_record)
    phone(router)
    return router


def _guarded(key: SecretStr | None) -> type[APIRoute]:
    late: set[asyncio.Task[Response]] = set()

    class GuardedRoute(APIRoute):
        """Asks who is there before it reads what they send; answers in time, come what may."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                if request.headers.get("origin") is not None:
                    raise Forbidden("not for web pages", param="Origin")
                if key is None:
                    raise Unauthorized("PARLEY_SERVICE_KEY is not set", param="Authorization")
                check_bearer(request.headers.get("authorization"), key)
                return await _in_time(asyncio.create_task(handle(request)), late)

            return guarded

    return GuardedRoute


async def _in_time(task: asyncio.Task[Response], late: set[asyncio.Task[Response]]) -> Response:
    """The task's answer. One that hangs on a sick disk is let go, and kept in `late` till it ends:
    cancelling it would wait for the disk too."""
    try:
        await asyncio.wait({task}, timeout=ANSWER_WITHIN_S)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if task.done():
        return task.result()
    late.add(task)
    task.add_done_callback(late.discard)
    raise Unavailable(
        "the database is too slow now", code="database_unavailable", retry_after_s=1.0
    )


def _kept(answer: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": answer, "description": "it was there already"}}


def _add_conversation_routes(router: APIRouter, database: Database) -> None:
    @router.post(
        "/conversations",
        status_code=201,
        responses=_kept(schema.ConversationId) | documented(NotFound),
    )
    async def begin(body: schema.NewConversation, response: Response) -> schema.ConversationId:
        """A call began, of a new conversation (201) or a known one (200)."""
        async with database.writing() as session:
            created = await conversations.begin(session, body)
        if created is None:
            raise forgotten()
        response.status_code = 201 if created else 200
        return schema.ConversationId(conversation_id=body.conversation_id)

    @router.post(
        "/conversations/{conversation_id}/turns",
        status_code=201,
        responses=_kept(schema.TurnId) | documented(NotFound),
    )
    async def add_turn(
        conversation_id: ConversationId,
        body: schema.NewTurn,
        idempotency_key: IdempotencyKey,
        response: Response,
    ) -> schema.TurnId:
        """Record a turn; delivered again with the same key it answers 200 and the same id."""
        async with database.writing() as session:
            turn_id, created = await conversations.add_turn(
                session, conversation_id, body, idempotency_key
            )
        response.status_code = 201 if created else 200
        return schema.TurnId(turn_id=turn_id)

    @router.put(
        "/conversations/{conversation_id}/summary",
        status_code=204,
        responses=documented(NotFound),
    )
    async def summarise(conversation_id: ConversationId, body: schema.Summary) -> None:
        """Replace the summary of what was said before the last turns."""
        async with database.writing() as session:
            await conversations.summarise(session, conversation_id, body.text)

    @router.post(
        "/conversations/{conversation_id}/end", status_code=204, responses=documented(NotFound)
    )
    async def end(conversation_id: ConversationId, body: schema.End) -> None:
        """The call is over, and why."""
        async with database.writing() as session:
            await conversations.end(session, conversation_id, body)


def _add_context_routes(
    router: APIRouter,
    database: Database,
    search: MemorySearch,
    user_name: str | None,
    may_record: bool,
) -> None:
    @router.get("/conversations/{conversation_id}/context", responses=documented(NotFound))
    async def context(
        conversation_id: ConversationId,
        user_id: UserId = None,
        persona_id: Annotated[str | None, Query(max_length=64)] = None,
    ) -> schema.Context:
        """What the agent needs to begin or go on. A conversation not known yet is fine: then
        `user_id` and `persona_id` say whose it is and who answers."""
        async with database.reading() as session:
            known = await conversations.find_conversation(session, conversation_id)
            user = known.user_id if known else user_id or LOCAL_USER
            await refuse_forgotten(session, conversation_id, user)
            wanted = persona_id or (known.persona_id if known else None)
            # Whoever calls by telephone hears the persona of the line, the owner's own too.
            owner = await phone_calls.owner_of(session, conversation_id) or user
            persona = await personas.persona_or_default(session, wanted, user_id=owner)
            names = await personas.all_personas(session, user)
            turns = await conversations.last_turns(session, conversation_id)
            person = await session.get(UserRow, user)
            memories = await search.at_start(session, user, MEMORIES_TOLD)
        return schema.Context(
            conversation_id=conversation_id,
            resumed=bool(turns),
            persona=schema.Persona.model_validate(persona),
            personas=[schema.PersonaName.model_validate(name) for name in names],
            user=_told_of(person, user, user_name),
            record=may_record and person is not None and person.record_calls,
            summary=known.summary if known else None,
            turns=turns,
            memories=[schema.ToldMemory.model_validate(memory) for memory in memories],
        )

    @router.get("/personas/{persona}", responses=documented(NotFound))
    async def find_persona(persona: ConversationId, user_id: UserId = None) -> schema.Persona:
        """By id, or by name in any case: the user's own, then everybody's."""
        async with database.reading() as session:
            found = await personas.find_persona(
                session, persona, user_id=user_id or LOCAL_USER, param="persona"
            )
        return schema.Persona.model_validate(found)


def _told_of(person: UserRow | None, user_id: str, local_name: str | None) -> schema.User:
    """None of a person without an account: who calls by telephone."""
    return schema.User(
        id=user_id,
        preferred_name=(person.preferred_name if person else None)
        or (local_name if user_id == LOCAL_USER else None),
        language=person.language if person else None,
        memory_policy=person.memory_policy if person else "auto",
    )


def _add_memory_routes(router: APIRouter, database: Database, search: MemorySearch) -> None:
    @router.get("/memories")
    async def recall(
        user_id: UserId = None,
        query: SearchText = "",
        limit: Annotated[int, Query(ge=1, le=100)] = MEMORIES_TOLD,
    ) -> schema.Memories:
        """Those that bear on `query`, best first; without one the newest. None that are only
        proposed, and none at all when the user wants nothing remembered."""
        found = await search.told(user_id or LOCAL_USER, query.strip(), limit)
        memories = [schema.ToldMemory.model_validate(known) for known in found]
        return schema.Memories(memories=memories)

    @router.post("/memories", status_code=201, responses=_kept(schema.MemoryId))
    async def remember(
        body: schema.NewMemory, idempotency_key: IdempotencyKey, response: Response
    ) -> schema.MemoryId:
        """Keep one thing; told again, by key or word for word, it answers 200 and the same id.
        200 without an id when the user wants nothing remembered."""
        kept, created = await remembered.remember(database, search, body, idempotency_key)
        response.status_code = 201 if created else 200
        return kept

    @router.delete("/memories")
    async def forget(user_id: UserId = None, query: SearchText = "") -> schema.Deleted:
        """Delete those that match `query` best."""
        if not query.strip():
            raise InvalidRequest("say what to forget", param="query")
        return await remembered.forget(database, search, user_id or LOCAL_USER, query)
