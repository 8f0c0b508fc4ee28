"""Find the text of an HTML page: a process of its own, killed when it takes too long.

Run as a script, never imported: HTML on stdin, JSON `{"title", "text"}` on stdout. One megabyte of
hostile HTML takes seconds and 120 MB to read; a thread could be neither stopped nor confined.
"""

import ctypes
import json
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
MAX_MEMORY_BYTES = 512 << 20  # of address space; the worst page tried takes 134 MB
MAX_CPU_S = 3
MAX_TITLE_CHARS = 200


def main(max_chars: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from lxml.html import document_fromstring  # type: ignore[import-untyped] # has no stubs
    from trafilatura import extract, html2txt, load_html
    from trafilatura.utils import decode_file

    html = sys.stdin.buffer.read()
    page = load_html(html)
    if page is None:  # words without a tag around them
        title, text = "", document_fromstring(decode_file(html)).text_content()
    else:
        title = " ".join((page.findtext(".//title") or "").split())
        text = extract(page, fast=True, include_comments=False) or html2txt(page)
    answer = {"title": title[:MAX_TITLE_CHARS], "text": text[:max_chars]}
    sys.stdout.write(json.dumps(answer))  # ASCII: a lone surrogate breaks nothing


if __name__ == "__main__":
    main(int(sys.argv[1]))
