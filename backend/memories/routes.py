"""`/api/memories`: what the agent knows about a user, in that user's hands."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from backend.accounts import audit
from backend.accounts.sign_in import Principal, SignIn
from backend.data.db import Database
from backend.data.portability_upload import read_upload, upload_schema
from backend.memories import portable, schema, stored
from backend.memories.cursors import MAX_CURSOR_CHARS, Cursor
from backend.memories.search import MemorySearch
from chassis.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    TooLarge,
    Unauthorized,
    Unavailable,
    documented,
)

PAGE, LONGEST_PAGE = 30, 100
MAX_QUERY_CHARS = 2_000
IMPORT_PATH = "/api/memories/import"
MEMORIES_BYTES_BY_PATH = {IMPORT_PATH: 20_000_000}
FILE_NAME = "parley-memories.json"
MemoryId = Annotated[str, Path(min_length=1, max_length=64)]


def memory_routes(database: Database, sign_in: SignIn, search: MemorySearch) -> APIRouter:
    """What belongs to somebody else is as unknown as what never was."""
    router = APIRouter(
        prefix="/api/memories",
        tags=["memories"],
        responses=documented(Unauthorized, Forbidden, Unavailable),
    )
    _add_list(router, database, sign_in, search)
    _add_files(router, database, sign_in, search)
    _add_forget_all(router, database, sign_in, search)
    _add_one(router, database, sign_in, search)
    return router


def _add_list(router: APIRouter, database: Database, sign_in: SignIn, search: MemorySearch) -> None:
    @router.get("", responses=documented(InvalidRequest), operation_id="list_memories")
    async def list_memories(
        who: Annotated[Principal, Depends(sign_in.user)],
        q: Annotated[str, Query(max_length=MAX_QUERY_CHARS)] = "",
        cursor: Annotated[str | None, Query(max_length=MAX_CURSOR_CHARS)] = None,
        limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
        proposed: bool | None = None,
    ) -> schema.MemoryPage:
        """Newest first; with `q` those that bear on it, best first."""
        after = Cursor.parse(cursor) if cursor else Cursor()
        if q.strip():
            return await _found(database, search, who.user_id, q, proposed, after, limit)
        async with database.reading() as session:
            rows, following = await stored.page(
                session, who.user_id, proposed=proposed, after=after, limit=limit
            )
            total = await stored.count(session, who.user_id, proposed=proposed)
        return _page([schema.Memory.model_validate(row) for row in rows], following, total)

    @router.post(
        "",
        status_code=201,
        responses=documented(Conflict) | {200: {"model": schema.Memory, "description": "known"}},
        operation_id="add_memory",
    )
    async def add_memory(
        body: schema.MemoryToKeep,
        response: Response,
        who: Annotated[Principal, Depends(sign_in.user)],
    ) -> schema.Memory:
        """Keep one thing; what is known word for word answers 200, accepted if it was proposed."""
        await search.prepare(who.user_id)
        async with database.writing() as session:
            known = await search.same(session, who.user_id, body.text)
            if known is None:
                row = await stored.add(session, who.user_id, text=body.text, kind=body.kind)
                await audit.record(session, "memory_added", user_id=who.user_id, target=row.id)
            else:
                response.status_code = 200
                row = await stored.find(session, who.user_id, known)
                await stored.accept(session, row)
        search.wrote()
        return schema.Memory.model_validate(row)


def _add_one(router: APIRouter, database: Database, sign_in: SignIn, search: MemorySearch) -> None:
    @router.patch(
        "/{memory_id}", responses=documented(NotFound, Conflict), operation_id="change_memory"
    )
    async def change_memory(
        memory_id: MemoryId,
        body: schema.MemoryChange,
        who: Annotated[Principal, Depends(sign_in.user)],
    ) -> schema.Memory:
        """Say it better, or accept what was proposed."""
        await search.prepare(who.user_id)
        async with database.writing() as session:
            row = await stored.find(session, who.user_id, memory_id)
            if body.text is not None:
                same = await search.same(session, who.user_id, body.text)
                if same not in (None, memory_id):
                    raise Conflict("this is known already", param="text", code="memory_known")
            if body.model_dump(exclude_none=True):
                accept = body.proposed is False
                await stored.change(session, row, text=body.text, kind=body.kind, accept=accept)
                await audit.record(session, "memory_changed", user_id=who.user_id, target=memory_id)
        search.wrote()
        return schema.Memory.model_validate(row)

    @router.delete(
        "/{memory_id}",
        status_code=204,
        responses=documented(NotFound),
        operation_id="delete_memory",
    )
    async def delete_memory(
        memory_id: MemoryId, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> None:
        """Forget one thing for good."""
        async with database.writing() as session:
            row = await stored.find(session, who.user_id, memory_id)
            await stored.remove(session, who.user_id, [row.id])
            await audit.record(session, "memory_deleted", user_id=who.user_id, target=row.id)
        await search.indexes.forget(who.user_id, [memory_id])


def _add_forget_all(
    router: APIRouter, database: Database, sign_in: SignIn, search: MemorySearch
) -> None:
    @router.post("/forget-all", operation_id="forget_all_memories")
    async def forget_all_memories(
        who: Annotated[Principal, Depends(sign_in.user)],
    ) -> schema.ForgottenMemories:
        """Forget everything known about the user; conversations stay."""
        async with database.writing() as session:
            deleted = await stored.remove_all(session, who.user_id)
            await audit.record(session, "memories_forgotten", user_id=who.user_id)
        search.indexes.drop(who.user_id)
        return schema.ForgottenMemories(deleted=deleted)


def _add_files(
    router: APIRouter, database: Database, sign_in: SignIn, search: MemorySearch
) -> None:
    @router.get(
        "/export",
        response_class=Response,
        responses={200: {"content": {"application/json": {}}, "description": "a file"}},
        operation_id="export_memories",
    )
    async def export_memories(
        who: Annotated[Principal, Depends(sign_in.user)],
    ) -> StreamingResponse:
        """Everything known about the user, as `import` takes it."""
        async with database.writing() as session:
            await audit.record(session, "memories_exported", user_id=who.user_id)
        return StreamingResponse(
            _file(portable.exported(database, who.user_id)),
            media_type="application/json",
            headers={"content-disposition": f'attachment; filename="{FILE_NAME}"'},
        )

    @router.post(
        "/import",
        responses=documented(InvalidRequest, Conflict, TooLarge),
        openapi_extra=upload_schema(schema.MemoriesFile),
        operation_id="import_memories",
    )
    async def import_memories(
        request: Request, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> schema.ImportedMemories:
        """Keep what a file of `export` has; what is known word for word is kept once."""
        file = await read_upload(request, schema.MemoriesFile)
        done = await portable.import_memories(database, search, who.user_id, file.memories)
        async with database.writing() as session:
            await audit.record(session, "memories_imported", user_id=who.user_id)
        return done


async def _found(
    database: Database,
    search: MemorySearch,
    user_id: str,
    query: str,
    proposed: bool | None,
    after: Cursor,
    limit: int,
) -> schema.MemoryPage:
    found = await search.relevant(user_id, query)
    ids = [known.id for known in found if proposed is None or known.proposed is proposed]
    seen = after.seen + limit
    async with database.reading() as session:
        rows = await stored.by_ids(session, user_id, ids[after.seen : seen])
    memories = [schema.Memory.model_validate(row) for row in rows]
    return _page(memories, Cursor(seen=seen) if seen < len(ids) else None, len(ids))


def _page(memories: list[schema.Memory], following: Cursor | None, total: int) -> schema.MemoryPage:
    next_cursor = None if following is None else str(following)
    return schema.MemoryPage(memories=memories, next_cursor=next_cursor, total=total)


async def _file(pages: AsyncIterator[list[schema.PortableMemory]]) -> AsyncIterator[str]:
    yield '{"version": 1, "memories": ['
    between = ""
    async for page in pages:
        for memory in page:
            yield between + memory.model_dump_json()
            between = ",\n"
    yield "]}\n"
