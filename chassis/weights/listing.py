"""Ask the hub what a model consists of, and put what it answers amiss into our errors."""

import threading
from collections.abc import Iterator
from fnmatch import fnmatchcase
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chassis.http import HTTPError
from chassis.weights.catalogue import Model
from chassis.weights.errors import (
    HubNotFound,
    HubRefused,
    HubUnreachable,
    Offline,
    WeightsError,
)
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import check_name, wanted

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo, RepoSibling

ANSWER_WITHIN_S = 10.0
RETRY_AFTER_S = (0.5, 1.0, 2.0)
LONGEST_RETRY_AFTER_S = 30.0  # whatever the hub asks for
PASSING = {408, 425, 429}  # and every 5xx


class Cancelled(Exception):
    """The work is not wanted any more."""


class Retries:
    """Patience with a hub: a few tries, further and further apart; news renews it."""

    def __init__(self, cancelled: threading.Event) -> None:
        self._cancelled = cancelled
        self.renew()

    def renew(self) -> None:
        self._left: Iterator[float] = iter(RETRY_AFTER_S)

    def wait_or_raise(self, error: WeightsError) -> None:
        """Wait before another try, or raise `error` when another cannot help."""
        wait_s = next(self._left, None) if error.retryable else None
        if wait_s is None:
            raise error
        asked_s = min(error.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
        if self._cancelled.wait(max(wait_s, asked_s)):
            raise Cancelled


class RemoteFile(BaseModel):
    """One file of a repository at one commit. Checked: a checksum becomes a file's name here."""

    model_config = ConfigDict(frozen=True)

    name: str
    url: str
    size_bytes: int = Field(ge=0)
    sha256: str | None = Field(pattern="^[0-9a-f]{64}$")  # the hub's, of large files
    blob_id: str | None = Field(pattern="^[0-9a-f]{40}$")  # git's, of small ones

    @property
    def content_id(self) -> str:
        """The same for the same bytes, so that a resumed file is never two files' halves."""
        return self.sha256 or self.blob_id or sha256(self.url.encode()).hexdigest()


class Listing(BaseModel):
    """What a model consists of at one commit."""

    model_config = ConfigDict(frozen=True)

    commit: str = Field(pattern="^[0-9a-f]{7,64}$")
    files: tuple[RemoteFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


class Hub:
    """The hub or mirror of the settings, as huggingface_hub speaks to it."""

    def __init__(self, settings: ModelStoreSettings, model: Model) -> None:
        # Imported here: it takes a third of a second, and most starts download nothing.
        from huggingface_hub import HfApi, constants

        constants.HF_HUB_DISABLE_TELEMETRY = True
        token = settings.models_token.get_secret_value() if settings.models_token else False
        self._model = model
        self.url = (settings.models_url or constants.ENDPOINT).rstrip("/")
        address = urlsplit(self.url)
        self.shown = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
        # `False`: the token of somebody's own login is not for a service, nor for a mirror.
        self._api = HfApi(endpoint=self.url, token=token, library_name="parley")
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    def listing(self, retries: Retries) -> Listing:
        """Names, sizes and checksums. Raises WeightsError, Cancelled."""
        while True:
            try:
                return self._listing(self._info())
            except HTTPError as exc:
                retries.wait_or_raise(self.error(exc))

    def error(self, exc: HTTPError) -> WeightsError:
        """Ours for theirs: what happened to which repository, and what to do."""
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

        repo = f"{self._model.repo} at {self.shown}"
        if not isinstance(exc, HfHubHTTPError):
            return HubUnreachable(
                f"no connection to {self.shown}: {str(exc) or type(exc).__name__}. Check the "
                "network and PARLEY_MODELS_URL; what came so far is kept"
            )
        status = exc.response.status_code
        if isinstance(exc, GatedRepoError):
            return HubRefused(
                f"{repo} is gated: accept its licence on its page, then set PARLEY_MODELS_TOKEN "
                "to a token of that account"
            )
        if status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            after = exc.response.headers.get("retry-after", "")
            return HubUnreachable(
                f"{self.shown} answered {status} for {self._model.repo}: try again later",
                retry_after_s=float(after) if after.isdecimal() else None,
            )
        if isinstance(exc, RepositoryNotFoundError) or status == HTTPStatus.NOT_FOUND:
            return HubNotFound(
                f"{repo}, revision {self._model.revision}, does not exist or is private: check "
                "the name, or set PARLEY_MODELS_TOKEN"
            )
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return HubRefused(
                f"{repo} was refused ({status}): set PARLEY_MODELS_TOKEN to a token that may "
                "read it"
            )
        return HubRefused(f"{repo} was refused with status {status}")

    def _info(self) -> "ModelInfo":
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        model = self._model
        if model.repo is None:
            raise HubNotFound(f"{model.id} was placed here by hand: there is nowhere to fetch it")
        try:
            return self._api.model_info(
                model.repo, revision=model.revision, files_metadata=True, timeout=ANSWER_WITHIN_S
            )
        except OfflineModeIsEnabled as exc:
            raise Offline(
                f"{model.id} is not here, and HF_HUB_OFFLINE forbids to fetch it"
            ) from exc
        except HfHubHTTPError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            raise HubRefused(
                f"{self.shown} does not answer as a hub does: check PARLEY_MODELS_URL"
            ) from exc

    def _listing(self, info: "ModelInfo") -> Listing:
        ours = [one for one in info.siblings or [] if wanted(self._model, one.rfilename)]
        for sibling in ours:
            check_name(sibling.rfilename)
        for pattern in self._model.files:
            if not any(fnmatchcase(sibling.rfilename, pattern) for sibling in ours):
                raise HubNotFound(f"{self._model.repo} at {self.shown} has no file {pattern}")
        try:
            return Listing(
                commit=info.sha or "",
                files=tuple(self._file(sibling, info.sha or "") for sibling in ours),
            )
        except ValidationError as exc:
            raise HubRefused(
                f"{self.shown} tells no commit, sizes or checksums that make sense"
            ) from exc

    def _file(self, sibling: "RepoSibling", commit: str) -> RemoteFile:
        from huggingface_hub import hf_hub_url

        name = sibling.rfilename
        return RemoteFile(
            name=name,
            url=hf_hub_url(str(self._model.repo), name, revision=commit, endpoint=self.url),
            size_bytes=-1 if sibling.size is None else sibling.size,
            sha256=sibling.lfs.sha256 if sibling.lfs else None,
            blob_id=None if sibling.lfs else sibling.blob_id,
        )
