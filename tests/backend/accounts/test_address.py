from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from backend.accounts.address import (
    came_by_https,
    client_address,
    counted_as,
    is_from_here,
)

PROXY = "10.1.2.3"
TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
OUTSIDE = st.ip_addresses(v=4).filter(lambda a: a not in TRUSTED[0])
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126))


def asked(client: str | None, scheme: str = "http", **headers: str) -> HTTPConnection:
    """A request of `client` with `x_forwarded_for="…"` and the like."""
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    server, path = ("localhost", 8080), "/"
    peer = (client, 5) if client else None
    return HTTPConnection(
        {"type": "http", "headers": pairs, "client": peer, "server": server, "path": path}
        | {"scheme": scheme, "query_string": b""}
    )


@given(claimed=HEADER)
def test_nobody_is_believed_who_is_no_trusted_proxy(claimed: str) -> None:
    request = asked("203.0.113.7", x_forwarded_for=claimed)
    assert client_address(request, TRUSTED) == "203.0.113.7"


@given(forged=HEADER, real=OUTSIDE)
def test_what_a_client_writes_before_its_own_address_changes_nothing(
    forged: str, real: IPv4Address
) -> None:
    request = asked(PROXY, x_forwarded_for=f"{forged}, {real}")
    assert client_address(request, TRUSTED) == str(real)


@given(real=OUTSIDE, hops=st.lists(st.ip_addresses(network="10.0.0.0/8"), max_size=4))
def test_every_trusted_proxy_on_the_way_is_passed(
    real: IPv4Address, hops: list[IPv4Address]
) -> None:
    way = ", ".join(map(str, [real, *hops]))
    assert client_address(asked(PROXY, x_forwarded_for=way), TRUSTED) == str(real)


@given(header=HEADER)
def test_whatever_a_proxy_sends_there_is_one_address(header: str) -> None:
    ip_address(client_address(asked(PROXY, x_forwarded_for=header), TRUSTED))


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", PROXY),
        ("", PROXY),
        ("10.9.9.9", "10.9.9.9"),  # the first proxy's own
    ],
)
def test_addresses_are_read_as_proxies_write_them(hop: str, address: str) -> None:
    assert client_address(asked(PROXY, x_forwarded_for=hop), TRUSTED) == address


def test_a_client_without_an_address_has_a_name() -> None:
    assert client_address(asked(None), TRUSTED) == "unknown"


@given(first=st.ip_addresses(network="2000::/3"), host=st.integers(0, 2**64 - 1))
def test_all_addresses_of_an_ipv6_site_are_counted_as_one(first: IPv6Address, host: int) -> None:
    other = IPv6Address(int(first) >> 64 << 64 | host)
    assert counted_as(str(first)) == counted_as(str(other))


def test_ipv4_addresses_are_counted_one_by_one() -> None:
    assert counted_as("203.0.113.7") == "203.0.113.7"
    assert counted_as("unknown") == "unknown"


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080"])
def test_who_asks_for_this_machine_at_this_machine_is_here(host: str) -> None:
    assert is_from_here(asked("127.0.0.1", host=host))


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("192.168.1.9", {"host": "localhost"}),
        ("127.0.0.1", {"host": "parley.example"}),
        ("127.0.0.1", {"host": "localhost", "x_forwarded_for": "127.0.0.1"}),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", {}),
        (None, {"host": "localhost"}),
    ],
)
def test_who_comes_through_a_proxy_or_from_elsewhere_is_not_here(
    client: str | None, headers: dict[str, str]
) -> None:
    assert not is_from_here(asked(client, **headers))


def test_tls_is_told_by_the_page_by_a_trusted_proxy_or_seen() -> None:
    assert came_by_https(asked("203.0.113.7", origin="https://parley.home"), TRUSTED)
    assert came_by_https(asked(PROXY, x_forwarded_proto="https"), TRUSTED)
    assert came_by_https(asked("203.0.113.7", scheme="https"), TRUSTED)
    assert not came_by_https(asked("203.0.113.7", x_forwarded_proto="https"), TRUSTED)
    assert not came_by_https(asked(PROXY, x_forwarded_proto="http"), TRUSTED)
