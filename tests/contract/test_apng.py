"""Animated PNG: what Pillow's reader and writer would do otherwise."""

import io
import struct
import time
from itertools import count

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.PngImagePlugin import Blend, Disposal, PngInfo, getchunks, putchunk

from cyclegan.contract.errors import PictureError
from cyclegan.contract.images import Animation, Frame, Picture, load_picture, open_picture
from cyclegan.contract.saving import write_picture
from tests.contract.pictures import Array, noise, smooth
from tests.contract.test_animation import read

NOTHING = (0, 0, 0, 0)
RED, GREEN, HALF_BLUE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 128)
KEEP, CLEAR, BACK = Disposal.OP_NONE, Disposal.OP_BACKGROUND, Disposal.OP_PREVIOUS

Part = tuple[Image.Image, tuple[int, int], Disposal, Blend]  # and where its upper left corner is


def part(
    colour: tuple[int, ...], box: tuple[int, int, int, int], disposal: Disposal = KEEP,
    *, over: bool = False, mode: str = "RGBA",
) -> Part:  # fmt: skip
    size = box[2] - box[0], box[3] - box[1]
    return (
        Image.new(mode, size, colour),
        box[:2],
        disposal,
        Blend.OP_OVER if over else Blend.OP_SOURCE,
    )


def apng(*parts: Part, still: Image.Image | None = None, said_last: PngInfo | None = None) -> bytes:
    """A file of these frames; where there is a still, that is what other programs show."""
    file, numbers = io.BytesIO(b"\x89PNG\r\n\x1a\n"), count()
    file.seek(8)
    header = getchunks(still or parts[0][0])
    for kind, data, _ in header:
        if kind not in (b"IDAT", b"IEND"):
            putchunk(file, kind, data)
    putchunk(file, b"acTL", struct.pack(">II", len(parts), 0))
    if still:
        putchunk(file, b"IDAT", *(data for kind, data, _ in header if kind == b"IDAT"))
    for place, (image, corner, disposal, blend) in enumerate(parts):
        control = struct.pack(
            ">IIIIIHHBB", next(numbers), *image.size, *corner, place + 1, 30, disposal, blend
        )
        putchunk(file, b"fcTL", control)
        pixels = b"".join(data for kind, data, _ in getchunks(image) if kind == b"IDAT")
        if place == 0 and not still:
            putchunk(file, b"IDAT", pixels)
        else:
            for half in (pixels[:9], pixels[9:]):
                putchunk(file, b"fdAT", struct.pack(">I", next(numbers)), half)
    for kind, data, *_ in said_last.chunks if said_last else ():
        putchunk(file, kind, data)
    putchunk(file, b"IEND")
    return file.getvalue()


def corners(frame: Frame) -> list[tuple[int, ...]]:
    """The colours in the upper left, upper right and lower right of a picture of 8 x 8."""
    picture = frame.picture
    alpha = np.full((8, 8), 255, np.uint8) if picture.alpha is None else picture.alpha
    rgba: Array = np.dstack([picture.rgb, alpha])
    return [tuple(int(v) for v in rgba[at]) for at in ((0, 0), (0, 7), (7, 7))]


def written(animation: Animation, suffix: str = ".png") -> bytes:
    file = io.BytesIO()
    write_picture(animation, file, suffix)
    return file.getvalue()


def test_frames_are_exact_and_as_many_as_before() -> None:
    pictures = [noise(9, 7), noise(9, 7), smooth(9, 7)]  # of which two are alike
    frames = (Frame(Picture(rgb), 100 * i) for i, rgb in enumerate(pictures))
    file = written(Animation(frames, count=3, plays=5, has_alpha=False))
    with open_picture(file) as animation:
        assert isinstance(animation, Animation)
        assert not animation.has_alpha
        negative = animation.map(lambda picture: Picture(255 - picture.rgb, picture.alpha))
        again, plays = read(written(negative))
    assert plays == 5
    assert [frame.duration_ms for frame in again] == [0, 100, 200]
    for (picture, _), rgb in zip(again, pictures, strict=True):
        np.testing.assert_array_equal(picture.rgb, 255 - rgb)
        assert picture.alpha is None


def test_what_knows_no_animation_shows_the_first_frame() -> None:
    frames = (Frame(Picture(rgb), 50) for rgb in (smooth(8, 8), noise(8, 8)))
    file = written(Animation(frames, count=2, plays=0))
    with Image.open(io.BytesIO(file)) as image:
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), smooth(8, 8))
    np.testing.assert_array_equal(load_picture(file).rgb, smooth(8, 8))


WHOLE, LEFT, RIGHT = (0, 0, 8, 8), (0, 0, 4, 8), (4, 0, 8, 4)


# By hand, after 11.3.4.2 of the specification: what is at three corners after each frame.
@pytest.mark.parametrize(("parts", "expected"), [
    ([part(RED, WHOLE), part(GREEN, LEFT), part(HALF_BLUE, RIGHT)],
     [[RED, RED, RED], [GREEN, RED, RED], [GREEN, HALF_BLUE, RED]]),
    ([part(RED, WHOLE), part(HALF_BLUE, LEFT, over=True)],
     [[RED, RED, RED], [(127, 0, 128, 255), RED, RED]]),
    ([part(RED, WHOLE), part(GREEN, LEFT, CLEAR), part(HALF_BLUE, RIGHT, over=True)],
     [[RED, RED, RED], [GREEN, RED, RED], [NOTHING, (127, 0, 128, 255), RED]]),
    ([part(RED, WHOLE), part(GREEN, LEFT, BACK), part(GREEN, RIGHT)],
     [[RED, RED, RED], [GREEN, RED, RED], [RED, GREEN, RED]]),
    ([part(RED, WHOLE, BACK), part(GREEN, LEFT)],
     [[RED, RED, RED], [GREEN, NOTHING, NOTHING]]),
    # Frames that are opaque leave holes, too.
    ([part(RED[:3], WHOLE, CLEAR, mode="RGB"), part(GREEN[:3], LEFT, mode="RGB")],
     [[RED, RED, RED], [GREEN, NOTHING, NOTHING]]),
], ids=["source", "over", "cleared", "back", "back-to-nothing", "opaque"])  # fmt: skip
def test_frames_are_drawn_over_each_other(
    parts: list[Part], expected: list[list[tuple[int, ...]]]
) -> None:
    frames, _ = read(apng(*parts))
    assert [corners(frame) for frame in frames] == expected


def test_a_picture_that_is_no_frame_is_not_in_the_animation() -> None:
    still = Image.new("RGBA", (8, 8), RED)
    file = apng(part(GREEN, LEFT), part(HALF_BLUE, RIGHT, over=True), still=still)
    frames, _ = read(file)
    shown = [[GREEN, NOTHING, NOTHING], [GREEN, HALF_BLUE, NOTHING]]
    assert [corners(frame) for frame in frames] == shown
    assert corners(Frame(load_picture(file), 0)) == shown[0]
    with open_picture(apng(part(GREEN, LEFT), still=still)) as alone:
        assert isinstance(alone, Picture)
        assert corners(Frame(alone, 0)) == shown[0]


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "LA"])
def test_frames_of_every_mode_are_read(mode: str) -> None:
    grey = np.tri(8, dtype=np.uint8) * 255
    if mode == "I;16":
        images = [Image.fromarray(each.astype(np.uint16) * 257) for each in (grey, 255 - grey)]
    else:
        images = [Image.fromarray(each).convert(mode) for each in (grey, 255 - grey)]
    frames, _ = read(apng(*((image, (0, 0), KEEP, Blend.OP_SOURCE) for image in images)))
    for (picture, _), expected in zip(frames, (grey, 255 - grey), strict=True):
        np.testing.assert_array_equal(picture.rgb, np.dstack([expected] * 3))
        assert (picture.alpha is None) == (mode != "LA")


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".gif"])
def test_thirtieths_of_seconds_lose_no_time(suffix: str) -> None:
    frames = (Frame(Picture(np.roll(noise(8, 8), i, 0)), 1000 / 30) for i in range(30))
    again, _ = read(written(Animation(frames, count=30, plays=0), suffix))
    assert sum(frame.duration_ms for frame in again) == pytest.approx(1000)
    if suffix == ".png":
        assert {frame.duration_ms for frame in again} == {1000 / 30}


def test_long_durations_are_as_near_as_16_bits_come() -> None:
    longs = [65_535, 65_537, 70_001, 3_600_500, 10**9]  # ms
    frames = (Frame(Picture(noise(2, 2)), ms) for ms in longs)
    again, _ = read(written(Animation(frames, count=len(longs), plays=0)))
    for (_, is_ms), ms in zip(again, longs, strict=True):
        assert is_ms == pytest.approx(min(ms, 65_535_000), rel=2e-5)


def test_what_a_file_says_is_kept_wherever_it_stands() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    last = PngInfo()
    last.add_text("Title", "A horse")
    last.add(b"eXIf", exif.tobytes()[6:])
    file = apng(part(RED, WHOLE), part(GREEN, WHOLE), said_last=last)
    with open_picture(file) as animation:
        assert isinstance(animation, Animation)
        again = written(animation)
    with Image.open(io.BytesIO(again)) as image:
        assert image.info["Title"] == "A horse"
        assert image.getexif()[ExifTags.Base.Artist] == "Ada"
        assert image.n_frames == 2


def test_a_frame_that_is_missing_or_out_of_place_is_named() -> None:
    whole = apng(part(RED, WHOLE), part(GREEN, WHOLE), part(RED, WHOLE))
    second = whole.index(b"fcTL", whole.index(b"fcTL") + 4) - 4
    third = whole.index(b"fcTL", second + 8) - 4
    no_room = apng(part(RED, WHOLE), part(GREEN, (4, 4, 12, 12)))
    damaged = [
        (whole[:third], "frame 3 of 3 is not there"),  # cut off between two frames
        (whole[:second] + whole[third:], "frame 2 of 3 is not there"),
        (no_room, "frame 2 of 2 is not there"),
    ]
    for file, sentence in damaged:
        np.testing.assert_array_equal(load_picture(file).rgb[0, 0], RED[:3])
        with pytest.raises(PictureError, match=rf"truncated or damaged \({sentence}"):
            read(file)


def test_size_is_refused_before_a_frame_is_decoded() -> None:
    file = apng(part(RED, WHOLE), part(GREEN, WHOLE))
    with pytest.raises(PictureError, match="8 x 8 pixels"), open_picture(file, max_pixels=63):
        pass


def test_a_header_alone_takes_no_memory() -> None:
    side = 20_000
    bomb = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    bomb.seek(8)
    putchunk(bomb, b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0))
    putchunk(bomb, b"acTL", struct.pack(">II", 2, 0))
    putchunk(bomb, b"fcTL", struct.pack(">IIIIIHHBB", 0, side, side, 0, 0, 1, 30, KEEP, 0))
    putchunk(bomb, b"IDAT", b"")
    started = time.process_time()
    with pytest.raises(PictureError, match="20000 x 20000 pixels, the limit is 100 megapixels"):
        load_picture(bomb.getvalue())
    assert time.process_time() - started < 0.2  # to make room for a frame takes 2 s, and 1.5 GB
