"""Weights in the shape of Qwen3 0.6B, by chance: what it costs to run them is real.

`python -m bench.llm_weights FILE` takes seconds; 0.6 GB stay.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from tests.fakes.gguf_model import CHATML_WITH_TOOLS

LAYERS, WIDTH, HEADS, KV_HEADS, HEAD_WIDTH, FEED_FORWARD = 28, 1024, 16, 8, 128, 3072
VOCABULARY = 151_936
CONTEXT = 40_960
END, TURN, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
FIRST_SPECIAL = 151_643
BLOCK, BLOCK_BYTES = 32, 34  # of Q8_0: a scale of half precision, and whole numbers
SPREAD = 0.02  # of the weights
UNIFORM_SPREAD = 127 / 3**0.5  # of the whole numbers
STRIDE_BLOCKS = 10_007  # no two tensors begin at the same place of the pool
Q8_0 = gguf.GGMLQuantizationType.Q8_0


def build(file: Path) -> Path:
    """A chat model that llama.cpp loads; a token of text is a byte, and replies never end."""
    if file.exists():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_suffix(".new")
    writer = gguf.GGUFWriter(half, "qwen3")
    _add_shape(writer)
    _add_vocabulary(writer)
    pool = _pool(VOCABULARY * WIDTH // BLOCK + len(list(_matrices())) * STRIDE_BLOCKS)
    for at, (name, rows, columns) in enumerate(_matrices()):
        blocks = rows * columns // BLOCK
        data = pool[at * STRIDE_BLOCKS :][:blocks].reshape(rows, -1)
        writer.add_tensor(name, data, raw_dtype=Q8_0)
    for name, width in _norms():
        writer.add_tensor(name, np.ones(width, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return half.rename(file)


def _add_shape(writer: gguf.GGUFWriter) -> None:
    writer.add_name("bench")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD_WIDTH)
    writer.add_value_length(HEAD_WIDTH)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)


def _add_vocabulary(writer: gguf.GGUFWriter) -> None:
    """As large as the real one; what no byte is only replies have."""
    hidden = iter(range(256, 512))
    tokens = [chr(next(hidden)) if _is_hidden(at) else chr(at) for at in range(256)]
    tokens += [f"\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}w{at}" for at in range(256, VOCABULARY)]
    kinds = [int(gguf.TokenType.NORMAL)] * VOCABULARY
    for at, special in enumerate((END, TURN, TURN_END), FIRST_SPECIAL):
        tokens[at], kinds[at] = special, int(gguf.TokenType.CONTROL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["w 2"])
    writer.add_eos_token_id(FIRST_SPECIAL + 2)
    writer.add_pad_token_id(FIRST_SPECIAL)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHATML_WITH_TOOLS)


def _is_hidden(byte: int) -> bool:
    """Whether GPT-2's vocabulary writes it as a character beyond Latin 1."""
    return byte <= 32 or 127 <= byte <= 160 or byte == 173


def _matrices() -> Iterator[tuple[str, int, int]]:
    yield "token_embd.weight", VOCABULARY, WIDTH
    for block in (f"blk.{layer}" for layer in range(LAYERS)):
        yield f"{block}.attn_q.weight", HEADS * HEAD_WIDTH, WIDTH
        yield f"{block}.attn_k.weight", KV_HEADS * HEAD_WIDTH, WIDTH
        yield f"{block}.attn_v.weight", KV_HEADS * HEAD_WIDTH, WIDTH
        yield f"{block}.attn_output.weight", WIDTH, HEADS * HEAD_WIDTH
        yield f"{block}.ffn_gate.weight", FEED_FORWARD, WIDTH
        yield f"{block}.ffn_up.weight", FEED_FORWARD, WIDTH
        yield f"{block}.ffn_down.weight", WIDTH, FEED_FORWARD


def _norms() -> Iterator[tuple[str, int]]:
    yield "output_norm.weight", WIDTH
    for block in (f"blk.{layer}" for layer in range(LAYERS)):
        yield f"{block}.attn_norm.weight", WIDTH
        yield f"{block}.ffn_norm.weight", WIDTH
        yield f"{block}.attn_q_norm.weight", HEAD_WIDTH
        yield f"{block}.attn_k_norm.weight", HEAD_WIDTH


def _pool(blocks: int) -> NDArray[np.uint8]:
    """Blocks of Q8_0 by chance, of which each tensor takes a stretch."""
    random = np.random.default_rng(11)
    pool = random.integers(0, 256, (blocks, BLOCK_BYTES), dtype=np.uint8)
    scale = np.float16(SPREAD / UNIFORM_SPREAD)
    pool[:, :2] = np.frombuffer(scale.tobytes(), np.uint8)
    return pool


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.llm_weights", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE")
    build(parser.parse_args().file)


if __name__ == "__main__":
    main()
