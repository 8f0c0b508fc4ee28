"""PARLEY_OFFLINE: what lies outside, and settings that name it."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.outward import is_offline, is_outside
from chassis.settings import Settings, SettingsError, load_settings
from livekit_agent.settings import AgentSettings


class EyeSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="EYE_")

    url: str = "http://127.0.0.1:9"
    store_url: SecretStr = SecretStr("sqlite+aiosqlite:///file.db")
    name: str = "https://not.an.address.example"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARLEY_OFFLINE", "1")
    return tmp_path


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "::1", "localhost", "10.1.2.3", "192.168.0.9", "172.20.0.4", "fe80::1%eth0"),
        *("stt", "redis", "nas.local", "engine.internal", "box.home.arpa", "100.64.0.1", ""),
    ],
)
def test_this_machine_and_its_networks_are_inside(host: str) -> None:
    assert not is_outside(host)


@pytest.mark.parametrize(
    "host",
    ["huggingface.co", "8.8.8.8", "2606:4700::1111", "api.openai.com.", "224.0.1.1", "evil.localx"],
)
def test_everything_else_is_outside(host: str) -> None:
    assert is_outside(host)


def test_an_address_outside_is_refused_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EYE_STORE_URL", "postgresql://me:hunter2@db1,db.example.org:5432/x")
    with pytest.raises(SettingsError, match=r"EYE_STORE_URL names db\.example\.org") as refused:
        load_settings(EyeSettings)
    assert "hunter2" not in str(refused.value)
    monkeypatch.setenv("PARLEY_OFFLINE", "no")
    assert load_settings(EyeSettings).name


def test_the_env_file_is_read_too(monkeypatch: pytest.MonkeyPatch, empty_folder: Path) -> None:
    monkeypatch.delenv("PARLEY_OFFLINE")
    assert not is_offline()
    (empty_folder / ".env").write_text("PARLEY_OFFLINE=1\nEYE_URL=https://eye.example.org\n")
    with pytest.raises(SettingsError, match="EYE_URL"):
        load_settings(EyeSettings)


def test_a_tool_server_outside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = '{"name": "near", "url": "http://10.0.0.7/mcp"}'
    monkeypatch.setenv("AGENT_MCP_SERVERS", f"[{inside}]")
    assert load_settings(AgentSettings).mcp_servers
    far = '{"name": "far", "url": "https://mcp.example.org/mcp"}'
    monkeypatch.setenv("AGENT_MCP_SERVERS", f"[{inside}, {far}]")
    with pytest.raises(SettingsError, match=r"AGENT_MCP_SERVERS names mcp\.example\.org"):
        load_settings(AgentSettings)


def test_what_is_neither_yes_nor_no_forbids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_OFFLINE", "perhaps")
    assert is_offline()
