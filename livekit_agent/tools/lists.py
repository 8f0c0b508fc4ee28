"""Lists the user keeps by voice: shopping, things to do, and any other by name."""

# ruff: noqa: A002  what the LLM is offered names the parameter `list`

import re
import sqlite3
from typing import Annotated

from pydantic import Field

from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool
from livekit_agent.tools.database import Database
from livekit_agent.tools.matching import best_matches, folded, telling_words

MAX_ITEMS = 200
DEFAULT_LIST = "shopping"
# As people call them: the assist engine and other languages included.
KNOWN_LISTS = {
    "shopping": "shopping list|grocery|groceries|grocery list|courses|liste de courses|achats",
    "todo": "to do|to-do|to do list|todo list|task|tasks|task list|chores|taches|a faire",
}
LIST_NAMES = {said: name for name, row in KNOWN_LISTS.items() for said in row.split("|")}
# One thing each, for all the "and" in them.
WHOLE = frozenset({"mac and cheese", "macaroni and cheese", "half and half", "fish and chips"})
BETWEEN_ITEMS = re.compile(r"\s*(?:,|;|\band\b|\bet\b|&)\s*", re.IGNORECASE)

ItemText = Annotated[str, Field(min_length=1, max_length=300)]
ListName = Annotated[str, Field(min_length=1, max_length=60)]


class ItemsAdded(Result):
    """`already`: items that were on the list before."""

    list: str
    added: tuple[str, ...]
    already: tuple[str, ...]


class ItemsRemoved(Result):
    list: str
    removed: tuple[str, ...]


class ListRead(Result):
    list: str
    items: tuple[str, ...]


class ListCleared(Result):
    list: str
    removed: int


class Lists:
    """The lists of one user."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    async def add(self, name: str, items: list[str]) -> list[str]:
        """Put `items` on the list, and return those that were new. Raises ToolFailure."""

        def work(db: sqlite3.Connection) -> list[str]:
            there = {folded(item) for item in self._items(db, name)}
            new = [item for item in items if folded(item) not in there]
            if len(there) + len(new) > MAX_ITEMS:
                raise ToolFailure("list_full", f"the {name} list has {MAX_ITEMS} items already")
            db.executemany(
                "INSERT INTO list_items (owner, list, item) VALUES (?, ?, ?)",
                [(self._owner, name, item) for item in new],
            )
            return new

        return await self._database.run(work)

    async def items(self, name: str) -> list[str]:
        return await self._database.run(lambda db: self._items(db, name))

    async def remove(self, name: str, items: list[str]) -> list[str]:
        """Take what `items` mean off the list, and return it as it was written there."""

        def work(db: sqlite3.Connection) -> list[str]:
            there = self._items(db, name)
            gone = [found for item in items for found in _meant(item, there)]
            db.executemany(
                "DELETE FROM list_items WHERE owner = ? AND list = ? AND item = ?",
                [(self._owner, name, item) for item in gone],
            )
            return gone

        return await self._database.run(work)

    async def clear(self, name: str) -> int:
        """How many items there were."""
        return await self._database.run(
            lambda db: (
                db.execute(
                    "DELETE FROM list_items WHERE owner = ? AND list = ?", (self._owner, name)
                ).rowcount
            )
        )

    def _items(self, db: sqlite3.Connection, name: str) -> list[str]:
        select = "SELECT item FROM list_items WHERE owner = ? AND list = ? ORDER BY id"
        return [str(row[0]) for row in db.execute(select, (self._owner, name))]


def list_tools(lists: Lists) -> list[Tool]:
    @tool
    async def add_to_list(item: ItemText, list: ListName = DEFAULT_LIST) -> ItemsAdded:
        """Add something to a list of the user.

        Args:
            item: what, such as "milk"; several with "and" between.
            list: which list: "shopping", "todo" or another name.
        """
        name = list_name(list)
        items = split_items(item, name)
        added = await lists.add(name, items)
        return ItemsAdded(list=name, added=added, already=[i for i in items if i not in added])

    @tool
    async def remove_from_list(item: ItemText, list: ListName = DEFAULT_LIST) -> ItemsRemoved:
        """Take something off a list of the user.

        Args:
            item: what, such as "milk"; several with "and" between.
            list: which list: "shopping", "todo" or another name.
        """
        name = list_name(list)
        removed = await lists.remove(name, split_items(item, name))
        if not removed:
            raise ToolFailure("not_on_list", f"there is no {item} on the {name} list")
        return ItemsRemoved(list=name, removed=removed)

    @tool
    async def read_list(list: ListName = DEFAULT_LIST) -> ListRead:
        """What is on a list of the user.

        Args:
            list: which list: "shopping", "todo" or another name.
        """
        name = list_name(list)
        return ListRead(list=name, items=await lists.items(name))

    @tool(privileged=True)
    async def clear_list(list: ListName = DEFAULT_LIST) -> ListCleared:
        """Take everything off a list of the user. Only when that is clearly wanted.

        Args:
            list: which list: "shopping", "todo" or another name.
        """
        name = list_name(list)
        return ListCleared(list=name, removed=await lists.clear(name))

    return [add_to_list, remove_from_list, read_list, clear_list]


def list_name(said: str) -> str:
    """The list that is called `said`: "Groceries" is the shopping list."""
    name = re.sub(r"^(my|the|our|ma|la|les|mes)\s+", "", folded(said))
    if name in LIST_NAMES:
        return LIST_NAMES[name]
    name = re.sub(r"\s+list$|^liste (de |des |d')?", "", name)
    return LIST_NAMES.get(name, name) or DEFAULT_LIST


def split_items(said: str, name: str) -> list[str]:
    """ "milk and eggs" is two things to buy; "call mum and dad" is one thing to do."""
    text = " ".join(said.split()).strip(" .,;") or said
    if name == "todo" or folded(text) in WHOLE:
        return [text]
    items = [item for item in BETWEEN_ITEMS.split(text) if item]
    return list({folded(item): item for item in items}.values()) or [text]


def _meant(item: str, there: list[str]) -> list[str]:
    """The same words first; else those that share the most."""
    same = [each for each in there if telling_words(each) == telling_words(item)]
    return same or [there[place] for place in best_matches(item, there)]
