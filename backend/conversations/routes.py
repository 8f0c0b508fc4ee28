"""`/api/conversations`: what one user talked about, to find, read, name, keep and delete."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from backend.accounts import audit
from backend.accounts.sign_in import Principal, SignIn
from backend.conversations import schema, told
from backend.conversations.cursors import MAX_CURSOR_CHARS, Cursor
from backend.conversations.deleted import delete_conversations, drop_sound
from backend.conversations.exported import MEDIA_TYPES, Format, disposition, file_of
from backend.conversations.listed import Filter, list_page
from backend.conversations.recording_routes import recording_routes
from backend.conversations.searched import fold, search
from backend.conversations.tables import ConversationRow
from backend.data.db import Database
from backend.data.scrub import empty_log
from backend.internal_schema import Channel, Instant
from chassis.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthorized,
    Unavailable,
    documented,
)

PAGE, LONGEST_PAGE = 30, 100
MAX_QUERY_CHARS = 200
ConversationId = Annotated[str, Path(min_length=1, max_length=64)]
CursorText = Annotated[str | None, Query(max_length=MAX_CURSOR_CHARS)]


def conversation_routes(database: Database, sign_in: SignIn) -> APIRouter:
    """What belongs to somebody else is as unknown as what never was."""
    router = APIRouter(
        prefix="/api/conversations",
        tags=["conversations"],
        responses=documented(Unauthorized, Forbidden, Unavailable),
    )
    _add_list(router, database, sign_in)
    _add_one(router, database, sign_in)
    _add_export(router, database, sign_in)
    router.include_router(recording_routes(database, sign_in))
    return router


def _add_list(router: APIRouter, database: Database, sign_in: SignIn) -> None:
    @router.get("", responses=documented(InvalidRequest), operation_id="list_conversations")
    async def list_conversations(
        who: Annotated[Principal, Depends(sign_in.user)],
        cursor: CursorText = None,
        limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
        q: Annotated[str, Query(max_length=MAX_QUERY_CHARS)] = "",
        channel: Channel | None = None,
        after: Instant | None = None,
        before: Instant | None = None,
    ) -> schema.ConversationPage:
        """Newest first. With `q`, those with all its words in their title, their summary or one
        of their turns, in any case and with any accents; a page of a search may have fewer than
        `limit`, even none, and yet a next one."""
        wanted = Filter(user_id=who.user_id, channel=channel, after=after, before=before)
        start = Cursor.parse(cursor) if cursor else None
        if fold(q).split():
            return await search(database, wanted, q, start, limit)
        async with database.reading() as session:
            return await list_page(session, wanted, start, limit)


def _add_one(router: APIRouter, database: Database, sign_in: SignIn) -> None:
    @router.get(
        "/{conversation_id}", responses=documented(NotFound), operation_id="read_conversation"
    )
    async def read_conversation(
        conversation_id: ConversationId, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> schema.ConversationDetail:
        """All that was said, and what was kept of it."""
        return await told.tell(database, who.user_id, conversation_id)

    @router.patch(
        "/{conversation_id}", responses=documented(NotFound), operation_id="rename_conversation"
    )
    async def rename_conversation(
        conversation_id: ConversationId,
        body: schema.ConversationChange,
        who: Annotated[Principal, Depends(sign_in.user)],
    ) -> schema.Conversation:
        """Give it a title, or take it away."""
        async with database.writing() as session:
            await told.find_line(session, who.user_id, conversation_id)
            row = await session.get_one(ConversationRow, conversation_id)
            row.title = (body.title or "").strip() or None
            await session.flush()
            return await told.find_line(session, who.user_id, conversation_id)

    @router.delete(
        "/{conversation_id}",
        status_code=204,
        responses=documented(NotFound),
        operation_id="delete_conversation",
    )
    async def delete_conversation(
        conversation_id: ConversationId, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> None:
        """For good, with its turns and recordings; what still comes of it is refused."""
        await drop_sound(
            database, ConversationRow.id == conversation_id, ConversationRow.user_id == who.user_id
        )
        async with database.writing() as session:
            await told.find_line(session, who.user_id, conversation_id)
            await delete_conversations(session, [conversation_id])
            await audit.record(
                session, "conversation_deleted", user_id=who.user_id, target=conversation_id
            )
        await empty_log(database)


def _add_export(router: APIRouter, database: Database, sign_in: SignIn) -> None:
    @router.get(
        "/{conversation_id}/export",
        response_class=Response,
        responses={
            200: {"description": "a file", "content": {k: {} for k in MEDIA_TYPES.values()}},
            **documented(NotFound),
        },
        operation_id="export_conversation",
    )
    async def export_conversation(
        conversation_id: ConversationId,
        who: Annotated[Principal, Depends(sign_in.user)],
        form: Annotated[Format, Query(alias="format")] = "json",
    ) -> Response:
        """As a file to keep."""
        conversation = await told.tell(database, who.user_id, conversation_id)
        return Response(
            await asyncio.to_thread(file_of, conversation, form),
            media_type=MEDIA_TYPES[form],
            headers={"content-disposition": disposition(conversation, form)},
        )
