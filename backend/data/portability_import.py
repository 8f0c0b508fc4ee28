"""A file of all of a user's data, read back: read twice it adds nothing the second time.

What is there stays as it is. An id that is somebody else's, a user's or of what was deleted becomes
another one, and always the same other one.
"""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import NAMESPACE_OID, uuid5

from pydantic import BaseModel, ValidationError
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.sign_in import Principal
from backend.accounts.tables import TombstoneRow, UserRow
from backend.conversations.tables import ConversationRow, TurnRow
from backend.data.db import Database
from backend.data.portability_schema import (
    Imported,
    PortableConversation,
    PortableFile,
    PortablePersona,
    PortableTurn,
)
from backend.data.portability_upload import first_problem
from backend.memories.portable import import_memories
from backend.memories.schema import MAX_PROBLEMS, ImportProblem
from backend.memories.search import MemorySearch
from backend.personas import owned
from backend.personas.pictures import Picture, Pictures
from backend.personas.schema import NewPersona
from backend.personas.tables import PersonaRow
from chassis.errors import Conflict, InvalidRequest

TURNS_AT_ONCE = 200  # of a unit of work: others wait for its end
R = TypeVar("R", bound=BaseModel)


class Importer:
    """Of one file."""

    def __init__(
        self, database: Database, search: MemorySearch, pictures: Pictures, who: Principal
    ) -> None:
        self._database = database
        self._search = search
        self._pictures = pictures
        self._who = who
        self._renamed: dict[str, str] = {}  # ids of the file that are others here
        self._problems: list[ImportProblem] = []

    async def take(self, file: PortableFile) -> Imported:
        """Raises Conflict when there is no room for all of it; what came before it is kept."""
        personas = await self._personas(
            await self._read("personas", PortablePersona, file.personas)
        )
        conversations = await self._conversations(
            await self._read("conversations", PortableConversation, file.conversations)
        )
        memories = await import_memories(
            self._database, self._search, self._who.user_id, file.memories, self._renamed
        )
        kept = personas + conversations + memories.kept
        rows = len(file.personas) + len(file.conversations) + len(file.memories)
        return Imported(
            personas=personas,
            conversations=conversations,
            memories=memories.kept,
            skipped=rows - kept,
            problems=[*self._problems, *memories.problems][:MAX_PROBLEMS],
        )

    async def _read(self, name: str, model: type[R], rows: Sequence[Any]) -> list[tuple[str, R]]:
        """The good ones, each with its place in the file."""
        good, problems = await asyncio.to_thread(_validated, name, model, rows)
        self._problems += problems
        return good

    async def _personas(self, personas: Sequence[tuple[str, PortablePersona]]) -> int:
        made = 0
        for where, persona in personas:
            try:
                picture = await self._picture(persona)
                async with self._database.writing() as session:
                    made += await self._persona(session, persona, picture)
            except (Conflict, InvalidRequest) as exc:
                self._problems.append(ImportProblem(row=where, message=exc.message))
        return made

    async def _picture(self, persona: PortablePersona) -> Picture | None:
        if persona.image is None:
            return None
        try:
            data = base64.b64decode(persona.image.data, validate=True)
        except binascii.Error as exc:
            raise InvalidRequest("image.data: not base64", param="image.data") from exc
        return await self._pictures.made_safe(data, param="image.data")

    async def _persona(
        self, session: AsyncSession, persona: PortablePersona, picture: Picture | None
    ) -> bool:
        """Known by its name: two of one name are not to be told apart when called."""
        mine = select(PersonaRow.id).where(
            PersonaRow.owner_id == self._who.user_id,
            PersonaRow.folded_name == persona.name.casefold(),
        )
        known = await session.scalar(mine)
        if known is not None:
            self._renamed[persona.id] = known
            return False
        body = NewPersona(**persona.model_dump(exclude={"id", "image"}))
        row = await owned.create(session, body, self._who)
        self._renamed[persona.id] = row.id
        if picture is not None:
            await owned.give_picture(
                session, row, picture.image, picture.digest, picture.content_type
            )
        return True

    async def _conversations(
        self, conversations: Sequence[tuple[str, PortableConversation]]
    ) -> int:
        made = 0
        batch: list[PortableConversation] = []
        for _, conversation in conversations:
            for part in _parts(conversation):
                batch.append(part)
                if sum(1 + len(part.turns) for part in batch) >= TURNS_AT_ONCE:
                    made += await self._keep(batch)
                    batch = []
        return made + await self._keep(batch)

    async def _keep(self, parts: Sequence[PortableConversation]) -> int:
        """How many conversations are new."""
        made = 0
        if parts:
            async with self._database.writing() as session:
                for part in parts:
                    made += await self._conversation(session, part)
        return made

    async def _conversation(self, session: AsyncSession, part: PortableConversation) -> bool:
        user_id = self._who.user_id
        id_ = self._renamed.get(part.id, part.id)
        row = await session.get(ConversationRow, id_)
        reserved = row is None and await _is_reserved(session, id_)
        if reserved or (row is not None and row.user_id != user_id):
            id_ = _other(user_id, part.id)
            # Only this import makes it: nothing that comes late can be of it.
            await session.execute(delete(TombstoneRow).where(TombstoneRow.id == id_))
            row = await session.get(ConversationRow, id_)
        self._renamed[part.id] = id_
        if made := row is None:
            values = part.model_dump(exclude={"turns", "id", "persona_id"})
            persona_id = part.persona_id and self._renamed.get(part.persona_id, part.persona_id)
            session.add(ConversationRow(**values, id=id_, persona_id=persona_id, user_id=user_id))
            await session.flush()
        await self._turns(session, id_, part.turns)
        return made

    async def _turns(
        self, session: AsyncSession, conversation_id: str, turns: Sequence[PortableTurn]
    ) -> None:
        here = {turn.id: _other(conversation_id, turn.id) for turn in turns}
        ids = [*here, *here.values()]
        rows = select(TurnRow.id, TurnRow.conversation_id).where(TurnRow.id.in_(ids))
        taken = {row.id: row.conversation_id for row in await session.execute(rows)}
        for turn in turns:
            id_ = turn.id
            if taken.get(id_, conversation_id) != conversation_id:
                self._renamed[turn.id] = id_ = here[turn.id]
            if id_ in taken:
                continue
            taken[id_] = conversation_id
            session.add(
                TurnRow(
                    **turn.model_dump(exclude={"id"}),
                    id=id_,
                    conversation_id=conversation_id,
                    idempotency_key=f"imported:{id_}",
                )
            )


async def _is_reserved(session: AsyncSession, id_: str) -> bool:
    """Of what was deleted; or a user's: deleting a conversation of that id would delete the user's
    memories, as it does those of a telephone call, and refuse whatever comes of the user."""
    deleted = await session.get(TombstoneRow, id_)
    return deleted is not None or await session.get(UserRow, id_) is not None


def _parts(conversation: PortableConversation) -> list[PortableConversation]:
    """A long one in several, each with some of its turns."""
    turns = conversation.turns
    starts = range(0, max(1, len(turns)), TURNS_AT_ONCE)
    return [
        conversation.model_copy(update={"turns": turns[start : start + TURNS_AT_ONCE]})
        for start in starts
    ]


def _other(owner: str, id_: str) -> str:
    return uuid5(NAMESPACE_OID, f"{owner}\n{id_}").hex


def _validated(
    name: str, model: type[R], rows: Sequence[Any]
) -> tuple[list[tuple[str, R]], list[ImportProblem]]:
    good: list[tuple[str, R]] = []
    problems = []
    for number, row in enumerate(rows):
        where = f"{name}.{number}"
        try:
            good.append((where, model.model_validate(row)))
        except ValidationError as exc:
            problems.append(ImportProblem(row=where, message=first_problem(exc)))
    return good, problems
