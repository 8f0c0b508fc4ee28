"""GGUF models with random weights, built on the spot: true files that llama.cpp loads, no sense."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf.quants import quantize
from numpy.typing import NDArray

# Renders tools the way Hermes and Qwen do, so llama.cpp finds tool calls in what the model writes.
CHATML_WITH_TOOLS = """\
{%- if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content + '\\n' }}{% endif %}\
You may call functions. Their signatures are within <tools></tools> XML tags:
<tools>{% for tool in tools %}
{{ tool | tojson }}{% endfor %}
</tools>
For each call write JSON within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call><|im_end|>
{% elif messages[0].role == 'system' %}<|im_start|>system
{{ messages[0].content }}<|im_end|>
{% endif %}\
{%- for message in messages %}\
{%- if message.role == 'tool' %}<|im_start|>user
<tool_response>
{{ message.content }}
</tool_response><|im_end|>
{% elif message.role == 'assistant' and message.tool_calls %}<|im_start|>assistant
{{ message.content or '' }}{% for call in message.tool_calls %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% elif not (loop.first and message.role == 'system') %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endif %}{% endfor %}\
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

UNKNOWN, BEGIN, END, TURN, TURN_END = "<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"
SPECIAL = (UNKNOWN, BEGIN, END, TURN, TURN_END)
VOCABULARY = 376
LETTERS = "\N{LOWER ONE EIGHTH BLOCK}etaoinshrdlcumwfgypbvkjxqz"
MARKS = ".,!?'-:;\"(){}[]<>/_|0123456789ETAOIN"
WORDS = "the and you that was for are with his they one have this from had not but what all were"
CALL, CALL_END = "<tool_call>", "</tool_call>"  # of one token each, as Qwen has them
NEVER = -40.0
FILE_TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q8_0": 7}  # llama.cpp's numbers of whole files


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How big a model is, and what it is inclined to write."""

    width: int = 64
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 128
    spread: float = 0.4  # of the weights
    stop: float = NEVER  # how soon a reply ends: added to the end's logit; 1 is about 10 tokens
    calls: float = NEVER  # how readily it begins a tool call: added to that mark's logit
    seed: int = 7


CALLER = Shape(calls=2.0)  # calls the tools it is offered; their arguments are random JSON


def make_gguf(
    path: Path,
    *,
    name: str = "tiny",
    ctx: int = 2048,
    chat_template: str | None = CHATML_WITH_TOOLS,
    quantisation: str = "F32",
    shape: Shape = Shape(),
) -> Path:
    """A llama model at `path`, half a megabyte; it writes words until it must stop."""
    writer = _writer(path, "llama", name, ctx, quantisation, shape)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    _add_vocabulary(writer, "llama")
    if chat_template is not None:
        writer.add_chat_template(chat_template)
    for tensor, values in _llama_tensors(shape):
        _add(writer, tensor, values, quantisation)
    return _written(writer, path)


def make_embedding_gguf(path: Path, *, name: str = "tiny-embed", ctx: int = 512) -> Path:
    """A bert model at `path` that makes vectors of 64 numbers, by the mean over the text."""
    shape = Shape()
    writer = _writer(path, "bert", name, ctx, "F32", shape)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_token_type_count(2)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    _add_vocabulary(writer, "llama")
    for tensor, values in _bert_tensors(shape, ctx):
        _add(writer, tensor, values, "F32")
    return _written(writer, path)


def _writer(
    path: Path, architecture: str, name: str, ctx: int, quantisation: str, shape: Shape
) -> gguf.GGUFWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(name)
    writer.add_file_type(FILE_TYPES[quantisation])
    writer.add_context_length(ctx)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    return writer


def _add_vocabulary(writer: gguf.GGUFWriter, tokenizer: str) -> None:
    tokens, kinds = _tokens()
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model(tokenizer)
    writer.add_token_list(tokens)
    # Longer pieces first: merging goes by score.
    writer.add_token_scores(
        [float(len(t)) - 100 if k == 1 else 0.0 for t, k in zip(tokens, kinds, strict=True)]
    )
    writer.add_token_types(kinds)
    writer.add_unk_token_id(tokens.index(UNKNOWN))
    writer.add_bos_token_id(tokens.index(BEGIN))
    writer.add_eos_token_id(tokens.index(TURN_END))
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)  # else llama.cpp cannot demand tool calls of it


def _tokens() -> tuple[list[str], list[int]]:
    """The vocabulary, and of each token whether it is a piece, unknown, a mark or a byte."""
    pieces = [*LETTERS, *MARKS]
    for word in WORDS.split():
        for end in range(2, len(word) + 2):  # every beginning: merging goes step by step
            if (piece := f"{LETTERS[0]}{word}"[:end]) not in pieces:
                pieces.append(piece)
    marks = [CALL, CALL_END]
    pieces = pieces[: VOCABULARY - len(SPECIAL) - 256 - len(marks)]
    of_bytes = [f"<0x{byte:02X}>" for byte in range(256)]
    kinds = [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * (len(SPECIAL) - 1)
    kinds += [gguf.TokenType.BYTE] * 256 + [gguf.TokenType.NORMAL] * len(pieces)
    kinds += [gguf.TokenType.USER_DEFINED] * len(marks)
    return [*SPECIAL, *of_bytes, *pieces, *marks], [int(kind) for kind in kinds]


def _llama_tensors(shape: Shape) -> Iterator[tuple[str, NDArray[np.float32]]]:
    random = np.random.default_rng(shape.seed)
    head = shape.width // shape.heads

    def weights(*dims: int) -> NDArray[np.float32]:
        scale = shape.spread / np.sqrt(dims[-1])
        return random.standard_normal(dims, dtype=np.float32) * np.float32(scale)

    tokens, kinds = _tokens()
    embeddings = random.standard_normal((len(tokens), shape.width), dtype=np.float32)
    # The first number is the same for every token, so its weight in the output is a bias.
    embeddings[:, 0] = 8.0
    output = random.standard_normal((len(tokens), shape.width), dtype=np.float32)
    says = [kind == gguf.TokenType.NORMAL for kind in kinds]
    output[:, 0] = [0.0 if said else NEVER for said in says]
    output[tokens.index(TURN_END), 0] = shape.stop
    output[[tokens.index(CALL), tokens.index(CALL_END)], 0] = shape.calls
    output[[tokens.index('"'), tokens.index("}")], 0] = max(0.0, shape.calls)  # calls end soon
    # llama.cpp knows a call by the mark and a new line; after one call the turn ends.
    for before, after in ((CALL, "<0x0A>"), (CALL_END, TURN_END)) if shape.calls > NEVER else ():
        output[tokens.index(after), 1:] += 8 * embeddings[tokens.index(before), 1:]
    yield "token_embd.weight", embeddings
    yield "output.weight", output
    yield "output_norm.weight", np.ones(shape.width, np.float32)
    for block in (f"blk.{layer}" for layer in range(shape.layers)):
        yield f"{block}.attn_norm.weight", np.ones(shape.width, np.float32)
        yield f"{block}.attn_q.weight", weights(shape.width, shape.width)
        yield f"{block}.attn_k.weight", weights(shape.kv_heads * head, shape.width)
        yield f"{block}.attn_v.weight", weights(shape.kv_heads * head, shape.width)
        yield f"{block}.attn_output.weight", weights(shape.width, shape.width)
        yield f"{block}.ffn_norm.weight", np.ones(shape.width, np.float32)
        yield f"{block}.ffn_gate.weight", weights(shape.feed_forward, shape.width)
        yield f"{block}.ffn_up.weight", weights(shape.feed_forward, shape.width)
        yield f"{block}.ffn_down.weight", weights(shape.width, shape.feed_forward)


def _bert_tensors(shape: Shape, ctx: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    random = np.random.default_rng(shape.seed)

    def weights(*dims: int) -> NDArray[np.float32]:
        return random.standard_normal(dims, dtype=np.float32) * np.float32(dims[-1] ** -0.5)

    def layer(tensor: str, out: int, width: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
        yield f"{tensor}.weight", weights(out, width)
        yield f"{tensor}.bias", np.zeros(out, np.float32)

    def norm(tensor: str) -> Iterator[tuple[str, NDArray[np.float32]]]:
        yield f"{tensor}.weight", np.ones(shape.width, np.float32)
        yield f"{tensor}.bias", np.zeros(shape.width, np.float32)

    yield "token_embd.weight", weights(VOCABULARY, shape.width)
    yield "position_embd.weight", weights(ctx, shape.width)
    yield "token_types.weight", weights(2, shape.width)
    yield from norm("token_embd_norm")
    for block in (f"blk.{at}" for at in range(shape.layers)):
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield from layer(f"{block}.{part}", shape.width, shape.width)
        yield from norm(f"{block}.attn_output_norm")
        yield from layer(f"{block}.ffn_up", shape.feed_forward, shape.width)
        yield from layer(f"{block}.ffn_down", shape.width, shape.feed_forward)
        yield from norm(f"{block}.layer_output_norm")


def _add(
    writer: gguf.GGUFWriter, tensor: str, values: NDArray[np.float32], quantisation: str
) -> None:
    if quantisation == "F32" or values.ndim == 1:
        writer.add_tensor(tensor, values)
    else:
        kind = gguf.GGMLQuantizationType[quantisation]
        stored: NDArray[Any] = quantize(values, kind)
        writer.add_tensor(tensor, stored, raw_dtype=kind)


def _written(writer: gguf.GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
