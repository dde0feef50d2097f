"""Which pictures are like others, on landscapes made by chance: bluish sky, greenish ground."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cyclegan.contract.card import Looks, ModelCard
from cyclegan.contract.images import load_picture
from cyclegan.contract.looks import (
    MEASURES,
    MIN_LOOKS_PICTURES,
    describe,
    describe_folder,
    find_difference,
    measure,
)

RGB = NDArray[np.uint8]
ROOT = Path(__file__).parents[2]


def landscape(random: np.random.Generator) -> RGB:
    colours = np.array([[[90, 120, 180]], [[80, 110, 60]]]) + random.normal(0, 15, (2, 3, 3))
    hazy = np.clip(colours, 0, 255).astype(np.uint8)
    smooth = np.asarray(Image.fromarray(hazy).resize((48, 32), Image.Resampling.BICUBIC))
    grain = random.normal(0, random.uniform(4, 16), (32, 48, 1))
    rough = smooth * random.uniform(0.6, 1.2) + grain + random.normal(0, 2, (32, 48, 3))
    return np.clip(rough, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def landscapes() -> Sequence[RGB]:
    random = np.random.default_rng(0)
    return [landscape(random) for _ in range(2 * MIN_LOOKS_PICTURES)]


@pytest.fixture(scope="module")
def looks(landscapes: Sequence[RGB]) -> Looks:
    found = describe(landscapes[:MIN_LOOKS_PICTURES], "landscapes")
    assert found
    return found


def grey(rgb: RGB) -> RGB:
    return np.asarray(Image.fromarray(rgb).convert("L").convert("RGB"))


def towards(colour: tuple[int, int, int]) -> Callable[[RGB], RGB]:
    return lambda rgb: (0.6 * rgb + 0.4 * np.array(colour)).astype(np.uint8)


def chequered(rgb: RGB) -> RGB:
    is_dark = np.indices(rgb.shape[:2]).sum(0) % 2 == 1
    return np.where(is_dark[..., None], rgb // 2, rgb)


def test_others_of_the_kind_are_like_them(looks: Looks, landscapes: Sequence[RGB]) -> None:
    assert looks.pictures == f"{MIN_LOOKS_PICTURES} pictures of landscapes"
    found = [find_difference(looks, rgb) for rgb in landscapes[MIN_LOOKS_PICTURES:]]
    assert len([way for way in found if way]) <= 0.05 * len(found)  # 0.01, and chance


@pytest.mark.parametrize(
    ("change", "way"),
    [
        (grey, "greyer"),
        (lambda rgb: np.maximum(rgb, 75) - 75, "darker"),
        (lambda rgb: np.minimum(rgb, 135) + 120, "brighter"),
        (lambda rgb: rgb.mean((0, 1), keepdims=True).astype(np.uint8) + rgb // 50, "flatter"),
        (chequered, "finer"),
        (towards((200, 80, 60)), "redder"),
        (towards((60, 60, 255)), "bluer"),
    ],
)
def test_what_is_unlike_is_told_in_which_way(
    looks: Looks, landscapes: Sequence[RGB], change: Callable[[RGB], RGB], way: str
) -> None:
    found = [find_difference(looks, change(rgb)) for rgb in landscapes[-20:]]
    assert found.count(way) >= 12  # type: ignore[arg-type]
    assert None not in found


def test_the_size_of_a_picture_changes_little(landscapes: Sequence[RGB]) -> None:
    image = Image.fromarray(landscapes[0]).resize((256, 170))
    large = np.asarray(image.resize((2048, 1360), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(measure(large), measure(np.asarray(image)), atol=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (3, 2)])
def test_the_smallest_pictures_have_measures(size: tuple[int, int]) -> None:
    assert np.isfinite(measure(np.zeros((*size, 3), np.uint8))).all()


def test_colour_is_unlike_pictures_that_all_have_none(landscapes: Sequence[RGB]) -> None:
    looks = describe([grey(rgb) for rgb in landscapes], "grey")
    assert looks
    assert find_difference(looks, grey(landscapes[0])) is None
    assert find_difference(looks, landscapes[0]) is not None


def test_measures_of_another_version_say_nothing(looks: Looks) -> None:
    others = Looks(looks.pictures, ("warmth",), (0.0,), (1.0,), ((1.0,),), limit=0.1)
    assert find_difference(others, np.zeros((9, 9, 3), np.uint8)) is None
    assert looks.measures == tuple(MEASURES)


def test_a_folder_is_described_without_what_cannot_be_read(
    tmp_path: Path, landscapes: Sequence[RGB], caplog: pytest.LogCaptureFixture
) -> None:
    for sub in ("sub0", "sub1"):
        (tmp_path / "train" / sub).mkdir(parents=True)
    for number, rgb in enumerate(landscapes[:MIN_LOOKS_PICTURES]):
        Image.fromarray(rgb).save(tmp_path / "train" / f"sub{number % 2}" / f"{number}.png")
    (tmp_path / "train" / "bad.png").write_text("no picture")
    found = describe_folder(tmp_path / "train")
    assert found
    assert found.pictures == f"{MIN_LOOKS_PICTURES} pictures of train"
    assert "bad.png" in caplog.text
    (tmp_path / "train" / "sub0" / "0.png").unlink()
    assert describe_folder(tmp_path / "train") is None


def test_a_bundled_card_knows_photos_from_grey_dark_and_drawn_ones() -> None:
    looks = ModelCard.read(ROOT / "weights" / "horse2zebra.json").looks
    assert looks
    cat = load_picture(ROOT / "app/web/examples/cat.jpg").rgb
    drawing = np.full((90, 120, 3), 255, np.uint8)
    drawing[30:60, 40:80] = 200, 30, 30
    assert find_difference(looks, cat) is None
    assert find_difference(looks, grey(cat)) == "greyer"
    assert find_difference(looks, cat // 8) in ("darker", "fainter")
    assert find_difference(looks, drawing) is not None
