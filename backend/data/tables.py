"""Every table there is: for commands that go over all of them, whoever's they are."""

from sqlalchemy import Column, Table

from backend.accounts import tables as accounts
from backend.conversations import tables as conversations
from backend.data.db import Base
from backend.data.encryption import Encrypted, EncryptedBytes, EncryptedJson
from backend.gateway import tables as gateway
from backend.memories import tables as memories
from backend.personas import tables as personas
from backend.phone import tables as phone
from backend.rooms import leader

OWNERS = (accounts, conversations, gateway, memories, personas, phone, leader)
REVISION_TABLE = "alembic_version"
REVISION = "SELECT version_num FROM alembic_version"


def all_tables() -> list[Table]:
    """In the order in which they refer to each other."""
    return list(Base.metadata.sorted_tables)


def encrypted_columns(table: Table) -> list[Column[object]]:
    kinds = Encrypted | EncryptedJson | EncryptedBytes
    return [column for column in table.columns if isinstance(column.type, kinds)]
