"""GGUF files found and described; whatever a header claims, nothing breaks and nothing grows."""

import os
import struct
import tracemalloc
from pathlib import Path

import gguf
import numpy as np
import pytest

from inference.llm.gguf_files import GgufFile, GgufFolder
from inference.llm.gguf_header import Header, Unreadable, read_header
from tests.fakes.gguf_model import Shape, make_embedding_gguf, make_gguf

HUGE = (1 << 64) - 1
MEGABYTE = 1 << 20


def found(root: Path) -> dict[str, GgufFile]:
    return {file.id: file for file in GgufFolder(root).files()}


def described(path: Path) -> GgufFile:
    return GgufFolder(path.parent).file(path, "it")


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def header(*, tensors: int = 0, keys: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys)


def test_a_file_is_described_by_its_header(tmp_path: Path) -> None:
    path = make_gguf(tmp_path / "tiny.gguf", ctx=4096, quantisation="Q8_0")
    (file,) = GgufFolder(tmp_path).files()
    assert file.id == "tiny"
    assert file.broken is None
    assert (file.path, file.size_bytes) == (path, path.stat().st_size)
    assert (file.architecture, file.quantisation) == ("llama", "Q8_0")
    assert (file.context_tokens, file.vocabulary, file.width) == (4096, 376, 64)
    assert file.has_chat_template
    assert not file.is_embedding
    with_embeddings = 2 * 376 * 64
    in_layers = 2 * (64 * 64 * 2 + 32 * 64 * 2 + 3 * 64 * 128 + 2 * 64)
    assert file.parameters == with_embeddings + in_layers + 64
    assert file.kv_bytes_per_token == 2 * 2 * (16 + 16) * 2


def test_a_model_of_embeddings_is_told_from_one_that_chats(tmp_path: Path) -> None:
    assert described(make_embedding_gguf(tmp_path / "e.gguf")).is_embedding
    bare = described(make_gguf(tmp_path / "bare.gguf", chat_template=None))
    assert (bare.has_chat_template, bare.is_embedding) == (False, False)


def test_loose_files_and_those_in_models_folders_have_ids(tmp_path: Path) -> None:
    make_gguf(tmp_path / "loose.gguf")
    make_gguf(tmp_path / "qwen3-0.6b" / "Qwen3-0.6B-Q8_0.gguf")
    make_gguf(tmp_path / "owner--name" / "name-q4.gguf")
    make_gguf(tmp_path / "owner--name" / "deep" / "name-q8.gguf")
    make_gguf(tmp_path / "owner--other--Q4_K_M" / "other-Q4_K_M.gguf")
    make_gguf(tmp_path / "owner--name" / ".parley" / "parts" / "half.gguf")
    make_gguf(tmp_path / "vision" / "mmproj-model.gguf")
    (tmp_path / "vision" / "README.md").write_text("no model")
    assert list(found(tmp_path)) == [
        "loose",
        "owner/name:name-q4",
        "owner/name:name-q8",
        "owner/other:Q4_K_M",
        "qwen3-0.6b",
    ]


def test_a_loose_file_and_a_folder_of_one_name_are_two_models(tmp_path: Path) -> None:
    make_gguf(tmp_path / "twin.gguf")
    make_gguf(tmp_path / "twin" / "other.gguf")
    assert list(found(tmp_path)) == ["twin", "twin.gguf"]


def test_a_link_of_the_operators_is_followed(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "linked.gguf").symlink_to(make_gguf(tmp_path / "elsewhere" / "blob"))
    (models / "gone.gguf").symlink_to(tmp_path / "nothing")
    assert list(found(models)) == ["linked"]


def test_parts_count_as_one_model(tmp_path: Path) -> None:
    whole = make_gguf(tmp_path / "big-00001-of-00002.gguf")
    second = make_gguf(tmp_path / "big-00002-of-00002.gguf", shape=Shape(layers=1))
    (file,) = GgufFolder(tmp_path).files()
    assert (file.id, file.path, file.broken) == ("big", whole, None)
    assert file.size_bytes == whole.stat().st_size + second.stat().st_size
    second.unlink()
    (file,) = GgufFolder(tmp_path).files()
    assert file.broken == "big-00002-of-00002.gguf: No such file or directory"


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert GgufFolder(tmp_path / "nowhere").files() == []


def test_a_header_is_read_once_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_gguf(tmp_path / "a.gguf")
    folder = GgufFolder(tmp_path)
    reads: list[Path] = []

    def counted(path: Path) -> Header:
        reads.append(path)
        return read_header(path)

    monkeypatch.setattr("inference.llm.gguf_files.read_header", counted)
    assert folder.files() == folder.files()
    assert len(reads) == 1
    make_gguf(path, ctx=1024)
    os.utime(path, ns=(1, 1))
    assert folder.files()[0].context_tokens == 1024
    assert len(reads) == 2


def test_layers_may_have_different_numbers_of_heads(tmp_path: Path) -> None:
    path = tmp_path / "hybrid.gguf"
    writer = gguf.GGUFWriter(path, "nemotron_h")
    writer.add_block_count(4)
    writer.add_embedding_length(256)
    writer.add_head_count(8)
    writer.add_head_count_kv([0, 2, 0, 2])
    writer.add_key_length(128)
    writer.add_value_length(64)
    writer.add_tensor("a", np.zeros((2, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert described(path).kv_bytes_per_token == 4 * (128 + 64) * 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no GGUF file"),
        (b"GGML" + bytes(100), "is no GGUF file"),
        (header(version=1), "has GGUF version 1"),
        (header()[:10], "is cut short in its header"),
        (header(tensors=HUGE), f"claims {HUGE} tensors"),
        (header(keys=HUGE), f"claims {HUGE} keys"),
        (header(keys=1) + struct.pack("<Q", HUGE), f"has a string of {HUGE} bytes"),
        (header(keys=1) + text("k") + struct.pack("<IQ", 8, 1 << 40), "has a string of"),
        (header(keys=1) + text("k") + struct.pack("<I", 77), "the unknown type 77"),
        (header(keys=1) + text("k") + struct.pack("<IIQ", 9, 8, HUGE), "claims"),
        (header(keys=1) + text("k") + struct.pack("<IIQ", 9, 4, HUGE), "cut short in its header"),
        (header(keys=1) + text("k") + struct.pack("<IIQ", 9, 9, 1), "an array of the type 9"),
        (header(tensors=1) + text("t") + struct.pack("<I", 5), "a tensor of 5 dimensions"),
        (
            header(tensors=1) + text("t") + struct.pack("<IQQIQ", 2, HUGE, HUGE, 0, 0),
            "is cut short: at least",
        ),
        (header(), "holds no model"),
        (header(keys=1) + text("general.architecture") + struct.pack("<II", 4, 7), "no model"),
    ],
)
def test_a_broken_file_is_listed_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "bad.gguf").write_bytes(content)
    tracemalloc.start()
    (file,) = GgufFolder(tmp_path).files()
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert file.broken is not None
    assert reason in file.broken
    assert most_bytes < 16 * MEGABYTE


def test_every_way_to_cut_a_file_short_is_noticed(tmp_path: Path) -> None:
    whole = make_gguf(tmp_path / "whole").read_bytes()
    for length in (*range(0, 4000, 97), *range(4000, len(whole), 20_011), len(whole) - 1000):
        (tmp_path / "cut.gguf").write_bytes(whole[:length])
        with pytest.raises(Unreadable):
            read_header(tmp_path / "cut.gguf")


def test_no_flipped_byte_of_a_header_is_more_than_unreadable(tmp_path: Path) -> None:
    whole = make_gguf(tmp_path / "whole").read_bytes()
    random = np.random.default_rng(3)
    for _ in range(300):
        damaged = bytearray(whole)
        for at in random.integers(4, 12_000, size=8):
            damaged[at] = random.integers(256)
        (tmp_path / "damaged.gguf").write_bytes(damaged)
        described(tmp_path / "damaged.gguf")  # raises nothing
