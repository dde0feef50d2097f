"""The negate model must give exactly 255 - v, whatever the picture's size."""

import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest

from app.store import Store
from app.translator import Translator
from cyclegan.contract.errors import ModelError
from cyclegan.contract.images import Picture


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (37, 53), (64, 64), (301, 200)])
def test_negate_gives_exactly_255_minus_v(weights_dir: Path, size: tuple[int, int]) -> None:
    rgb = noise(*size)
    translated = Store(weights_dir).load("negate").run(rgb)
    np.testing.assert_array_equal(translated, 255 - rgb)


def test_a_second_output_leaves_the_picture_alone(weights_dir: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="models are generated with onnx (extra: train)")
    model = onnx.load(weights_dir / "negate.onnx")
    model.graph.node.append(onnx.helper.make_node("Abs", ["picture"], ["mask"]))
    mask = onnx.helper.make_tensor_value_info("mask", 1, [1, 3, "height", "width"])
    model.graph.output.insert(0, mask)  # before the picture: outputs go by name
    onnx.save(model, weights_dir / "masked.onnx")
    card = dataclasses.replace(Store(weights_dir).card("negate"), mask_name="mask")
    rgb = noise(37, 53)
    np.testing.assert_array_equal(Translator(weights_dir / "masked.onnx", card).run(rgb), 255 - rgb)


def test_alpha_and_metadata_are_kept(weights_dir: Path) -> None:
    picture = Picture(noise(5, 7), np.arange(35, dtype=np.uint8).reshape(5, 7), b"Exif\0\0")
    translated = Store(weights_dir).load("negate").translate(picture)
    assert translated.alpha is picture.alpha
    assert translated.metadata == picture.metadata


def test_threads_share_one_translator(weights_dir: Path) -> None:
    translator = Store(weights_dir).load("negate")
    pictures = [noise(10 + i, 20 - i) for i in range(8)]
    wrong: list[int] = []

    def translate(i: int) -> None:
        for _ in range(20):
            if not np.array_equal(translator.run(pictures[i]), 255 - pictures[i]):
                wrong.append(i)

    threads = [threading.Thread(target=translate, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_file_that_is_no_model_is_a_model_error(weights_dir: Path) -> None:
    card = Store(weights_dir).card("negate")
    path = weights_dir / "negate.onnx"
    path.write_bytes(b"no model" * 100)
    with pytest.raises(ModelError, match=r"negate\.onnx cannot be loaded: .+"):
        Translator(path, card)


def test_tensor_names_other_than_the_cards_are_refused(weights_dir: Path) -> None:
    card = dataclasses.replace(Store(weights_dir).card("negate"), output_name="zebra")
    with pytest.raises(ModelError, match='no output "zebra" as its card says, but translation'):
        Translator(weights_dir / "negate.onnx", card)


def test_nan_is_refused_not_painted(tmp_path: Path, add_model) -> None:
    card = add_model(tmp_path, "log", operator="Log")  # of values down to -1
    with pytest.raises(ModelError, match="NaN or infinite"):
        Translator(tmp_path / card.file, card).run(noise(8, 8))
