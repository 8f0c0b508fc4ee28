"""What `docker compose up` makes before anything else starts."""

import json
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from chassis.settings import EXIT_BAD_SETTINGS, LiveKitSettings, load_settings
from parley.boot.run import boot

SERVICES = ("agent", "backend", "livekit", "stt", "llm", "tts", "embedded", "redis", "sip")
STRONG = "k" * 40


@pytest.fixture
def volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("BACKEND_AUTH", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_URL"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "volumes"
    for name in ("secrets", *(f"secrets-{service}" for service in SERVICES)):
        (folder / name).mkdir(parents=True)
    return folder


def given(volumes: Path) -> dict[str, str]:
    return {str(p.relative_to(volumes)): p.read_text() for p in volumes.rglob("*") if p.is_file()}


def sfu(volumes: Path) -> dict[str, object]:
    config: dict[str, object] = yaml.safe_load(
        (volumes / "secrets-livekit/livekit.yaml").read_text()
    )
    return config


def refusal(volumes: Path, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as exited:
        boot(volumes)
    assert exited.value.code == EXIT_BAD_SETTINGS
    assert not given(volumes)
    return capsys.readouterr().err


def test_a_second_start_changes_nothing(volumes: Path) -> None:
    assert boot(volumes) == 0
    first = given(volumes)
    assert boot(volumes) == 0
    assert given(volumes) == first


def test_services_that_talk_are_given_the_same_key(volumes: Path) -> None:
    boot(volumes)
    files = given(volumes)
    assert files["secrets-stt/STT_API_KEY"] == files["secrets-agent/AGENT_STT_API_KEY"]
    assert files["secrets-stt/STT_API_KEY"] == files["secrets-backend/BACKEND_STT_API_KEY"]
    assert (
        files["secrets-embedded/EMBEDDED_API_KEY"] == files["secrets-agent/AGENT_STANDBY_API_KEY"]
    )
    assert list(files["secrets-stt/STT_API_KEY"])
    assert [name for name in files if name.startswith("secrets-stt/")] == [
        "secrets-stt/STT_API_KEY"
    ]


def test_what_is_made_passes_the_services_own_checks(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot(volumes)
    monkeypatch.setenv("PARLEY_SECRETS_DIR", str(volumes / "secrets-agent"))
    settings = load_settings(LiveKitSettings)
    assert sfu(volumes)["keys"] == {settings.api_key: settings.api_secret.get_secret_value()}


def test_only_their_owner_reads_the_secrets_that_were_made(volumes: Path) -> None:
    boot(volumes)
    assert {p.stat().st_mode & 0o777 for p in (volumes / "secrets").iterdir()} == {0o600}


def test_a_chosen_secret_is_used_as_it_is(volumes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "APIchosen")
    monkeypatch.setenv("LIVEKIT_API_SECRET", STRONG)
    boot(volumes)
    assert sfu(volumes)["keys"] == {"APIchosen": STRONG}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LIVEKIT_API_KEY", "devkey", "sample"),
        ("LIVEKIT_API_SECRET", "secret", "sample"),
        ("LIVEKIT_API_SECRET", "short", "5 characters, 32 are needed"),
        ("REDIS_PASSWORD", "hunter2hunter2", "32 are needed"),
        ("GRAFANA_ADMIN_PASSWORD", "admin", "12 are needed"),
    ],
)
def test_a_secret_that_anybody_could_guess_is_refused_by_name(
    volumes: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    says: str,
) -> None:
    monkeypatch.setenv(name, value)
    said = refusal(volumes, capsys)
    assert name in said
    assert says in said
    assert value == "secret" or f" {value}" not in said


def test_publishing_to_others_needs_sign_in(
    volumes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARLEY_BIND", "0.0.0.0")
    said = refusal(volumes, capsys)
    assert "PARLEY_BIND=0.0.0.0" in said
    assert "BACKEND_AUTH=on" in said


def test_publishing_everywhere_needs_an_address_for_callers(
    volumes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARLEY_BIND", "0.0.0.0")
    monkeypatch.setenv("BACKEND_AUTH", "on")
    assert "PARLEY_NODE_IP" in refusal(volumes, capsys)


def test_ears_are_found_where_they_are_in_containers(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STT_PORT", "9001")  # of a start without containers
    boot(volumes)
    assert given(volumes)["secrets-agent/AGENT_STT_URL"] == "http://stt:8001/v1"


def test_the_sfu_names_the_address_that_callers_reach(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_BIND", "192.168.1.20")
    monkeypatch.setenv("BACKEND_AUTH", "on")
    monkeypatch.setenv("LIVEKIT_UDP_PORT", "17882")
    boot(volumes)
    rtc = sfu(volumes)["rtc"]
    assert isinstance(rtc, dict)
    assert (rtc["node_ip"], rtc["udp_port"]) == ("192.168.1.20", 17882)
    assert "interfaces" not in rtc


def test_the_telephone_shares_a_redis_with_the_sfu_only_where_there_is_one(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot(volumes)
    assert "redis" not in sfu(volumes)
    monkeypatch.setenv("COMPOSE_PROFILES", "search, sip")
    boot(volumes)
    telephone = json.loads((volumes / "secrets-sip/sip.yaml").read_text())
    assert sfu(volumes)["redis"] == telephone["redis"]
    assert telephone["max_cpu_utilization"] == 1  # the engines' work turns no call away
    assert telephone["logging"]["component_levels"] == {"pion.ice": "error"}  # nor fills the log
    assert (
        f'requirepass "{telephone["redis"]["password"]}"\n'
        in given(volumes)["secrets-redis/redis.conf"]
    )


def test_chosen_passwords_may_hold_any_character(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = 'a"b\\c d#e@f/g:h%iü and so on until it is long'
    monkeypatch.setenv("COMPOSE_PROFILES", "sip,postgres")
    monkeypatch.setenv("POSTGRES_PASSWORD", password)
    monkeypatch.setenv("REDIS_PASSWORD", password)
    boot(volumes)
    files = given(volumes)
    assert make_url(files["secrets-backend/BACKEND_DATABASE_URL"]).password == password
    line = next(x for x in files["secrets-redis/redis.conf"].splitlines() if "requirepass" in x)
    written = password.replace("\\", "\\\\").replace('"', '\\"')
    assert line == f'requirepass "{written}"'


def test_an_sfu_in_the_hosts_network_reaches_what_is_published_there(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_PROFILES", "sip")
    monkeypatch.setenv("PARLEY_TURN", "on")
    boot(volumes)
    config = json.dumps(sfu(volumes))
    assert "http://127.0.0.1:8080/internal" in config
    assert "127.0.0.1:6379" in config
    assert '"udp_port": 3478' in config


def test_what_a_profile_brought_goes_with_it(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_PROFILES", "search")
    boot(volumes)
    assert "secrets-agent/AGENT_SEARCH_URL" in given(volumes)
    monkeypatch.setenv("COMPOSE_PROFILES", "")
    boot(volumes)
    assert "secrets-agent/AGENT_SEARCH_URL" not in given(volumes)


def test_a_folder_that_cannot_be_written_is_named(
    volumes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (volumes / "secrets").rmdir()
    assert boot(volumes) == 1
    assert "secrets" in capsys.readouterr().err
