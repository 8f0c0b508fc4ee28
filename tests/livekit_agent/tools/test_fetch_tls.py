"""Over TLS, too, a page comes from the checked address and under its own name only."""

import datetime
import ssl
from collections.abc import Iterable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from livekit_agent.tools import fetch
from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.fetch import PageReader, parse
from tests.livekit_agent.tools.web import SITE, redirect, reply, web


@pytest.fixture
def of_a_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate for a.test alone, which the reader trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = serialization.PrivateFormat.PKCS8
    path = tmp_path / "a.test.pem"
    path.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, private, serialization.NoEncryption())
    )
    trusting = ssl.create_default_context(cafile=path)
    monkeypatch.setattr(fetch, "tls_context", lambda: trusting)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server


async def test_the_name_goes_along_to_the_pinned_address(of_a_test: ssl.SSLContext) -> None:
    hosts: list[str] = []

    def answer(_: str, headers: dict[str, str]) -> Iterable[bytes | float]:
        hosts.append(headers["host"])
        return reply("here", kind="text/plain")

    async with web(answer, tls=of_a_test) as net:
        page = await PageReader(net.public()).read(parse("a.test/page"))
    assert (page.text, page.url) == ("here", "https://a.test/page")
    assert (hosts, net.connected) == (["a.test"], [SITE])


async def test_a_site_with_anothers_certificate_is_not_read(of_a_test: ssl.SSLContext) -> None:
    async with web(lambda *_: reply("x", kind="text/plain"), tls=of_a_test) as net:
        with pytest.raises(ToolFailure) as told:
            await PageReader(net.public()).read(parse("https://b.test/"))
    assert told.value.code == "unreachable"


async def test_a_redirect_to_another_name_needs_that_names_certificate(
    of_a_test: ssl.SSLContext,
) -> None:
    async with web(lambda *_: redirect("https://b.test/"), tls=of_a_test) as net:
        with pytest.raises(ToolFailure) as told:
            await PageReader(net.public()).read(parse("https://a.test/"))
    assert told.value.code == "unreachable"
    assert net.asked == ["a.test", "b.test"]
