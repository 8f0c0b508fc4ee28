"""The models folder: what is here, whether it is whole and right, and how it goes."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISREG
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chassis.weights.catalogue import CATALOGUE, Model, find_model, is_hub_name, unknown
from chassis.weights.errors import ModelBusy, ModelUnknown, StoreUnusable, UnsafeName
from chassis.weights.settings import ModelStoreSettings

State = Literal["here", "not verified", "partial", "absent"]
OURS = ".parley"  # in each model's folder: the manifest and files on their way
MANIFEST = "manifest.json"
PARTS = "parts"
LOCKS = ".locks"
HASH_BLOCK_BYTES = 1 << 20
MAX_NAME_CHARS = 255


class ManifestFile(BaseModel):
    """One file as it was when it came."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(max_length=MAX_NAME_CHARS)
    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a whole model consists of. Written last, so its presence means: all came."""

    model_config = ConfigDict(frozen=True)

    id: str
    repo: str
    commit: str
    files: tuple[ManifestFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One model of which something is here."""

    model: Model
    state: State
    size_bytes: int  # on this disk
    manifest: Manifest | None


class ModelStore:
    """The models folder. Blocking, all of it; only `verify` and `remove` take long."""

    def __init__(self, settings: ModelStoreSettings) -> None:
        self.settings = settings
        self.root = settings.models_dir.expanduser()

    def find(self, model_id: str) -> Model:
        """Of the catalogue, of the hub, or placed here by hand. Raises ModelUnknown."""
        try:
            return find_model(model_id)
        except ModelUnknown:
            if is_hub_name(model_id) and (self.root / model_id).is_dir():
                return Model(id=model_id, kind=None, repo=None, what="placed here by hand")
            raise

    def folder(self, model: Model) -> Path:
        """Where its files lie, or will. Raises ModelUnknown for an id that is no folder's name."""
        name, colon, quantisation = model.id.partition(":")
        names = name.split("/")
        parts = [*names, quantisation] if colon else names
        if len(names) > 2 or not all(is_hub_name(part) for part in parts):
            raise unknown(model.id)
        return self.root / "--".join(parts)

    def state(self, model: Model) -> State:
        """By names and sizes, so it is cheap; `verify` looks into the files."""
        folder = self.folder(model)
        if not folder.is_dir():
            return "absent"
        manifest = self.manifest(model)
        if manifest is not None:
            whole = all(size_of(folder / f.name) == f.size_bytes for f in manifest.files)
            return "here" if whole else "partial"
        if (folder / OURS).exists():
            return "partial"  # begun by us, and not finished
        return "not verified" if _has_all(folder, model) else "partial"

    def present(self, model: Model) -> bool:
        """Whether it can be loaded: every file is here, or somebody placed the folder by hand."""
        return self.state(model) in ("here", "not verified")

    def manifest(self, model: Model) -> Manifest | None:
        """None when it never came as a whole, or came by hand."""
        path = self.folder(model) / OURS / MANIFEST
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
            for file in manifest.files:
                check_name(file.name)
        except (OSError, ValidationError, UnsafeName):
            return None
        return manifest

    def installed(self) -> list[Installed]:
        """Every model of which something is here, in the catalogue's order, then by name."""
        order = {model.id: place for place, model in enumerate(CATALOGUE)}
        found = [self._installed(model) for model in self._models_here()]
        return sorted(found, key=lambda one: (order.get(one.model.id, len(order)), one.model.id))

    def verify(self, model: Model) -> list[str]:
        """What is wrong, in words; empty when all is well. Reads every byte: use a thread."""
        folder = self.folder(model)
        if not folder.is_dir():
            return ["it is not here"]
        manifest = self.manifest(model)
        if manifest is None:
            if (folder / OURS).exists():
                return ["the download is not finished"]
            return ["it was placed by hand, without a manifest to compare with"]
        problems = []
        for file in manifest.files:
            size_bytes = size_of(folder / file.name)
            if size_bytes is None:
                problems.append(f"{file.name} is missing")
            elif size_bytes != file.size_bytes:
                problems.append(f"{file.name} has {size_bytes} bytes, not {file.size_bytes}")
            elif digest_of(folder / file.name) != file.sha256:
                problems.append(f"{file.name} has changed: its checksum is another")
        return problems

    def remove(self, model: Model) -> None:
        """Delete what is here of it. Raises ModelBusy while it is being fetched."""
        with self.held(model):
            folder = self.folder(model)
            try:
                if folder.is_symlink():
                    folder.unlink()
                elif folder.exists():
                    # Out of the way at once: a removal cut short must not leave half a model.
                    doomed = self.root / LOCKS / f"{folder.name}.removed"
                    if doomed.exists():
                        shutil.rmtree(doomed)
                    folder.rename(doomed)
                    shutil.rmtree(doomed)
            except OSError as exc:
                raise StoreUnusable(f"{folder} cannot be removed: {exc.strerror}") from exc

    @contextmanager
    def held(self, model: Model) -> Iterator[None]:
        """Alone with the model's files, across processes. Raises ModelBusy at once."""
        path = self.root / LOCKS / f"{self.folder(model).name}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path)
            lock.acquire(blocking=False)
        except Timeout as exc:
            raise ModelBusy(f"another process is at work on {model.id}", param="model") from exc
        except OSError as exc:
            raise StoreUnusable(f"{self.root} cannot be written: {exc.strerror}") from exc
        try:
            yield
        finally:
            lock.release()

    def write_manifest(self, model: Model, manifest: Manifest) -> None:
        """The last step of a download; atomic."""
        path = self.folder(model) / OURS / MANIFEST
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(manifest.model_dump_json(indent=2))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def forget_manifest(self, model: Model) -> None:
        """Before its files change: what is half changed must not look whole."""
        (self.folder(model) / OURS / MANIFEST).unlink(missing_ok=True)

    def size_on_disk(self, model: Model) -> int:
        """Bytes of everything in its folder, files on their way included."""
        return sum(size_of(path) or 0 for path in _paths(self.folder(model)))

    def _installed(self, model: Model) -> Installed:
        return Installed(
            model=model,
            state=self.state(model),
            size_bytes=self.size_on_disk(model),
            manifest=self.manifest(model),
        )

    def _models_here(self) -> Iterator[Model]:
        if not self.root.is_dir():
            return
        for folder in self.root.iterdir():
            if not folder.is_dir():
                continue
            try:
                yield self.find(model_id_of(folder.name))
            except ModelUnknown:
                continue  # no model's folder: locks, something else of somebody's


def model_id_of(folder_name: str) -> str:
    """Of the model whose folder it is: `owner/name`, `owner/name:Q4_K_M`, or the name itself."""
    return folder_name.replace("--", "/", 1).replace("--", ":", 1)


def check_name(name: str) -> None:
    """Raises UnsafeName unless `name` is a plain relative path that stays inside its folder."""
    segments = name.split("/")
    safe = (
        0 < len(name) <= MAX_NAME_CHARS
        and name.isprintable()
        and not set(name) & set('\\:*?"<>|')  # also safe where these mean something
        and not any(segment in ("", ".", "..") for segment in segments)
        and segments[0].lower() != OURS
    )
    if not safe:
        raise UnsafeName(f"{name[:MAX_NAME_CHARS]!r} is no name for a file of a model")


def wanted(model: Model, name: str) -> bool:
    """Whether the file belongs to the model."""
    return any(fnmatchcase(name, pattern) for pattern in (*model.files, *model.optional))


def size_of(path: Path) -> int | None:
    """None when it is no file."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_size if S_ISREG(status.st_mode) else None


def digest_of(path: Path, is_cancelled: Callable[[], bool] = lambda: False) -> str:
    """The file's sha256; of no meaning when cancelled."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while (block := file.read(HASH_BLOCK_BYTES)) and not is_cancelled():
            digest.update(block)
    return digest.hexdigest()


def _has_all(folder: Path, model: Model) -> bool:
    names = [path.relative_to(folder).as_posix() for path in _paths(folder)]
    return all(any(fnmatchcase(name, pattern) for name in names) for pattern in model.files)


def _paths(folder: Path) -> Iterator[Path]:
    # Not `rglob`: it fails where another process takes a folder away meanwhile.
    return (Path(at) / name for at, _, names in os.walk(folder) for name in names)
