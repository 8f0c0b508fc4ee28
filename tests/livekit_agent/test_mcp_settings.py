"""Tool servers are named in one variable, and what is wrong with it is told by its name."""

from pathlib import Path

import pytest

from chassis.settings import SettingsError, load_settings
from livekit_agent.settings import AgentSettings


@pytest.fixture(autouse=True)
def no_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_servers_are_read_and_their_secrets_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AGENT_MCP_SERVERS",
        '[{"name": "home", "url": "http://ha.lan:8123/mcp", "headers": {"Authorization": "k-1"}},'
        ' {"name": "files", "command": "files", "args": ["-r"], "env": {"KEY": "k-2"}}]',
    )
    home, files = load_settings(AgentSettings).mcp_servers
    assert home.headers["Authorization"].get_secret_value() == "k-1"
    assert (files.command, files.args, files.timeout_s) == ("files", ["-r"], 10)
    assert "k-1" not in repr(home)
    assert "k-2" not in str(files)


def test_without_the_settings_there_are_no_servers_and_no_search() -> None:
    settings = load_settings(AgentSettings)
    assert (settings.mcp_servers, settings.search_url) == ([], None)


@pytest.mark.parametrize(
    "value",
    [
        "not json",
        "{}",
        "[1]",
        '[{"name": "a"}]',
        '[{"name": "a", "url": "http://x/mcp", "command": "b"}]',
        '[{"name": "a", "url": "ftp://x"}]',
        '[{"name": "a", "url": "http://me:secret-1@x/mcp"}]',
        '[{"name": "A b", "command": "c"}]',
        '[{"name": "a", "command": "c", "oops": 1}]',
        '[{"name": "a", "command": "c", "timeout_s": 0}]',
        '[{"name": "a", "command": "c"}, {"name": "a", "command": "d"}]',
        '[{"name": "a", "command": "c", "env": {"KEY": ["secret-1"]}}]',
    ],
)
def test_a_wrong_list_stops_the_start_by_name_without_its_secrets(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_MCP_SERVERS", value)
    with pytest.raises(SettingsError) as told:
        load_settings(AgentSettings)
    assert str(told.value).startswith("AGENT_MCP_SERVERS: ")
    assert "secret-1" not in str(told.value)


def test_a_search_address_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_SEARCH_URL", "searx.lan")
    with pytest.raises(SettingsError, match="AGENT_SEARCH_URL"):
        load_settings(AgentSettings)
