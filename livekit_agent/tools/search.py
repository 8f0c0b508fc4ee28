"""Searching the web through a SearXNG of the operator's, and reading pages it found."""

import json
from typing import Annotated, Any

from livekit.agents import RunContext
from pydantic import BaseModel, Field, ValidationError, field_validator

from chassis.http import AsyncClient, HTTPError, TimeoutException
from chassis.logs import get_logger
from livekit_agent.events import Citation
from livekit_agent.tools.contract import Result, Tool, ToolFailure, tool
from livekit_agent.tools.fence import fence, line
from livekit_agent.tools.fetch import PageReader, parse
from livekit_agent.tools.guard import Guard

SEARCH_S = 5.0
MAX_ANSWER_BYTES = 2_000_000
MAX_RESULTS = 5
MAX_SNIPPET_CHARS = 300
MAX_QUERY_CHARS = 200
MAX_URL_CHARS = 300
MAX_USES = 50  # of each tool in one call: engines block who asks too much
MAX_SEEN = 500  # addresses
SAY_SO = "Tell the user in a word that this is from the web, and from which site."

log = get_logger(__name__)


class Found(Result):
    """`results`: fenced, one paragraph each; `note`: what to do with them."""

    note: str
    results: str


class PageText(Result):
    """`text`: fenced."""

    note: str
    text: str


class Hit(BaseModel):
    """One result as SearXNG gives it, as far as it is of use."""

    title: str = ""
    url: str
    content: str | None = None

    @field_validator("url")
    @classmethod
    def _of_the_web(cls, url: str) -> str:
        try:
            parse(url)
        except ToolFailure as exc:
            raise ValueError("not an address to read") from exc
        if line(url, MAX_URL_CHARS) != url:
            raise ValueError("not an address to show")
        return url


class Citations:
    """The sources of tool results, until the event about the tool's end takes them."""

    def __init__(self) -> None:
        self._by_call: dict[str, list[Citation]] = {}

    def add(self, call_id: str, citations: list[Citation]) -> None:
        self._by_call[call_id] = citations

    def take(self, call_id: str) -> list[Citation]:
        """Those of a tool call; none for a tool that cites nothing."""
        return self._by_call.pop(call_id, [])


class Search:
    """A SearXNG, asked over its JSON API. `url`: its base, trusted as the operator's word."""

    def __init__(self, http: AsyncClient, url: str, language: str) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/search"
        self._language = language

    async def find(self, query: str) -> list[Hit]:
        """At most MAX_RESULTS. Raises ToolFailure."""
        parameters = {"q": query, "format": "json", "language": self._language, "safesearch": "1"}
        try:
            async with self._http.stream(
                "GET", self._url, params=parameters, timeout=SEARCH_S
            ) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise ToolFailure("search_failed", "the search gave too much to read")
        except TimeoutException as exc:
            raise ToolFailure("search_slow", "the search did not answer in time") from exc
        except HTTPError as exc:
            log.warning("search_unreachable", reason=repr(exc))
            raise ToolFailure("search_unreachable", "the search cannot be reached") from exc
        if response.status_code != 200:
            # 403: SearXNG answers JSON only where its settings.yml lists it under search.formats.
            log.warning("search_refused", status=response.status_code)
            raise ToolFailure("search_failed", "the search refused to answer")
        return _hits(bytes(body))


def search_tools(
    search: Search, reader: PageReader, guard: Guard, citations: Citations
) -> list[Tool]:
    """`web_search` and `read_page` of one call."""
    seen: dict[str, str] = {}  # address → title, of what the search found
    uses = {"web_search": 0, "read_page": 0}

    def count(name: str) -> None:
        uses[name] += 1
        if uses[name] > MAX_USES:
            raise ToolFailure("too_many_searches", "there were too many searches in this call")

    @tool
    async def web_search(
        ctx: RunContext[Any],
        query: Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARS)],
    ) -> Found:
        """Search the web for what is recent or not known. Say that you searched.

        Args:
            query: a few words, as typed into a search engine.
        """
        count("web_search")
        hits = await search.find(query)
        if not hits:
            return Found(note="Nothing was found: say so.", results="")
        guard.foreign_entered()
        if len(seen) < MAX_SEEN:
            seen.update({str(parse(hit.url)): hit.title for hit in hits})
        cited = [Citation(title=line(hit.title) or hit.url, url=hit.url) for hit in hits]
        citations.add(ctx.function_call.call_id, cited)
        return Found(note=SAY_SO, results=fence(_paragraphs(hits), source="web search results"))

    @tool
    async def read_page(
        ctx: RunContext[Any], url: Annotated[str, Field(min_length=4, max_length=2000)]
    ) -> PageText:
        """Read one web page: one a search found, or one the user named.

        Args:
            url: its address.
        """
        count("read_page")
        address = parse(url)
        if str(address) not in seen:
            guard.admit_site(address.host)  # it may carry away what was said in this call
        page = await reader.read(address)
        guard.foreign_entered()
        title = line(page.title or seen.get(str(address), "")) or line(page.url, MAX_URL_CHARS)
        citations.add(
            ctx.function_call.call_id, [Citation(title=title, url=line(page.url, MAX_URL_CHARS))]
        )
        if not page.text.strip():
            raise ToolFailure("no_text", "there is no text on that page")
        return PageText(note=SAY_SO, text=fence(f"{title}\n\n{page.text}", source="web page"))

    return [web_search, read_page]


def _hits(body: bytes) -> list[Hit]:
    """The results in a SearXNG answer; broken ones are left out. Raises ToolFailure."""
    try:
        found = json.loads(body)["results"]
        entries = list(found)
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise ToolFailure("search_failed", "the search gave no usable answer") from exc
    hits: list[Hit] = []
    for entry in entries:
        try:
            hits.append(Hit.model_validate(entry))
        except ValidationError:
            continue
        if len(hits) == MAX_RESULTS:
            break
    return hits


def _paragraphs(hits: list[Hit]) -> str:
    return "\n\n".join(
        f"{number}. {line(hit.title)}\n{hit.url}\n{line(hit.content or '', MAX_SNIPPET_CHARS)}"
        for number, hit in enumerate(hits, start=1)
    )
