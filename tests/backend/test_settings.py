"""A setting that would leave what people said open stops the start, and says which."""

import pytest
from pydantic import SecretStr, ValidationError

from backend.settings import BackendSettings


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_who_signs_nobody_in_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(ValidationError, match="set BACKEND_AUTH=on too, or listen"):
        BackendSettings(host=host, auth="off")
    assert BackendSettings(host=host, auth="on").host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_this_machine_nobody_needs_to_sign_in(host: str) -> None:
    assert BackendSettings(host=host, auth="off").host == host


def test_a_container_is_judged_by_where_its_port_is_published() -> None:
    inside = "0.0.0.0"
    assert BackendSettings(host=inside, published_on="127.0.0.1", auth="off").auth == "off"
    with pytest.raises(ValidationError, match=r"BACKEND_PUBLISHED_ON=0\.0\.0\.0 is reachable"):
        BackendSettings(host=inside, published_on="0.0.0.0", auth="off")


def test_a_key_that_can_be_guessed_encrypts_nothing() -> None:
    with pytest.raises(ValidationError, match="32 characters or more") as refused:
        BackendSettings(encryption_keys=[SecretStr("k" * 32), SecretStr("hunter2")])
    assert "hunter2" not in str(refused.value)
