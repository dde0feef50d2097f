"""How the domains differ is told."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclegan.config import TrainConfig
from cyclegan.doctor import diagnose
from cyclegan.doctor.domain_gap import _sureness
from cyclegan.doctor.findings import Fact
from cyclegan.domains import resolve_splits
from tests.cyclegan.doctor.scenes import ENOUGH, Checked, scene


def test_a_grey_domain_is_a_choice(data: Path, checked: Checked) -> None:
    for path in (data / "trainB").iterdir():
        with Image.open(path) as image:
            image.convert("L").save(path)
    findings = checked()
    assert findings["grey-domain"].text.startswith("Domain B is grey")
    assert "grey" not in findings
    for path in (data / "trainA").iterdir():
        with Image.open(path) as image:
            image.convert("L").save(path)
    assert not {"grey-domain", "grey"} & checked().keys()  # as both are


def _redraw(folder: Path, domain: str, suffix: str, **options: int) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    rng = np.random.default_rng(1)
    shape = {key: options.pop(key) for key in ("width", "height") if key in options}
    for index in range(ENOUGH):
        scene(rng, domain, **shape).save(folder / f"{index}{suffix}", **options)


def _told(data: Path, config: TrainConfig, load_size: int) -> dict[str, Mapping[str, Fact]]:
    """The facts of each finding, by its code, with pictures loaded at a size; not that few are."""
    config = config.replace(load_size_min=load_size, load_size_max=load_size)
    findings = diagnose(resolve_splits(data), config).findings
    return {each.code: each.facts for each in findings if each.code != "few"}


@pytest.mark.parametrize(
    ("code", "options", "facts"),
    [
        (
            "resolution-differs",
            {"suffix": ".png", "width": 80, "height": 80},
            {"smaller": "trainA", "larger": "trainB", "median": 40},
        ),
        (
            "jpeg-quality-differs",
            {"suffix": ".jpg", "quality": 40},
            {"worse": "trainB", "better": "trainA", "low": pytest.approx(40, abs=1), "high": 100},
        ),
        ("shape-differs", {"suffix": ".png", "width": 60}, {"aspect_a": 1, "aspect_b": 1.5}),
    ],
)
def test_what_tells_the_domains_apart_by_itself_is_found(
    code: str, options: dict[str, int], facts: dict[str, Fact], data: Path, config: TrainConfig
) -> None:
    _redraw(data / "trainB", "B", **options)  # type: ignore[arg-type]
    assert _told(data, config, 80) == {code: facts}


@pytest.mark.parametrize(
    ("load_size", "options"),
    [
        (40, {"suffix": ".png", "width": 80, "height": 80}),  # as large once they are loaded
        (40, {"suffix": ".jpg", "width": 80, "height": 80, "quality": 40}),  # halved
        (80, {"suffix": ".png", "width": 48, "height": 48}),
        (80, {"suffix": ".jpg", "quality": 90}),
        (80, {"suffix": ".png", "width": 48}),
    ],
)
def test_what_training_does_not_see_is_not_told(
    load_size: int, options: dict[str, int], data: Path, config: TrainConfig
) -> None:
    _redraw(data / "trainB", "B", **options)  # type: ignore[arg-type]
    assert _told(data, config, load_size) == {}


def test_sizes_that_both_domains_have_tell_nothing(data: Path, config: TrainConfig) -> None:
    paths = sorted((data / "trainB").iterdir())
    for index, path in enumerate(paths):
        side = 80 if index < 21 else 36  # so that half of B is twice as large as A
        with Image.open(path) as image:
            image.resize((side, side)).save(path)
    assert _told(data, config, 80) == {}


def test_domains_of_other_colours_are_told(data: Path, checked: Checked) -> None:
    for path in (data / "trainB").iterdir():
        with Image.open(path) as image:
            image.point(lambda value: value // 3).save(path)
    (finding,) = checked().values()
    assert (finding.code, finding.level) == ("colour-gap", "note")
    assert "brightness" in finding.text
    assert "lambda_identity" in finding.remedy
    next((data / "trainB").iterdir()).unlink()
    assert checked() == {}  # too few to tell


def test_domains_that_hardly_differ_are_told(data: Path, checked: Checked) -> None:
    _redraw(data / "trainB", "A", ".png")
    (finding,) = checked().values()
    assert (finding.code, finding.level) == ("indistinct", "warning")


def test_imbalance_is_told(data: Path, checked: Checked) -> None:
    for path in sorted((data / "trainA").iterdir())[10:]:
        path.unlink()
    (finding,) = checked().values()
    assert (finding.code, finding.level) == ("imbalance", "warning")
    assert "Pictures: 10 in trainA and 40 in trainB." in finding.text


def test_sureness_by_hand() -> None:
    # Of the pairs of {1, 2} and {2, 3}: 1<2, 1<3, 2<3 and one tie.
    assert _sureness(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == 3.5 / 4
