"""Columns that only a holder of the key can read: AES-256-GCM, with keys that can be changed.

A stored text is MARK, the id of its key, a colon and base64 of nonce and ciphertext; bytes are
the same without base64. The column's name is authenticated too, so that no value can be moved to
another column. Without a key values are stored as they are, and are read as they are.
"""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr
from sqlalchemy import Dialect, LargeBinary, Text, TypeDecorator
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.errors import Unavailable

MARK = "\x02"
PLAIN = "0" * 8  # key id of what is marked but not encrypted: a text that begins with MARK itself
NONCE_BYTES = 12  # NIST SP 800-38D, 8.2.2: random, 2^32 values a key are safe
HKDF_INFO = b"parley column encryption"
KEYS = "parley_keys"  # attribute of an engine's dialect: the only thing a column type is given


class KeyRing:
    """The first key encrypts, every key decrypts. Empty: nothing is encrypted."""

    def __init__(self, secrets: Sequence[SecretStr] = ()) -> None:
        """`secrets`: 32 characters or more each, newest first."""
        derived = [_derive(secret.get_secret_value()) for secret in secrets]
        self._ciphers = {_key_id(key): AESGCM(key) for key in derived}
        self.newest: str | None = _key_id(derived[0]) if derived else None

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(self._ciphers)

    def bind(self, *engines: AsyncEngine) -> None:
        """Encrypted columns use these keys wherever `engines` read or write them."""
        for engine in engines:
            setattr(engine.dialect, KEYS, self)

    def seal(self, value: bytes, column: str) -> tuple[str, bytes]:
        """The key's id, and nonce with ciphertext. There must be a key."""
        assert self.newest is not None
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.newest].encrypt(nonce, value, column.encode())
        return self.newest, nonce + sealed

    def open(self, key_id: str, sealed: bytes, column: str) -> bytes:
        """Raises Unavailable naming the missing key, or the column that was tampered with."""
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Unavailable(
                f"stored texts need encryption key {key_id}: add it to BACKEND_ENCRYPTION_KEYS",
                code="encryption_key_missing",
            )
        try:
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], column.encode())
        except InvalidTag as exc:
            raise Unavailable(f"a stored {column} was damaged", code="data_damaged") from exc


class Encrypted(TypeDecorator[str]):
    """Text, unreadable in the file and in its copies."""

    impl = Text
    cache_ok = True

    def __init__(self, column: str) -> None:
        """`column`: `table.column`, which the value is bound to for good."""
        super().__init__()
        self.column = column

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else seal_text(value, self.column, _keys(dialect))

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else open_text(value, self.column, _keys(dialect))


class EncryptedJson(TypeDecorator[Any]):
    """Any JSON value, stored as encrypted text."""

    impl = Text
    cache_ok = True

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column = column

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else seal_text(json.dumps(value), self.column, _keys(dialect))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(open_text(value, self.column, _keys(dialect)))


class EncryptedBytes(TypeDecorator[bytes]):
    """Bytes such as sound, in pieces that fit memory."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column = column

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else seal_bytes(value, self.column, _keys(dialect))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else open_bytes(value, self.column, _keys(dialect))


def seal_text(text: str, column: str, keys: KeyRing) -> str:
    if keys.newest is not None:
        key_id, sealed = keys.seal(text.encode("utf-8", "surrogatepass"), column)
        return f"{MARK}{key_id}:{base64.b64encode(sealed).decode()}"
    # PostgreSQL stores neither NUL nor half a character; and what looks sealed must not be.
    if text.startswith(MARK) or "\0" in text or not _is_utf8(text):
        plain = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
        return f"{MARK}{PLAIN}:{plain}"
    return text


def open_text(stored: str, column: str, keys: KeyRing) -> str:
    key_id = sealed_with(stored)
    if key_id is None:
        return stored
    data = base64.b64decode(stored[len(MARK) + len(PLAIN) + 1 :])
    plain = data if key_id == PLAIN else keys.open(key_id, data, column)
    return plain.decode("utf-8", "surrogatepass")


def seal_bytes(value: bytes, column: str, keys: KeyRing) -> bytes:
    key_id, sealed = (PLAIN, value) if keys.newest is None else keys.seal(value, column)
    return MARK.encode() + key_id.encode() + sealed


def open_bytes(stored: bytes, column: str, keys: KeyRing) -> bytes:
    end = len(MARK) + len(PLAIN)
    key_id = stored[len(MARK) : end].decode()
    return stored[end:] if key_id == PLAIN else keys.open(key_id, stored[end:], column)


def sealed_with(stored: str | bytes) -> str | None:
    """The id of the key that `stored` needs; None for plain text, PLAIN for marked plain text."""
    head = stored[: len(MARK) + len(PLAIN)]
    marked = head.decode("latin-1") if isinstance(head, bytes) else head
    return marked[len(MARK) :] if marked.startswith(MARK) else None


def _keys(dialect: Dialect) -> KeyRing:
    keys = getattr(dialect, KEYS, None)
    return keys if isinstance(keys, KeyRing) else NO_KEYS


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _derive(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=HKDF_INFO).derive(secret.encode())


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"id of " + key).hexdigest()[: len(PLAIN)]


NO_KEYS = KeyRing()
