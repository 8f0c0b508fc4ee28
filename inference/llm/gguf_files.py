"""The GGUF files of the models folder: which there are, and what each one's header says."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chassis.weights.store import model_id_of
from inference.llm.gguf_header import Header, Unreadable, Value, read_header

SUFFIX = ".gguf"
PART = re.compile(r"(?P<stem>.+)-(?P<part>\d{5})-of-(?P<parts>\d{5})")
MAX_PARTS = 1000
NO_MODELS = ("mmproj", "ggml-vocab")  # parts of models, that llama-server is not given as one
HALF_BYTES = 2  # of a number in the KV cache


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFile:
    """One model, in one file or in parts. With `broken`, the numbers are nobody's word."""

    id: str
    path: Path  # of the first part
    size_bytes: int
    broken: str | None = None  # why it cannot be loaded
    architecture: str = ""
    parameters: int = 0
    quantisation: str | None = None
    context_tokens: int | None = None  # it was trained on
    kv_bytes_per_token: int = 0  # of the context, in memory
    width: int = 0
    vocabulary: int = 0
    has_chat_template: bool = False
    is_embedding: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    size_bytes: int
    mtime_ns: int
    header: Header | Unreadable


@dataclass(slots=True)
class GgufFolder:
    """What is in `root`: loose files, and those in a model's own folder. Headers are read once."""

    root: Path
    _seen: dict[Path, _Seen] = field(default_factory=dict)

    def files(self) -> list[GgufFile]:
        """All that are there now, by id; broken ones too. Blocks, on new files for a second."""
        found: dict[str, GgufFile] = {}
        for folder, owner in self._folders():
            firsts = list(_firsts(folder, deep=owner is not None))
            for path in firsts:
                id_ = _id(path, owner, alone=len(firsts) == 1)
                while id_ in found:  # a loose file beside a folder of its name
                    id_ += SUFFIX
                found[id_] = self.file(path, id_)
        return sorted(found.values(), key=lambda one: one.id)

    def file(self, path: Path, id_: str) -> GgufFile:
        """What the file at `path` is; broken where it is none."""
        parts = _parts(path)
        try:
            size_bytes = sum(part.stat().st_size for part in parts)
            headers = [self._header(part) for part in parts]
        except OSError as exc:
            missing = Path(exc.filename or path).name
            return GgufFile(id=id_, path=path, size_bytes=0, broken=f"{missing}: {exc.strerror}")
        except Unreadable as exc:
            return GgufFile(id=id_, path=path, size_bytes=size_bytes, broken=str(exc))
        return _described(id_, path, size_bytes, headers)

    def _folders(self) -> Iterator[tuple[Path, str | None]]:
        """Each folder, and the id of the model that it is of."""
        yield self.root, None
        try:
            inside = sorted(self.root.iterdir())
        except OSError:
            return
        for folder in inside:
            if folder.is_dir() and not folder.name.startswith("."):
                yield folder, model_id_of(folder.name)

    def _header(self, path: Path) -> Header:
        status = path.stat()
        seen = self._seen.get(path)
        if seen is None or (seen.size_bytes, seen.mtime_ns) != (status.st_size, status.st_mtime_ns):
            try:
                header: Header | Unreadable = read_header(path)
            except Unreadable as exc:
                header = exc
            seen = self._seen[path] = _Seen(status.st_size, status.st_mtime_ns, header)
        if isinstance(seen.header, Unreadable):
            raise Unreadable(str(seen.header))
        return seen.header


def _firsts(folder: Path, *, deep: bool) -> Iterator[Path]:
    """First parts of models: files whose names say so."""
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if deep and not name.startswith("."))
        for name in sorted(names):
            path = Path(at) / name
            if not name.endswith(SUFFIX) or name.startswith(NO_MODELS) or not path.is_file():
                continue
            part = PART.fullmatch(path.stem)
            if part is None or int(part["part"]) == 1:
                yield path


def _id(path: Path, owner: str | None, *, alone: bool) -> str:
    part = PART.fullmatch(path.stem)
    name = part["stem"] if part else path.stem
    if owner is None:
        return name
    return owner if alone else f"{owner}:{name}"


def _parts(path: Path) -> list[Path]:
    part = PART.fullmatch(path.stem)
    if part is None or not 0 < int(part["parts"]) <= MAX_PARTS:
        return [path]
    count = part["parts"]
    names = (f"{part['stem']}-{at:05}-of-{count}{SUFFIX}" for at in range(1, int(count) + 1))
    return [path.with_name(name) for name in names]


def _described(id_: str, path: Path, size_bytes: int, headers: list[Header]) -> GgufFile:
    first = headers[0]
    values = first.values
    architecture = values.get("general.architecture")
    if not isinstance(architecture, str) or not any(header.tensors for header in headers):
        return GgufFile(id=id_, path=path, size_bytes=size_bytes, broken="holds no model")
    of = _Numbers(first, architecture)
    vocabulary = first.counts.get("tokenizer.ggml.tokens", 0)
    pooling = of.number("pooling_type") or 0
    return GgufFile(
        id=id_,
        path=path,
        size_bytes=size_bytes,
        architecture=architecture,
        parameters=sum(header.parameters for header in headers),
        quantisation=_quantisation(values.get("general.file_type")),
        context_tokens=of.number("context_length") or None,
        kv_bytes_per_token=of.kv_bytes_per_token(),
        width=of.number("embedding_length") or 0,
        vocabulary=min(vocabulary, 10_000_000),
        has_chat_template=bool(values.get("tokenizer.chat_template")),
        is_embedding=bool(
            pooling > 0
            or values.get(f"{architecture}.attention.causal") is False
            or "bert" in architecture
        ),
    )


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The keys of one architecture, where they make sense."""

    header: Header
    architecture: str

    def number(self, key: str) -> int | None:
        return _whole(self.header.values.get(f"{self.architecture}.{key}"))

    def kv_bytes_per_token(self) -> int:
        """Of all layers, as if each kept the whole context: of some models, more than it is."""
        layers = self.number("block_count") or 0
        heads = self.number("attention.head_count") or 1
        by_head = (self.number("embedding_length") or 0) // heads
        key = self.number("attention.key_length") or by_head
        value = self.number("attention.value_length") or by_head
        return self._kv_heads(layers, heads) * (key + value) * HALF_BYTES

    def _kv_heads(self, layers: int, heads: int) -> int:
        """Of all layers together; some models have another number in each, and none in some."""
        by_layer = self.header.arrays.get(f"{self.architecture}.attention.head_count_kv")
        if by_layer is not None:
            return sum(_whole(count) or 0 for count in by_layer)
        return layers * (self.number("attention.head_count_kv") or heads)


def _whole(value: Value | None) -> int | None:
    """A count that is one: headers may hold anything."""
    return value if type(value) is int and 0 < value < 1 << 32 else None


def _quantisation(file_type: Value | None) -> str | None:
    from gguf.constants import LlamaFileType

    names: Mapping[int, str] = {int(kind): kind.name for kind in LlamaFileType}
    known = names.get(file_type) if isinstance(file_type, int) else None
    return known.removeprefix("MOSTLY_").removeprefix("ALL_") if known else None
