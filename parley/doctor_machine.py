"""Is this machine fit: tools, what they build, space, ports, secrets."""

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from chassis.settings import (
    ENV_FILE,
    SAMPLE_SECRETS,
    SECRETS_DIR,
    InternalSettings,
    LiveKitSettings,
    SettingsError,
    load_settings,
)
from chassis.version import VERSION
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from parley import ports, sfu, sip, webapp
from parley.build_step import SetupFailed
from parley.doctor_check import Check, fine, warning, wrong
from parley.environment import Port, StackSettings, chosen_variables, ports_of
from parley.remnants import Run
from parley.run_state import read_record

MIN_PYTHON = (3, 11)
MIN_FREE_BYTES = 2 * 10**9  # builds and a model; less fails in the middle
SECRET_ENDINGS = ("_KEY", "_SECRET", "_TOKEN")
SQLITE = "sqlite+aiosqlite:///"


def machine_checks(stack: StackSettings) -> list[Check]:
    built = not stack.builds_web_app or webapp.is_built()
    checks = [
        fine("parley", VERSION),
        _python(),
        _tool("node", webapp.node_version(), webapp.NEEDS_NODE, needed=not built),
        fine("web app", "built")
        if built
        else warning("web app", "not built yet", "web_app_not_built"),
    ]
    has_sfu = True
    if stack.runs_sfu:
        sfu_check, has_sfu = _sfu_binary(stack)
        checks.append(sfu_check)
    if stack.parley_phone:
        checks += [_sip_binary(), _redis()]
        has_sfu = has_sfu and sip.cached_binary().is_file()
    checks.append(_tool("go", sfu.go_version(), sfu.NEEDS_GO, needed=not has_sfu))
    return checks


def storage_checks(stack: StackSettings, variables: Mapping[str, str]) -> list[Check]:
    """Space where the data, the models and the run's own files are, and whole models."""
    places = {"state": stack.parley_state_dir}
    checks = []
    try:
        models = load_settings(ModelStoreSettings)
    except SettingsError as exc:
        checks.append(wrong("models", "; ".join(exc.problems), "settings_bad"))
    else:
        places["models"] = models.models_dir.expanduser()
        checks += _models(ModelStore(models))
    url = variables.get("BACKEND_DATABASE_URL", f"{SQLITE}.parley/data/parley.db")
    if url.startswith(SQLITE):
        places["data"] = Path(url.removeprefix(SQLITE))
    return [_disk(f"disk of {name}", path.absolute()) for name, path in places.items()] + checks


def secret_checks() -> list[Check]:
    variables = chosen_variables()
    return [_env_file(), _secrets(variables), _service_key(), _encryption(variables)]


def port_checks(stack: StackSettings) -> list[Check]:
    record = read_record(stack.parley_state_dir)
    ours = {process.pid for process in Run(record.run).remnants()} if record else set()
    wanted = ports_of(stack)
    checks = [wrong("ports", complaint, "ports_doubled") for complaint in ports.doubled(wanted)]
    return checks + [_port(port, ours) for port in wanted]


def _python() -> Check:
    version = platform.python_version()
    if sys.version_info >= MIN_PYTHON:
        return fine("python", version)
    return wrong("python", f"{version}; {'.'.join(map(str, MIN_PYTHON))} is needed", "python_old")


def _tool(
    name: str, version: tuple[int, ...] | None, needs: tuple[int, ...], *, needed: bool
) -> Check:
    """A build tool. Its absence is wrong only when there is something to build."""
    wanted = ".".join(map(str, needs))
    if version is not None and version >= needs:
        return fine(name, ".".join(map(str, version)))
    have = "not installed" if version is None else f"{'.'.join(map(str, version))} is too old"
    if not needed:
        return fine(name, f"{have}; not needed: what it builds is here")
    return wrong(name, f"{have}; {wanted} is needed to build", "tool_missing")


def _sfu_binary(stack: StackSettings) -> tuple[Check, bool]:
    try:
        binary = sfu.find_binary(stack)
    except SetupFailed as exc:
        return wrong("livekit-server", str(exc), "sfu_broken"), True
    if binary is None:
        return warning("livekit-server", "not built yet", "sfu_not_built"), False
    version = sfu.version_of(binary)
    if version is None:
        return wrong("livekit-server", f"{binary} does not run", "sfu_broken"), True
    return fine("livekit-server", f"{'.'.join(map(str, version))} at {binary}"), True


def _sip_binary() -> Check:
    binary = sip.cached_binary()
    if binary.is_file():
        return fine("livekit-sip", f"{sip.VERSION} at {binary}")
    return warning("livekit-sip", "not built yet", "sip_not_built")


def _redis() -> Check:
    binary = sip.redis_binary()
    if binary is not None:
        return fine("redis-server", str(binary))
    return wrong("redis-server", "not installed", "redis_missing")


def _disk(name: str, path: Path) -> Check:
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    free_bytes = shutil.disk_usage(there).free
    said = f"{free_bytes / 1e9:.1f} GB free at {there}"
    return fine(name, said) if free_bytes >= MIN_FREE_BYTES else wrong(name, said, "disk_low")


def _models(store: ModelStore) -> list[Check]:
    """Weights that came only in part. What a server lacks it says of itself."""
    partial = [each.model.id for each in store.installed() if store.state(each.model) == "partial"]
    return [warning(f"model {id_}", "came only in part", "model_partial") for id_ in partial]


def _env_file() -> Check:
    path = Path(ENV_FILE)
    if folder := os.environ.get(SECRETS_DIR):
        return fine("secrets' folder", folder)
    if not path.is_file():
        return warning(".env", "not there", "env_missing")
    if path.stat().st_mode & 0o077:
        return wrong(".env", f"its mode is {path.stat().st_mode & 0o777:o}", "env_readable")
    return fine(".env", "readable by its owner only")


def _secrets(variables: Mapping[str, str]) -> Check:
    problems = [
        f"{name} is a sample"
        for name, value in sorted(variables.items())
        if name.endswith(SECRET_ENDINGS) and value.lower() in SAMPLE_SECRETS
    ]
    for settings in (LiveKitSettings, InternalSettings):
        try:
            load_settings(settings)
        except SettingsError as exc:
            problems += exc.problems
    if not problems:
        return fine("secrets", "set, long enough, no samples")
    found = wrong if Path(ENV_FILE).is_file() else warning
    return found("secrets", "; ".join(problems), "secrets_bad")


def _service_key() -> Check:
    try:
        key = load_settings(InternalSettings).key
    except SettingsError:
        key = None
    if key is None:
        return warning("service key", "not set, or not usable", "service_key_missing")
    return fine("service key", "set")


def _encryption(variables: Mapping[str, str]) -> Check:
    try:
        keys = json.loads(variables.get("BACKEND_ENCRYPTION_KEYS", "[]"))
    except ValueError:
        return wrong("encryption", "BACKEND_ENCRYPTION_KEYS is no JSON list", "secrets_bad")
    if not keys:
        return warning("encryption", "texts are stored as they are", "texts_not_encrypted")
    return fine("encryption", f"{len(keys)} key{'s' if len(keys) > 1 else ''}")


def _port(port: Port, ours: set[int]) -> Check:
    name = f"{'udp' if port.udp else 'tcp'} {port.number} ({port.service})"
    if not ports.taken([port]):
        return fine(name, "free")
    if ports.holder_pid(port) in ours:
        return fine(name, "held by this stack")
    return wrong(name, ports.explain(port), "port_taken")
