"""What `parley boot` reads: where the stack is published, and which profiles it has."""

from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from chassis.settings import is_loopback
from parley.environment import StackSettings

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  # compared, not bound


class BootSettings(StackSettings):
    """The stack's settings, and those of docker-compose.yml that files are rendered from."""

    model_config = SettingsConfigDict(env_prefix="")

    compose_profiles: Annotated[list[str], NoDecode] = Field(
        default=[], description="profiles of docker-compose.yml, with commas between them"
    )
    parley_bind: str = Field(default="127.0.0.1", description="address ports are published on")
    parley_node_ip: str | None = Field(
        default=None, description="address that callers reach this machine at"
    )
    parley_domain: str | None = Field(default=None, description="name of this machine, for TLS")
    parley_turn: bool = Field(
        default=False, description="on: the SFU is in the host's network, and a TURN server too"
    )
    backend_auth: Literal["off", "on"] = Field(default="off", description="whether people sign in")

    @field_validator("compose_profiles", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [name.strip() for name in value.split(",") if name.strip()]
        return value

    @field_validator("parley_bind", "parley_node_ip")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None:
            ip_address(value)  # its complaints are readable
        return value

    @model_validator(mode="after")
    def _sign_in_beyond_loopback(self) -> Self:
        if self.backend_auth == "off" and not is_loopback(self.parley_bind):
            raise ValueError(
                f"PARLEY_BIND={self.parley_bind} publishes Parley to other machines: "
                "set BACKEND_AUTH=on too, or leave PARLEY_BIND at 127.0.0.1"
            )
        if self.parley_bind in EVERYWHERE and self.parley_node_ip is None:
            raise ValueError(
                f"PARLEY_BIND={self.parley_bind} does not say where callers send their sound: "
                "set PARLEY_NODE_IP to the address they reach this machine at"
            )
        if self.has("tls") and self.parley_domain is None:
            raise ValueError(
                "the profile tls needs PARLEY_DOMAIN: the name people open, which leads here"
            )
        return self

    def has(self, profile: str) -> bool:
        """Whether it is switched on by name."""
        return profile in self.compose_profiles

    @property
    def phone(self) -> bool:
        return self.parley_phone or self.has("sip")

    @property
    def at_host(self) -> str:
        """Where the host's own programs reach what is published."""
        return "127.0.0.1" if self.parley_bind in EVERYWHERE else self.parley_bind

    @property
    def node_ip(self) -> str:
        """What the SFU and livekit-sip say of themselves to callers."""
        return self.parley_node_ip or self.parley_bind
