"""Pictures made safe to show: decoded within bounds, cropped, re-encoded, metadata left behind."""

import asyncio
import hashlib
import io
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from PIL import Image, ImageOps, UnidentifiedImageError

from chassis.errors import InvalidRequest, Unavailable

MAX_BYTES = 5_000_000
MAX_PIXELS = 25_000_000  # 100 MB decoded; one is decoded at a time
MAX_SCANS = 100  # a progressive JPEG of thousands takes minutes, however small it is
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
SIZE_PX = 512
QUALITY = 85
CONTENT_TYPE = "image/webp"
READY_WITHIN_S = 10.0
MAX_WAITING = 8
DAMAGED = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError, MemoryError),
    struct.error,  # of metadata that end too soon
)

# Beneath our own limit too, for what a decoder allocates before it tells a size.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A square WebP of SIZE_PX; `digest` names its content."""

    image: bytes
    digest: str
    content_type: str = CONTENT_TYPE


class Pictures:
    """Enter it for the service's life. One thread: what decoding may take is bounded by it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")
        self._waiting = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def made_safe(self, data: bytes, *, param: str) -> Picture:
        """Raises InvalidRequest naming `param` for what is no picture, Unavailable when busy."""
        if self._waiting >= MAX_WAITING:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._thread, safe_picture, data, param)
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting -= 1


def safe_picture(data: bytes, param: str) -> Picture:
    """Blocks. Raises InvalidRequest."""
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > MAX_SCANS:
        raise _refused("has too many scans", param)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _refused(f"has more than {MAX_PIXELS // 1_000_000} megapixels", param)
            image = _webp(picture)
    except UnidentifiedImageError:
        raise _refused("is no PNG, JPEG, WebP or GIF", param) from None
    except Image.DecompressionBombError:
        raise _refused(f"has more than {MAX_PIXELS // 1_000_000} megapixels", param) from None
    except DAMAGED:
        raise _refused("is damaged", param) from None
    return Picture(image=image, digest=hashlib.sha256(image).hexdigest())


def _webp(picture: Image.Image) -> bytes:
    """The middle square of its first frame. Scaled before it is turned: then it is small."""
    orientation = picture.getexif().get(0x0112, 1)
    picture.draft("RGB", (SIZE_PX, SIZE_PX))  # JPEG alone: decodes fewer pixels
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    plain = picture.convert("RGBA" if clear else "RGB")
    square = ImageOps.fit(plain, (SIZE_PX, SIZE_PX), Image.Resampling.LANCZOS)
    bare = Image.new(square.mode, square.size)
    bare.paste(square)
    if orientation in TURNS:
        bare = bare.transpose(TURNS[orientation])
    file = io.BytesIO()
    bare.save(file, "WEBP", quality=QUALITY, method=4)
    return file.getvalue()


TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _refused(what: str, param: str) -> InvalidRequest:
    return InvalidRequest(f"the picture {what}", param=param, code="image_refused")


def _busy() -> Unavailable:
    return Unavailable("too many pictures at once", code="image_busy", retry_after_s=5.0)
