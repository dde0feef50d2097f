"""Pillow's modes of pixels -> the few that are translated. Colours are converted in images.py."""

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from cyclegan.contract.errors import PictureError


def to_8_bits(image: Image.Image) -> Image.Image:
    """Palettes, bits, 16-bit greys and premultiplied alpha -> one of L, RGB, CMYK, RGBA."""
    if image.mode.startswith("I;16"):
        # v / 257 rounded: 65535 -> 255. Pillow's own conversion clips everything above 255.
        grey = np.asarray(image).astype(np.uint32)
        picture = Image.fromarray(((grey + 128) // 257).astype(np.uint8))
        clear = image.info.get("transparency")  # of a PNG: the one grey that is not opaque
        if clear is None:
            return picture
        picture.putalpha(Image.fromarray(grey != clear))
        return picture.convert("RGBA")
    if image.mode in ("I", "F"):
        raise PictureError(
            "has signed or 32-bit samples, of unknown range; save it with 8 or 16 unsigned bits"
        )
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "CMYK") else image.convert("RGB")


def mend_clear_colour(image: PngImageFile) -> None:
    """Give the one colour that is not opaque as many bits as pixels are read with: 8 a channel.

    Pillow leaves it as it is in the file. Of 16 bits, as of the pixels, the upper 8 remain.
    """
    clear, rawmode = image.info.get("transparency"), image.tile[0].args if image.tile else None
    if rawmode == "RGB;16B" and isinstance(clear, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    elif rawmode in ("L;2", "L;4") and isinstance(clear, int):
        image.info["transparency"] = clear * (85 if rawmode == "L;2" else 17)
