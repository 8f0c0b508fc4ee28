"""No spelling of an inside address looks public, and no text breaks the reader of addresses."""

import json
import re
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

from hypothesis import given
from hypothesis import strategies as st

from livekit_agent.tools.addresses import NAT64, PUBLIC_V6, Refused, is_public, public_addresses
from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.fetch import parse
from livekit_agent.tools.search import _hits

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=80)
PREFIXES = [0, 0xFFFF << 32, 0xFFFF << 48, 0x64FF9B << 96, 0x64FF9B << 80 | 1 << 80, 0x2002 << 112]


@given(st.ip_addresses(v=4), st.sampled_from(PREFIXES))
def test_ipv4_inside_ipv6_is_public_only_through_nat64_and_only_where_it_is_itself(
    address: IPv4Address, prefix: int
) -> None:
    inside = IPv6Address(prefix | int(address))
    assert is_public(inside) <= (inside in NAT64 and is_public(address))


@given(st.ip_addresses())
def test_what_is_public_is_routed_on_the_internet(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        assert address.is_global
        assert not address.is_private
        assert not address.is_multicast
        assert address.version == 4 or address in PUBLIC_V6 or address in NAT64


@given(ANY_TEXT)
async def test_a_host_is_refused_or_asked_for_but_never_taken_on_trust(host: str) -> None:
    asked: list[str] = []

    async def resolve(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["10.0.0.1"]

    with suppress(Refused):
        found = await public_addresses(host, 443, resolve)
        assert asked == []  # what it resolves to is refused: this was an address, spelled out
        assert all(is_public(ip_address(each)) for each in found)


@given(st.one_of(ANY_TEXT, ANY_TEXT.map(lambda text: f"http://{text}")))
def test_any_text_is_an_address_or_a_refusal(text: str) -> None:
    with suppress(ToolFailure):
        url = parse(text)
        assert url.scheme in ("http", "https")
        assert re.fullmatch(r"[a-z0-9_.:-]+", url.raw_host.decode())
        assert url.port in (None, 80, 443)
        assert not url.userinfo


@given(
    st.recursive(
        st.none() | st.integers() | ANY_TEXT,
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["results", "title", "url", "content"]), inner)
        ),
    )
)
def test_any_answer_of_a_search_is_results_or_a_failure(answer: object) -> None:
    with suppress(ToolFailure):
        for hit in _hits(json.dumps(answer).encode()):
            assert hit.url.startswith(("http://", "https://"))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_json_are_a_failure(answer: bytes) -> None:
    with suppress(ToolFailure):
        _hits(answer)
