"""What a recipe makes of a picture, with models whose answer is known."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from app.recipe import Recipe
from app.rendering import Renderer, default_size
from app.store import Store
from app.translator import Pace, Translator
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import InputError, PictureError
from cyclegan.contract.files import sha256_of
from cyclegan.contract.images import Picture

Render = Callable[..., np.ndarray]


@pytest.fixture
def translator(weights_dir: Path, add_model) -> Callable[[str], Translator]:
    def load(operator: str) -> Translator:
        return Translator(weights_dir / "it.onnx", add_model(weights_dir, "it", operator), 1)

    return load


@pytest.fixture
def render(translator) -> Render:
    """A function `render(operator, rgb, **recipe)` -> rgb."""

    def run(operator: str, rgb: np.ndarray, **recipe: object) -> np.ndarray:
        return Renderer(translator(operator), Recipe(**recipe))(Picture(rgb)).rgb

    return run


def test_a_small_picture_is_seen_as_it_is(render: Render, noise) -> None:
    np.testing.assert_array_equal(render("Neg", noise(40, 70)), 255 - noise(40, 70))
    np.testing.assert_array_equal(render("Neg", noise(40, 70), size=70), 255 - noise(40, 70))


@pytest.mark.parametrize(("crop", "size"), [(64, 192), (128, 384), (256, 512), (640, 640)])
def test_a_model_sees_three_of_its_crops_within_reason(
    weights_dir: Path, add_model, crop: int, size: int
) -> None:
    assert default_size(add_model(weights_dir, "it", training_size=crop)) == size


def test_a_large_picture_is_seen_in_the_size_of_the_card(
    weights_dir: Path, add_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = add_model(weights_dir, "it", "Identity", training_size=16)
    model = Translator(weights_dir / "it.onnx", card, 1)
    seen: list[tuple[int, ...]] = []
    run = model.run
    monkeypatch.setattr(model, "run", lambda rgb, _: seen.append(rgb.shape) or run(rgb))
    picture = Picture(np.zeros((60, 120, 3), np.uint8))
    for size in ("auto", 30, "native", 500):
        Renderer(model, Recipe(size=size))(picture)
    assert seen == [(24, 48, 3), (15, 30, 3), (60, 120, 3), (60, 120, 3)]


def test_detail_that_the_network_did_not_see_stays(render: Render, noise) -> None:
    rgb = noise(300, 200)
    np.testing.assert_array_equal(render("Identity", rgb, size=16), rgb)
    blurred = render("Identity", rgb, size=16, detail="off")
    assert blurred.shape == rgb.shape
    assert blurred.std() < rgb.std() / 3
    np.testing.assert_array_equal(render("Identity", rgb, size=16, detail="auto"), rgb)
    even = np.full((300, 200, 3), 30, np.uint8)
    for detail in ("transfer", "off"):
        assert (render("Neg", even, size=16, detail=detail) == 225).all()


def test_a_card_says_how_its_model_is_shown_pictures(weights_dir: Path, add_model, noise) -> None:
    rgb = noise(300, 200)
    card = add_model(weights_dir, "it", "Identity", training_size=64)
    style = replace(card, default_size=16, default_detail="off")
    model = Translator(weights_dir / "it.onnx", style, 1)
    made = Renderer(model, Recipe())(Picture(rgb)).rgb
    asked = Renderer(model, Recipe(size=16, detail="off"))(Picture(rgb)).rgb
    np.testing.assert_array_equal(made, asked)
    assert made.std() < rgb.std() / 3
    unlike = Renderer(model, Recipe(size="native", detail="transfer"))(Picture(rgb)).rgb
    np.testing.assert_array_equal(unlike, rgb)


def test_a_model_knows_the_pace_of_pictures_in_the_size_that_is_best_for_it(
    weights_dir: Path, add_model, noise
) -> None:
    add_model(weights_dir, "it", default_size=48)
    store = Store(weights_dir)
    model, before = store.load("it"), store.stamp()
    Renderer(model, Recipe(size=32))(Picture(noise(60, 90)))
    Renderer(model, Recipe())(Picture(noise(20, 30)))
    assert (store.pace(model.card), store.stamp()) == (None, before)
    Renderer(model, Recipe())(Picture(noise(60, 90)))
    pace = store.pace(model.card)
    assert pace is not None
    assert (pace.width, pace.height) == (48, 32)
    assert pace.seconds > 0
    assert store.stamp() != before
    model.note(Pace(1e9, 48, 48))  # it waited for its turn
    assert store.pace(model.card) == pace
    model.note(Pace(1e-9, 48, 48))
    assert store.pace(model.card) == Pace(1e-9, 48, 48)


def test_strength_goes_from_the_picture_to_its_translation(render: Render, noise) -> None:
    rgb = noise(300, 20)
    np.testing.assert_array_equal(render("Neg", rgb, strength=0.0), rgb)
    half = render("Neg", rgb, strength=0.5)
    assert set(np.unique(half)) == {128}  # 127.5 rounded up, whatever v is


def test_colours_can_be_kept(render: Render) -> None:
    rgb = np.full((4, 4, 3), [200, 100, 50], np.uint8)
    luma = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    expected = np.array([200, 100, 50]) + (255 - 2 * luma)
    got = render("Neg", rgb, keep_colors=True)
    np.testing.assert_allclose(got[0, 0], np.clip(expected, 0, 255), atol=0.5)


@pytest.mark.parametrize("size", ["native", 64])
def test_outside_a_mask_the_picture_is_untouched(
    render: Render, noise, tmp_path: Path, size: int | str
) -> None:
    rgb = noise(300, 200)
    mask = np.zeros((300, 200), np.uint8)
    mask[100:200, 50:150] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    got = render("Neg", rgb, size=size, mask=tmp_path / "mask.png")
    np.testing.assert_array_equal(got[mask == 0], rgb[mask == 0])
    if size == "native":
        np.testing.assert_array_equal(got[110:190, 60:140], 255 - rgb[110:190, 60:140])
    # What is transparent in a mask is outside, and a smaller one is enlarged.
    small = np.full((150, 100, 4), 255, np.uint8)
    small[..., 3] = 0
    small[50:100, 25:75, 3] = 255
    Image.fromarray(small).save(tmp_path / "mask.png")
    got = render("Neg", rgb, size=size, mask=tmp_path / "mask.png")
    np.testing.assert_array_equal(got[:98], rgb[:98])
    assert (got[120:180, 70:130] != rgb[120:180, 70:130]).mean() > 0.9


def test_a_mask_of_other_proportions_and_one_that_is_none_are_refused(
    render: Render, noise, tmp_path: Path
) -> None:
    Image.new("L", (20, 30)).save(tmp_path / "mask.png")
    with pytest.raises(PictureError, match="mask has 20 x 30 pixels, the picture 30 x 30; both"):
        render("Neg", noise(30, 30), mask=tmp_path / "mask.png")
    (tmp_path / "mask.png").write_text("no picture")
    with pytest.raises(PictureError, match=r"mask\.png is not a picture that can be read"):
        render("Neg", noise(30, 30), mask=tmp_path / "mask.png")


def test_a_model_without_a_mask_says_so(render: Render, noise) -> None:
    with pytest.raises(InputError, match="it has no mask of its own; give the file of a mask"):
        render("Neg", noise(4, 4), mask="model")


def add_mask(folder: Path, card: ModelCard) -> ModelCard:
    """Give a model a mask: its red channel from the middle on, black where that is dark."""
    path = folder / card.file
    model = onnx.load(path)
    constants = {"starts": [0], "ends": [1], "axes": [1]}
    for name, value in constants.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(value), name))
    nodes = [
        onnx.helper.make_node("Slice", ["picture", *constants], ["red"]),
        onnx.helper.make_node("Relu", ["red"], ["mask"]),
    ]
    model.graph.node.extend(nodes)
    shape = [1, 1, "height", "width"]
    model.graph.output.append(
        onnx.helper.make_tensor_value_info("mask", onnx.TensorProto.FLOAT, shape)
    )
    onnx.save(model, path)
    return replace(card, mask_name="mask", sha256=sha256_of(path), bytes=path.stat().st_size)


@pytest.mark.parametrize("tile_size", [2048, 16])
def test_the_mask_of_a_model_can_be_used(
    weights_dir: Path, add_model, noise, tile_size: int
) -> None:
    card = add_mask(weights_dir, add_model(weights_dir, "it", receptive_field=8, tiling="exact"))
    model = Translator(weights_dir / "it.onnx", card, 1)
    model.tile_size = tile_size
    rgb = noise(33, 47)
    expected = np.clip(rgb[..., 0] / 127.5 - 1, 0, 1)
    translated, mask = model.run_with_mask(rgb)
    np.testing.assert_array_equal(translated, 255 - rgb)
    np.testing.assert_allclose(mask, expected, atol=1e-6)
    got = Renderer(model, Recipe(mask="model"))(Picture(rgb)).rgb
    np.testing.assert_array_equal(got[expected == 0], rgb[expected == 0])
    np.testing.assert_array_equal(got[expected > 0.1], 255 - rgb[expected > 0.1])
    for size in (16, 24):
        large = Renderer(model, Recipe(mask="model", size=size))(Picture(np.zeros_like(rgb))).rgb
        assert large.max() == 0


_HUNGRY = """
import resource, sys
from pathlib import Path
import numpy as np
from app.recipe import Recipe
from app.rendering import Renderer
from app.store import Store
from cyclegan.contract.errors import PictureError
from cyclegan.contract.images import Picture

renderer = Renderer(Store(Path(sys.argv[1])).load("negate"), Recipe(size="native"))
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
picture = Picture(np.zeros((3000, 3000, 3), np.uint8))  # 103 MiB as the network sees it
for mib in (80, 180):  # not enough for that, and not for what it answers
    resource.setrlimit(resource.RLIMIT_AS, (held + mib * 2**20, -1))
    try:
        renderer(picture)
    except PictureError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does")
def test_a_picture_that_needs_more_memory_than_there_is_is_refused(weights_dir: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _HUNGRY, weights_dir], capture_output=True, text=True, check=True
    )
    sentence = "the picture needs more memory than there is; make it smaller"
    assert ran.stdout.splitlines() == [sentence] * 2
