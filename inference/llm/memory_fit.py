"""How long a context and how many chats at once a model is given, by the memory there is. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from inference.llm.gguf_files import GgufFile
from inference.llm.llama_server import BATCH_TOKENS, PROMPT_CACHE_BYTES

MIN_CTX_TOKENS = 512
USEFUL_CTX_TOKENS = 2048  # below it a call is forgotten while it lasts
CTX_STEP_TOKENS = 256  # llama.cpp rounds to it
AUTO_SLOTS = (4, 2, 1)
FLOAT_BYTES = 4
ACTIVATIONS_A_TOKEN = 16  # vectors of the model's width that a layer has in hand
PROCESS_BYTES = 64 << 20
SHARE = 0.9  # of what is free: other programs live too


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What fits: of each chat `ctx_tokens`, `slots` chats, `needed_bytes` in all."""

    ctx_tokens: int
    slots: int
    needed_bytes: int


def fixed_bytes(file: GgufFile) -> int:
    """What the model takes before the first token of context: weights, buffers, caches."""
    by_token = file.vocabulary + ACTIVATIONS_A_TOKEN * file.width
    buffers = BATCH_TOKENS * by_token * FLOAT_BYTES
    return file.size_bytes + buffers + PROMPT_CACHE_BYTES + PROCESS_BYTES


def fit(file: GgufFile, available_bytes: int, *, ctx_size: int, slots: int) -> Fit | None:
    """The most that fits `available_bytes`, `slots` chats of up to `ctx_size` tokens each.

    `slots` 0: up to four, fewer before a shorter context. None: not even MIN_CTX_TOKENS fit.
    """
    wanted = min(ctx_size, file.context_tokens or ctx_size)
    room = int(available_bytes * SHARE) - fixed_bytes(file)
    if room < 0:
        return None
    for count in (slots,) if slots else AUTO_SLOTS:
        tokens = room // (count * file.kv_bytes_per_token) if file.kv_bytes_per_token else wanted
        is_last = slots > 0 or count == AUTO_SLOTS[-1]
        if tokens >= wanted or is_last:
            ctx = wanted if tokens >= wanted else tokens // CTX_STEP_TOKENS * CTX_STEP_TOKENS
            if ctx < min(MIN_CTX_TOKENS, wanted):
                return None
            needed = fixed_bytes(file) + count * ctx * file.kv_bytes_per_token
            return Fit(ctx_tokens=ctx, slots=count, needed_bytes=needed)
    raise AssertionError("the last count of slots decides")


def best(
    files: Iterable[GgufFile], available_bytes: int, *, ctx_size: int, slots: int
) -> tuple[GgufFile | None, list[str]]:
    """The largest chat model that fits with a useful context, and of each file why or why not.

    Of the same size in parameters the one of more bytes: it was quantised less.
    """
    reasons, fitting = [], []
    for file in files:
        why = problem(file, available_bytes, ctx_size=ctx_size, slots=slots)
        if why:
            reasons.append(f"{file.id} {why}")
        else:
            fitting.append(file)
    fitting.sort(key=lambda one: (one.has_chat_template, one.parameters, one.size_bytes))
    chosen = fitting.pop() if fitting else None
    if chosen:
        reasons += [f"{one.id} fits, but {chosen.id} is better" for one in fitting]
    return chosen, reasons


def problem(file: GgufFile, available_bytes: int, *, ctx_size: int, slots: int) -> str | None:
    """Why the model cannot chat here, in words that follow its name."""
    if file.broken:
        return file.broken
    if file.is_embedding:
        return "makes embeddings, not chats"
    fitted = fit(file, available_bytes, ctx_size=ctx_size, slots=slots)
    useful = useful_tokens(file, ctx_size)
    if fitted is None or fitted.ctx_tokens < useful:
        return (
            f"needs {short(fixed_bytes(file))} and {useful} tokens of context, "
            f"{short(available_bytes)} are free"
        )
    return None


def useful_tokens(file: GgufFile, ctx_size: int) -> int:
    """The shortest context a model is chosen for by itself."""
    return min(USEFUL_CTX_TOKENS, ctx_size, file.context_tokens or ctx_size)


def short(count_bytes: int) -> str:
    """Bytes for people."""
    return f"{count_bytes / 1e9:.1f} GB" if count_bytes >= 1e8 else f"{count_bytes / 1e6:.1f} MB"
