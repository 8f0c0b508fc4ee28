"""What can go wrong with weights: one small tree, each error with its stable code."""

from chassis.errors import ParleyError


class WeightsError(ParleyError):
    """Weights cannot be had, or are not right. `retryable`: trying again later can help."""

    status = 503
    code = "weights_error"
    retryable = False


class ModelUnknown(WeightsError):
    """No model has this id."""

    status = 404
    type = "invalid_request_error"
    code = "model_unknown"


class ModelBusy(WeightsError):
    """Another process is at work on this model's files."""

    status = 409
    code = "model_busy"
    retryable = True


class Offline(WeightsError):
    """The model is not here and PARLEY_OFFLINE forbids to fetch it."""

    code = "offline"


class DiskFull(WeightsError):
    """There is no room for the model."""

    code = "disk_full"

    def __init__(self, message: str, *, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(message)
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


class StoreUnusable(WeightsError):
    """The models folder cannot be written."""

    code = "store_unusable"


class ChecksumMismatch(WeightsError):
    """A file is not what the hub says it is."""

    code = "checksum_mismatch"
    retryable = True

    def __init__(self, message: str, *, file: str) -> None:
        super().__init__(message)
        self.file = file


class HubUnreachable(WeightsError):
    """No connection, or one that kept breaking."""

    code = "hub_unreachable"
    retryable = True


class HubRefused(WeightsError):
    """The hub wants a token, or a licence accepted, or does not answer as a hub."""

    code = "hub_refused"


class HubNotFound(WeightsError):
    """The hub has no such repository, revision or file."""

    code = "not_found"


class UnsafeName(WeightsError):
    """A name that would lead out of the model's folder."""

    code = "unsafe_name"
