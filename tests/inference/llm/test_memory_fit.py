"""What fits into memory, as tables; and how much memory there is, container limits included."""

from pathlib import Path

import pytest

from inference.llm.free_memory import cgroup_free_bytes, free_bytes
from inference.llm.gguf_files import GgufFile
from inference.llm.memory_fit import best, fit, fixed_bytes

GB = 1_000_000_000
KV_BYTES = 28 * 8 * (128 + 128) * 2  # of Qwen3 0.6B


def model(
    id_: str = "m",
    *,
    gigabytes: float = 0.6,
    parameters: float = 0.6,
    context: int | None = 40_960,
    template: bool = True,
    broken: str | None = None,
    embedding: bool = False,
) -> GgufFile:
    return GgufFile(
        id=id_,
        path=Path(f"{id_}.gguf"),
        size_bytes=int(gigabytes * GB),
        parameters=int(parameters * GB),
        architecture="qwen3",
        context_tokens=context,
        kv_bytes_per_token=KV_BYTES,
        width=1024,
        vocabulary=151_936,
        has_chat_template=template,
        broken=broken,
        is_embedding=embedding,
    )


@pytest.mark.parametrize(
    ("available_gb", "ctx_size", "slots", "context", "expected"),
    [
        (64.0, 16_384, 0, 40_960, (16_384, 4)),
        (64.0, 16_384, 1, 40_960, (16_384, 1)),
        (64.0, 16_384, 9, 40_960, (16_384, 9)),
        (64.0, 65_536, 0, 40_960, (40_960, 4)),  # no more than it was trained on
        (64.0, 16_384, 0, None, (16_384, 4)),
        (6.5, 16_384, 0, 40_960, (16_384, 2)),  # fewer chats before a shorter memory
        (4.5, 16_384, 0, 40_960, (16_384, 1)),
        (2.0, 16_384, 0, 40_960, (5_888, 1)),  # one chat, and what is left for it
        (2.0, 16_384, 2, 40_960, (2_816, 2)),
        (1.45, 16_384, 0, 40_960, (1_536, 1)),
        (1.25, 16_384, 0, 40_960, None),  # not 512 tokens
        (0.5, 16_384, 0, 40_960, None),
        (64.0, 512, 0, 40_960, (512, 4)),
        (64.0, 16_384, 0, 256, (256, 4)),  # a model of so short a memory
    ],
)
def test_context_and_slots_follow_the_memory(
    available_gb: float,
    ctx_size: int,
    slots: int,
    context: int | None,
    expected: tuple[int, int] | None,
) -> None:
    file = model(context=context)
    fitted = fit(file, int(available_gb * GB), ctx_size=ctx_size, slots=slots)
    assert (fitted and (fitted.ctx_tokens, fitted.slots)) == expected
    if fitted:
        tokens = fitted.ctx_tokens * fitted.slots
        assert fitted.needed_bytes == fixed_bytes(file) + tokens * KV_BYTES
        assert fitted.needed_bytes <= available_gb * GB


SMALL = model("small", gigabytes=0.6, parameters=0.6)
MIDDLE = model("middle", gigabytes=2.5, parameters=4.0)
FINER = model("middle-q8", gigabytes=4.3, parameters=4.0)
LARGE = model("large", gigabytes=18.0, parameters=30.0)
BASE = model("base", gigabytes=3.0, parameters=8.0, template=False)
VECTORS = model("vectors", gigabytes=0.1, parameters=50.0, embedding=True)
BROKEN = model("bad", parameters=99.0, broken="is cut short")


@pytest.mark.parametrize(
    ("files", "available_gb", "chosen"),
    [
        ([SMALL, MIDDLE, FINER, LARGE], 64, "large"),
        ([SMALL, MIDDLE, FINER, LARGE], 12, "middle-q8"),  # as many parameters, less quantised
        ([SMALL, MIDDLE, FINER, LARGE], 5, "middle"),
        ([SMALL, MIDDLE, FINER, LARGE], 2, "small"),
        ([SMALL, MIDDLE, FINER, LARGE], 1, None),
        ([SMALL], 1.45, None),  # a context that forgets while one talks is no fit
        ([SMALL, BASE], 64, "small"),  # who cannot chat comes after who can
        ([BASE], 64, "base"),
        ([VECTORS, BROKEN], 64, None),
        ([], 64, None),
    ],
)
def test_the_best_that_fits_is_chosen(
    files: list[GgufFile], available_gb: float, chosen: str | None
) -> None:
    found, reasons = best(files, int(available_gb * GB), ctx_size=16_384, slots=0)
    assert (found.id if found else None) == chosen
    others = {file.id for file in files} - {chosen}
    assert {reason.split()[0] for reason in reasons} == others


def test_the_reasons_are_sentences() -> None:
    _, reasons = best([SMALL, MIDDLE, LARGE, VECTORS, BROKEN], 8 * GB, ctx_size=16_384, slots=0)
    assert reasons == [
        "large needs 18.5 GB and 2048 tokens of context, 8.0 GB are free",
        "vectors makes embeddings, not chats",
        "bad is cut short",
        "small fits, but middle is better",
    ]


def place(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


def test_a_containers_limit_counts_and_what_the_kernel_can_drop_does_not(tmp_path: Path) -> None:
    place(tmp_path, memory__max="max\n", memory__current="999")
    own = tmp_path / "a" / "b"
    place(own, memory__max="2000\n", memory__current="1500\n", memory__stat="inactive_file 400\n")
    place(own.parent, memory__max="1000", memory__current="990", memory__stat="anon 5")
    assert list(cgroup_free_bytes(tmp_path, ["0::/a/b"])) == [900, 10]


def test_the_older_kind_of_limit_counts_too(tmp_path: Path) -> None:
    names = {"memory__limit_in_bytes": "3000", "memory__usage_in_bytes": "1000"}
    place(tmp_path / "memory" / "docker", **names, memory__stat="total_inactive_file 100")
    place(tmp_path / "memory", memory__limit_in_bytes=str((1 << 63) - 4096))
    own = ["4:cpu:/docker", "3:memory:/docker"]
    assert list(cgroup_free_bytes(tmp_path, own)) == [2100]


def test_without_limits_the_machine_decides(tmp_path: Path) -> None:
    assert list(cgroup_free_bytes(tmp_path / "nothing", ["0::/"])) == []
    assert free_bytes() > 0
