"""GIF, WebP, AVIF and PNG, frame by frame."""

import io
import tracemalloc
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from PIL import GifImagePlugin, Image

from cyclegan.contract.errors import PictureError
from cyclegan.contract.images import Animation, Frame, Picture, load_picture, open_picture
from cyclegan.contract.saving import save_picture, write_picture
from tests.contract.pictures import encode, smooth

DURATIONS = [40, 120, 330, 70]


def frames(count: int = len(DURATIONS)) -> list[np.ndarray]:
    return [np.roll(smooth(24, 32), 8 * i, axis=1) for i in range(count)]


def moving(codec: str, **options: object) -> bytes:
    first, *rest = (Image.fromarray(rgb) for rgb in frames())
    return encode(
        first, codec, save_all=True, append_images=rest, duration=DURATIONS, quality=95, **options
    )


def read(source: bytes | Path) -> tuple[list[Frame], int]:
    with open_picture(source) as animation:
        assert isinstance(animation, Animation)
        return list(animation.frames), animation.plays


@pytest.mark.parametrize("codec", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("suffix", [".gif", ".webp", ".avif", ".png"])
def test_frames_and_their_timing_come_through(tmp_path: Path, codec: str, suffix: str) -> None:
    with open_picture(moving(codec, loop=0)) as animation:
        assert isinstance(animation, Animation)
        negative = animation.map(lambda picture: Picture(255 - picture.rgb))
        assert save_picture(negative, tmp_path / f"a{suffix}") == (24, 32)
    again, plays = read(tmp_path / f"a{suffix}")
    assert [frame.duration_ms for frame in again] == DURATIONS
    assert plays == 0
    for (picture, _), expected in zip(again, frames(), strict=True):
        assert np.abs(255.0 - picture.rgb - expected).mean() < 6  # 256 colours, twice


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".avif", ".png"])
def test_a_frame_that_reaches_beyond_a_gif_is_cut_off(tmp_path: Path, suffix: str) -> None:
    small, large = Image.new("P", (8, 9), 1), Image.new("P", (50, 60), 0)
    for image in (small, large):
        image.putpalette([0, 0, 0, 255, 0, 0])
    header, _ = GifImagePlugin.getheader(small, info={"duration": 100})
    parts = [GifImagePlugin.getdata(image, include_color_table=True) for image in (small, large)]
    with open_picture(b"".join(chain(header, *parts, [b";"]))) as animation:
        assert save_picture(animation, tmp_path / f"a{suffix}") == (9, 8)
    again, _ = read(tmp_path / f"a{suffix}")
    for (picture, _), red in zip(again, (255, 0), strict=True):
        assert picture.rgb.shape == (9, 8, 3)
        assert np.abs(picture.rgb.astype(int) - (red, 0, 0)).max() <= 4


@pytest.mark.parametrize("count", [255, 256, 257, 40_000])
def test_a_gif_keeps_256_colours_as_they_are_and_comes_near_more(
    tmp_path: Path, count: int
) -> None:
    random = np.random.default_rng(0)
    colours = random.choice(2**24, count, replace=False).astype(np.uint32)
    numbers = np.resize(colours, (200, 200))
    rgb = np.stack([numbers >> shift & 0xFF for shift in (16, 8, 0)], -1).astype(np.uint8)
    save_picture(Picture(rgb), tmp_path / "a.gif")
    error = np.abs(load_picture(tmp_path / "a.gif").rgb.astype(float) - rgb)
    if count <= 256:
        assert error.max() == 0
    else:
        assert 0 < error.mean() < 20  # of noise in all colours, which is the worst


@pytest.mark.parametrize(("codec", "options", "plays"), [
    ("GIF", {}, 1), ("GIF", {"loop": 0}, 0), ("GIF", {"loop": 2}, 3),
    ("WEBP", {"loop": 1}, 1), ("WEBP", {"loop": 0}, 0), ("WEBP", {"loop": 3}, 3),
    ("PNG", {"loop": 1}, 1), ("PNG", {"loop": 0}, 0), ("PNG", {"loop": 3}, 3),
])  # fmt: skip
@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_how_often_it_plays_comes_through(
    codec: str, options: dict[str, int], plays: int, suffix: str
) -> None:
    with open_picture(moving(codec, **options)) as animation:
        written = io.BytesIO()
        write_picture(animation, written, suffix)
    assert read(written.getvalue())[1] == plays


def test_what_is_played_more_often_than_a_format_can_say_is_played_as_often_as_it_can() -> None:
    most = {}
    for suffix in (".gif", ".webp", ".png"):
        with open_picture(moving("PNG", loop=100_000)) as animation:
            written = io.BytesIO()
            write_picture(animation, written, suffix)
        most[suffix] = read(written.getvalue())[1]
    assert most == {".gif": 65_536, ".webp": 65_535, ".png": 100_000}


def test_hundredths_of_seconds_lose_no_time(tmp_path: Path) -> None:
    frames = [Frame(Picture(smooth(4, 4 + 0 * i)), 33) for i in range(30)]
    save_picture(Animation(iter(frames), count=30, plays=0), tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        shown = []
        for i in range(30):
            image.seek(i)
            shown.append(image.info["duration"])
    assert sum(shown) == 990
    assert set(shown) == {30, 40}


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".avif", ".png"])
def test_what_is_transparent_stays_so(tmp_path: Path, suffix: str) -> None:
    corner = np.tri(16, dtype=np.uint8) * 255
    alphas = [corner, 255 - corner]
    source = (Frame(Picture(smooth(16, 16), alpha), 50) for alpha in alphas)
    save_picture(Animation(source, count=2, plays=0), tmp_path / f"a{suffix}")
    for (picture, _), alpha in zip(read(tmp_path / f"a{suffix}")[0], alphas, strict=True):
        np.testing.assert_array_equal(picture.alpha, alpha)
        assert np.abs(picture.rgb[alpha > 0] - smooth(16, 16)[alpha > 0].astype(int)).mean() < 6


def test_other_formats_take_the_first_frame(tmp_path: Path) -> None:
    for suffix in (".tif", ".jpg"):
        with open_picture(moving("WEBP")) as animation:
            save_picture(animation, tmp_path / f"a{suffix}")
        first = load_picture(tmp_path / f"a{suffix}").rgb
        assert np.abs(first.astype(int) - frames()[0]).mean() < 3


def test_a_still_picture_in_these_formats_is_a_picture() -> None:
    for codec in ("GIF", "WEBP", "AVIF", "PNG"):
        with open_picture(encode(Image.fromarray(smooth(8, 8)), codec)) as picture:
            assert isinstance(picture, Picture)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".avif", ".png"])
def test_memory_is_that_of_one_frame(tmp_path: Path, suffix: str) -> None:
    def frames() -> Iterator[Frame]:
        for i in range(40):
            yield Frame(Picture(np.full((200, 200, 3), i, np.uint8)), 20)

    tracemalloc.start()
    save_picture(Animation(frames(), count=40, plays=0), tmp_path / f"a{suffix}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 200 * 200 * 3  # all of them: 40


@pytest.mark.parametrize("codec", ["GIF", "PNG"])
def test_a_damaged_frame_leaves_no_file(tmp_path: Path, codec: str) -> None:
    with (
        pytest.raises(PictureError, match=r"^the picture is truncated or damaged"),
        open_picture(moving(codec)[:-100]) as animation,
    ):
        save_picture(animation, tmp_path / "a.webp")
    assert list(tmp_path.iterdir()) == []
