"""Lists kept by voice."""

from pathlib import Path

import pytest

from livekit_agent.tools.database import Database
from livekit_agent.tools.lists import Lists, list_name, list_tools, split_items
from tests.livekit_agent.tools.calls import call, code_of


async def test_a_list_from_the_first_item_to_the_last(tmp_path: Path) -> None:
    tools = list_tools(Lists(Database(tmp_path), "local"))
    assert await call(tools, "read_list") == {"list": "shopping", "items": []}
    added = await call(tools, "add_to_list", item="milk and eggs")
    assert added == {"list": "shopping", "added": ["milk", "eggs"], "already": []}
    again = await call(tools, "add_to_list", item="Milk, bread", list="groceries")
    assert again == {"list": "shopping", "added": ["bread"], "already": ["Milk"]}
    removed = await call(tools, "remove_from_list", item="the egg")
    assert removed == {"list": "shopping", "removed": ["eggs"]}
    assert await code_of(tools, "remove_from_list", item="butter") == "not_on_list"
    read = await call(tools, "read_list", list="my shopping list")
    assert read["items"] == ["milk", "bread"]
    assert await call(tools, "clear_list") == {"list": "shopping", "removed": 2}
    assert (await call(tools, "read_list"))["items"] == []


async def test_lists_do_not_mix(tmp_path: Path) -> None:
    database = Database(tmp_path)
    ann, bob = (list_tools(Lists(database, owner)) for owner in ("ann", "bob"))
    await call(ann, "add_to_list", item="milk")
    await call(ann, "add_to_list", item="call mum and dad", list="todo")
    assert (await call(ann, "read_list", list="to do"))["items"] == ["call mum and dad"]
    assert (await call(ann, "read_list"))["items"] == ["milk"]
    assert (await call(bob, "read_list"))["items"] == []
    assert await call(bob, "clear_list") == {"list": "shopping", "removed": 0}


async def test_a_full_list_is_said_and_stays_as_it_was(tmp_path: Path) -> None:
    lists = Lists(Database(tmp_path), "local")
    await lists.add("shopping", [f"thing {n}" for n in range(199)])
    tools = list_tools(lists)
    assert await code_of(tools, "add_to_list", item="milk and eggs") == "list_full"
    assert len(await lists.items("shopping")) == 199


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("shopping", "shopping"), ("Groceries", "shopping"), ("liste de courses", "shopping"),
        ("les courses", "shopping"), ("to-do list", "todo"), ("à faire", "todo"),
        ("Christmas list", "christmas"), ("packing", "packing"), ("list", "list"),
    ],
)  # fmt: skip
def test_names_of_lists(said: str, name: str) -> None:
    assert list_name(said) == name


@pytest.mark.parametrize(
    ("said", "items"),
    [
        ("milk", ["milk"]),
        ("milk, eggs and bread", ["milk", "eggs", "bread"]),
        ("milk, eggs, and bread", ["milk", "eggs", "bread"]),
        ("du beurre et du lait", ["du beurre", "du lait"]),
        ("mac and cheese", ["mac and cheese"]),
        ("milk and milk", ["milk"]),
        ("sandwiches", ["sandwiches"]),
        ("and", ["and"]),
        (" , ", [" , "]),
    ],
)
def test_several_things_at_once(said: str, items: list[str]) -> None:
    assert split_items(said, "shopping") == items
