from pathlib import Path

import numpy as np
import pytest

from cyclegan import teacher as teacher_module
from cyclegan.contract.errors import CardError, ConfigError
from cyclegan.teacher import Teacher


@pytest.fixture
def rgb() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (37, 50, 3), dtype=np.uint8)


def test_a_picture_is_translated_once(
    taught_run: Path, rgb: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Teacher(taught_run, "negate").answer(rgb)
    assert np.array_equal(answer, 255 - rgb)
    monkeypatch.setattr(teacher_module, "translate", None)  # calling it would fail
    assert np.array_equal(Teacher(taught_run, "negate").answer(rgb), answer)


def test_an_answer_belongs_to_pixels_and_their_shape(taught_run: Path, rgb: np.ndarray) -> None:
    teacher = Teacher(taught_run, "negate")
    teacher.answer(rgb)
    for other in (rgb[::-1].copy(), rgb.reshape(50, 37, 3)):
        assert np.array_equal(teacher.answer(other), 255 - other)


def test_a_damaged_answer_is_made_again(taught_run: Path, rgb: np.ndarray) -> None:
    teacher = Teacher(taught_run, "negate")
    teacher.answer(rgb)
    (file,) = (taught_run / "teacher" / "answers").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    assert np.array_equal(teacher.answer(rgb), 255 - rgb)
    assert file.read_bytes() == whole


def test_a_run_without_its_teacher_says_who_brings_one(tmp_path: Path, taught_run: Path) -> None:
    with pytest.raises(ConfigError, match=r"no teacher called 'negate'; `cyclegan distill TEACH"):
        Teacher(tmp_path, "negate")
    with pytest.raises(ConfigError, match="holds no teacher; `cyclegan distill TEACHER"):
        Teacher(tmp_path, "")  # of `cyclegan train --preset distill`
    with (taught_run / "teacher" / "negate.onnx").open("ab") as file:
        file.write(b"more")
    with pytest.raises(CardError, match=r"negate.onnx has \d+ bytes, its card says"):
        Teacher(taught_run, "negate")
