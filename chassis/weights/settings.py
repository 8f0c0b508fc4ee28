"""Settings of the model store, `PARLEY_*`: shared by every model server and by `parley models`."""

from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.compose import COMPOSE_VARIABLES
from chassis.settings import Settings


class ModelStoreSettings(Settings):
    """Where weights lie and where they come from."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_")
    # Read by `parley up`, by its search for what a dead run left behind, by agent and backend.
    foreign = frozenset(
        {
            "PARLEY_PHONE",
            "PARLEY_RUN",
            "PARLEY_SECRETS_DIR",
            "PARLEY_SERVICE_KEY",
            "PARLEY_STATE_DIR",
            *COMPOSE_VARIABLES,
        }
    )

    models_dir: Path = Field(
        default=Path("~/.cache/parley/models"), description="where weights of models lie"
    )
    models_url: str | None = Field(
        default=None,
        description="hub or mirror weights come from; unset: the Hugging Face hub",
    )
    models_token: SecretStr | None = Field(
        default=None, description="token the hub asks for private and gated models"
    )
    offline: bool = Field(
        default=False,
        description="reach out to nothing outside this machine and its networks: no download, no "
        "web search; settings that name such an address are refused",
    )

    @field_validator("models_url")
    @classmethod
    def _an_address(cls, url: str | None) -> str | None:
        if url is not None:
            HttpUrl(url)  # its complaints are readable
        return url
