"""What is in our images: a user who is nobody, no more than is needed, and no secret."""

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from typing import IO

import pytest

from tests.compose import report
from tests.compose.project import LYING_ABOUT, Project

USER = "10001:10001"
MB = 1_000_000
LIMITS_MB = {"backend": 300, "agent": 900, "stt": 500, "llm": 500, "tts": 500, "embedded": 650}
LABELS = ("title", "version", "revision", "licenses")
SECRET_NAME = re.compile(r"(KEY|SECRET|PASSWORD|TOKEN)$")
NOT_SECRET = {"GPG_KEY"}  # of the published Python image: who signed Python
SECRET_FILE = re.compile(r"(^|/)(\.env|[^/]+\.env|[^/]+\.key|id_(rsa|ed25519|ecdsa)|\.git)(/|$)")
SMALL_BYTES = 1_000_000
CHUNK_BYTES = 8_000_000


@pytest.fixture(scope="module")
def images(built: Project) -> dict[str, str]:
    """Image by service, ours only."""
    services = built.services()
    return {name: services[name]["image"] for name in LIMITS_MB}


@pytest.mark.parametrize("service", LIMITS_MB)
def test_an_image_is_nobodys_and_small(
    built: Project, images: dict[str, str], service: str
) -> None:
    (facts,) = json.loads(built.docker("image", "inspect", images[service]))
    size_mb = facts["Size"] / MB
    report.say(f"image {service}", f"{size_mb:.0f} MB")
    assert facts["Config"]["User"] == USER
    labels = facts["Config"]["Labels"]
    assert {f"org.opencontainers.image.{name}" for name in LABELS} <= labels.keys()
    assert size_mb <= LIMITS_MB[service]


@pytest.mark.parametrize("service", LIMITS_MB)
def test_an_image_is_made_without_secrets(
    built: Project, images: dict[str, str], service: str
) -> None:
    (facts,) = json.loads(built.docker("image", "inspect", images[service]))
    names = {variable.partition("=")[0] for variable in facts["Config"]["Env"]}
    assert {name for name in names if SECRET_NAME.search(name)} <= NOT_SECRET
    assert LYING_ABOUT not in built.docker("history", "--no-trunc", images[service])


@pytest.mark.timeout(400)
def test_no_layer_of_any_image_holds_a_secret(stack: Project, images: dict[str, str]) -> None:
    forbidden = [LYING_ABOUT.encode(), *(value.encode() for value in stack.secrets().values())]
    found: set[str] = set()
    with subprocess.Popen(
        ["docker", "save", *set(images.values())],
        env=stack.engine.environment(),
        stdout=subprocess.PIPE,
    ) as saving:
        assert saving.stdout is not None
        looked_at = 0
        for name, content in files_of(saving.stdout):
            looked_at += 1
            if SECRET_FILE.search(name) or holds_any(content, forbidden):
                found.add(name)
        saving.stdout.read()
    assert saving.returncode == 0
    assert looked_at > 1000, "hardly any file was looked at"
    assert found == set()


def files_of(archive: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """Every file of every layer in what `docker save` writes, and the images' descriptions."""
    with tarfile.open(fileobj=archive, mode="r|") as images:
        for member in images:
            blob = images.extractfile(member)
            if blob is None:
                continue
            if member.size < SMALL_BYTES:
                content = blob.read()
                yield member.name, io.BytesIO(content)
                blob = io.BytesIO(content)
            try:
                with tarfile.open(fileobj=blob, mode="r|*") as layer:
                    for file in layer:
                        content_of = layer.extractfile(file) if file.isfile() else None
                        if content_of is not None:
                            yield file.name, content_of
            except tarfile.ReadError:
                continue  # not a layer


def holds_any(content: IO[bytes], forbidden: list[bytes]) -> bool:
    kept = b""
    while chunk := content.read(CHUNK_BYTES):
        chunk = kept + chunk
        if any(word in chunk for word in forbidden):
            return True
        kept = chunk[-200:]  # a word may lie across two chunks
    return False
