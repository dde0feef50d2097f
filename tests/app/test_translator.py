"""The negate model must give exactly 255 - v, whatever the picture's size."""

import dataclasses
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.store import Store
from app.translator import Translator
from cyclegan.contract.errors import ModelError
from cyclegan.contract.folder import default_folder
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


@pytest.mark.parametrize("folder", [".", "fp32"])
def test_side_by_side_small_pictures_come_out_as_they_do_alone(folder: str) -> None:
    store = Store(default_folder() / folder)
    name = "horse2zebra"
    translator = Translator(store.folder / f"{name}.onnx", store.card(name), threads=2)
    pictures = [noise(48 + 16 * i, 90 - 5 * i) for i in range(6)]
    alone = [translator.run(each) for each in pictures]
    with ThreadPoolExecutor(4) as workers:
        together = list(workers.map(translator.run, pictures * 3))
    assert translator._narrow is not None
    for one, other in zip(alone * 3, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_small_picture_does_not_wait_for_another(weights_dir: Path) -> None:
    card = Store(weights_dir).card("negate")
    translator = Translator(weights_dir / "negate.onnx", card, threads=2)
    with translator._place(10**8), ThreadPoolExecutor(1) as workers:  # one that takes its time
        small = workers.submit(translator.run, noise(20, 30))
        np.testing.assert_array_equal(small.result(timeout=60), 255 - noise(20, 30))


def test_no_second_session_is_made_of_a_file_that_was_replaced(
    weights_dir: Path, add_model
) -> None:
    translator = Translator(
        weights_dir / "negate.onnx", Store(weights_dir).card("negate"), threads=2
    )
    add_model(weights_dir, "negate", operator="Abs")
    with translator._place(10**8):
        assert translator._find_narrow() is None
    with ThreadPoolExecutor(4) as workers:
        for translated in workers.map(translator.run, [noise(20, 30)] * 20):
            np.testing.assert_array_equal(translated, 255 - noise(20, 30))


def test_no_picture_fails_where_no_second_session_can_be_had(
    weights_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = weights_dir / "negate.onnx"
    translator = Translator(path, Store(weights_dir).card("negate"), threads=2)
    there = path.stat()
    path.write_bytes(b"?" * there.st_size)
    os.utime(path, ns=(there.st_atime_ns, there.st_mtime_ns))
    with ThreadPoolExecutor(4) as workers:
        with translator._place(10**8):
            small = [workers.submit(translator.run, noise(20, 30)) for _ in range(4)]
            while translator._present < 5:
                time.sleep(0.001)
        for each in small:
            np.testing.assert_array_equal(each.result(), 255 - noise(20, 30))
    assert translator._present == 0
    assert len(caplog.messages) == 1  # it is not tried for each picture


def test_no_second_session_is_made_of_a_file_in_the_place_of_the_content(
    weights_dir: Path, add_model
) -> None:
    path, card = weights_dir / "negate.onnx", Store(weights_dir).card("negate")
    content = path.read_bytes()
    add_model(weights_dir, "negate", operator="Abs")  # on another machine, before it begins
    translator = Translator(path, card, threads=2, content=content)
    with translator._place(10**8):
        assert translator._find_narrow() is None


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
