"""Service keys: the bearer check, in constant time."""

import hmac

from pydantic import SecretStr

from chassis.errors import Unauthorized


def check_bearer(authorization: str | None, key: SecretStr | None) -> None:
    """Raise Unauthorized unless `authorization` is `Bearer <key>`. No key set: all may pass."""
    if key is None:
        return
    scheme, _, given = (authorization or "").partition(" ")
    matches = hmac.compare_digest(given.encode("utf-8", "replace"), key.get_secret_value().encode())
    if scheme.lower() != "bearer" or not matches:
        raise Unauthorized("a valid bearer key is needed", param="Authorization")


def has_key(authorization: str | None, key: SecretStr | None) -> bool:
    """Whether `authorization` is `Bearer <key>`, where it opens more than without. No key set:
    nobody has it."""
    try:
        check_bearer(authorization, key)
    except Unauthorized:
        return False
    return key is not None
