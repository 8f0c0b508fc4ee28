"""Where rate limits are counted: in this process, or in a Redis that several backends share."""

from limits.aio.storage import Storage
from limits.storage import storage_from_string
from pydantic import SecretStr

REDIS_ANSWERS_WITHIN_S = 1.0


def limits_storage(url: SecretStr) -> Storage:
    """Of BACKEND_LIMITS_URL. Its methods raise limits.errors.StorageError. Connects to nothing."""
    said = url.get_secret_value()
    redis: dict[str, str | float] = {
        # The library's own choice, coredis, is not installed.
        "implementation": "redispy",
        "socket_timeout": REDIS_ANSWERS_WITHIN_S,
        "socket_connect_timeout": REDIS_ANSWERS_WITHIN_S,
    }
    storage = storage_from_string(said, wrap_exceptions=True, **(redis if "redis" in said else {}))
    assert isinstance(storage, Storage)  # the settings take async ones only
    return storage
