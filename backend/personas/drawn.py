"""Pictures drawn on demand by an OpenAI-compatible image generator."""

import asyncio
import base64
import binascii

from pydantic import BaseModel, Field, ValidationError

from backend.settings import BackendSettings
from chassis.errors import InvalidRequest, Unavailable
from chassis.http import AsyncClient, HTTPError

DRAWN_WITHIN_S = 90.0
MAX_ANSWER_BYTES = 30_000_000
AT_ONCE = 2
PROMPT = "Avatar of a voice assistant, one subject, centred, no text: "


class _Drawn(BaseModel):
    b64_json: str


class _Answer(BaseModel):
    data: list[_Drawn] = Field(min_length=1)


class ImageGenerator:
    """Asks BACKEND_IMAGES_URL; off without one."""

    def __init__(self, settings: BackendSettings, client: AsyncClient) -> None:
        self._settings = settings
        self._client = client
        self._asked = 0

    @property
    def is_on(self) -> bool:
        return self._settings.images_url is not None

    async def draw(self, description: str) -> bytes:
        """A picture file, not to be trusted. Raises InvalidRequest when the generator refuses the
        description, Unavailable when there is none, or it fails."""
        if not self.is_on:
            raise Unavailable(
                "no image generator is set up: BACKEND_IMAGES_URL", code="image_generation_off"
            )
        if self._asked >= AT_ONCE:
            raise Unavailable(
                "other pictures are being drawn", code="image_busy", retry_after_s=10.0
            )
        self._asked += 1
        try:
            async with asyncio.timeout(DRAWN_WITHIN_S):
                return _picture(await self._ask(description))
        except TimeoutError:
            raise _failed(f"has not answered within {DRAWN_WITHIN_S:g} s") from None
        except (HTTPError, OSError) as exc:
            raise _failed("cannot be reached") from exc
        finally:
            self._asked -= 1

    async def _ask(self, description: str) -> bytes:
        key = self._settings.images_api_key
        headers = {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        async with self._client.stream(
            "POST",
            f"{(self._settings.images_url or '').rstrip('/')}/images/generations",
            json=self._wanted(description),
            headers=headers,
            timeout=DRAWN_WITHIN_S,
        ) as response:
            if response.status_code in (400, 422):
                raise InvalidRequest(
                    "the image generator does not draw that",
                    param="description",
                    code="image_refused",
                )
            if response.status_code != 200:
                raise _failed(f"answered {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise _failed("answered too much")
            return bytes(body)

    def _wanted(self, description: str) -> dict[str, object]:
        model = self._settings.images_model
        wanted: dict[str, object] = {
            "model": model,
            "prompt": PROMPT + description,
            "n": 1,
            "size": "1024x1024",
        }
        if not model.startswith("gpt-image"):  # it knows no other format, and refuses to be told
            wanted["response_format"] = "b64_json"
        return wanted


def _picture(body: bytes) -> bytes:
    try:
        return base64.b64decode(_Answer.model_validate_json(body).data[0].b64_json, validate=True)
    except (ValidationError, binascii.Error) as exc:
        raise _failed("answered something else") from exc


def _failed(how: str) -> Unavailable:
    return Unavailable(
        f"the image generator {how}", code="image_generator_failed", retry_after_s=5.0
    )
