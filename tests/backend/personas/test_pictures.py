"""What comes out of `made_safe`, and what is refused."""

import io
import struct
import zlib

import pytest
from PIL import Image

from backend.personas.pictures import MAX_PIXELS, Pictures, safe_picture
from chassis.errors import InvalidRequest
from tests.backend.personas.pictures import SECRET, picture_file


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(safe_picture(data, "body").image))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_kind_becomes_the_same_small_square(kind: str) -> None:
    picture = opened(picture_file((900, 300), kind=kind))
    assert (picture.format, picture.size) == ("WEBP", (512, 512))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_nothing_but_the_pixels_is_kept(kind: str) -> None:
    data = picture_file(kind=kind)
    assert SECRET.encode() in data
    safe = safe_picture(data, "body")
    assert SECRET.encode() not in safe.image
    picture = opened(data)
    assert not picture.getexif()
    assert "icc_profile" not in picture.info


def test_a_picture_taken_sideways_is_turned_upright() -> None:
    # Blue is on the left of the file; 6 says that its left edge is the top of the scene.
    picture = opened(picture_file((400, 200), kind="JPEG", orientation=6)).convert("RGB")
    top, bottom = picture.getpixel((256, 20)), picture.getpixel((256, 490))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[2] > 200
    assert bottom[0] > 200


def test_transparency_stays() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(file, "PNG")
    assert opened(file.getvalue()).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_the_same_picture_has_the_same_name() -> None:
    one, other = (safe_picture(picture_file(colour=c), "body").digest for c in ("red", "green"))
    assert one == safe_picture(picture_file(colour="red"), "body").digest
    assert one != other


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 60,000 by 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def scans() -> bytes:
    data = picture_file(kind="JPEG")
    return data[:-2] + b"\xff\xda" * 200 + data[-2:]


def cut_metadata(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, kind, exif=b"II*\0")
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"BM" + bytes(100),
        picture_file()[:60],
        picture_file(kind="JPEG")[:200],
        bomb(),
        scans(),
        cut_metadata("PNG"),
        cut_metadata("WEBP"),
    ],
    ids=[
        *("empty", "cut", "svg", "bmp", "cut_png", "cut_jpeg", "bomb", "scans"),
        *("cut_metadata_png", "cut_metadata_webp"),
    ],
)
def test_what_is_no_sound_picture_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        safe_picture(data, "body")
    assert refused.value.error_code == "image_refused"
    assert refused.value.param == "body"


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_too_many_pixels_are_refused_unseen() -> None:
    file = io.BytesIO()
    Image.new("1", (6_000, MAX_PIXELS // 6_000 + 1)).save(file, "PNG")
    with pytest.raises(InvalidRequest, match="megapixels"):
        safe_picture(file.getvalue(), "body")


async def test_pictures_are_made_off_the_event_loop() -> None:
    async with Pictures() as pictures:
        made = await pictures.made_safe(picture_file(), param="body")
    assert made.content_type == "image/webp"
