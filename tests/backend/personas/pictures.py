"""Picture files for tests."""

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

SECRET = "shot at 48.8584 N, 2.2945 E"


def picture_file(
    size: tuple[int, int] = (64, 48),
    *,
    kind: str = "PNG",
    colour: str = "red",
    orientation: int = 1,
) -> bytes:
    """One colour, a blue left edge, and metadata that must not be kept."""
    image = Image.new("RGB", size, colour)
    image.paste((0, 0, 255), (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = SECRET
    about = PngInfo()
    about.add_text("Comment", SECRET)
    file = io.BytesIO()
    if kind == "PNG":
        image.save(file, kind, pnginfo=about)
    else:
        image.save(file, kind, exif=exif)
    return file.getvalue()
