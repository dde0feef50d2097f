"""How the domains differ is told."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclegan.config import TrainConfig
from cyclegan.doctor import diagnose
from cyclegan.doctor.domain_gap import _sureness
from cyclegan.domains import resolve_splits
from tests.cyclegan.doctor.scenes import ENOUGH, Checked, scene


def test_a_grey_domain_is_a_choice(data: Path, checked: Checked) -> None:
    for path in (data / "trainB").iterdir():
        with Image.open(path) as image:
            image.convert("L").save(path)
    findings = checked()
    assert findings["grey-domain"].text.startswith("Domain B is grey")
    assert "grey" not in findings


def _redraw(folder: Path, domain: str, suffix: str, **options: int) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    rng = np.random.default_rng(1)
    shape = {key: options.pop(key) for key in ("width", "height") if key in options}
    for index in range(ENOUGH):
        scene(rng, domain, **shape).save(folder / f"{index}{suffix}", **options)


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("resolution-differs", {"suffix": ".png", "width": 80, "height": 80}),
        ("jpeg-quality-differs", {"suffix": ".jpg", "quality": 40}),
        ("shape-differs", {"suffix": ".png", "width": 60}),
    ],
)
def test_what_tells_the_domains_apart_by_itself_is_found(
    code: str, options: dict[str, int], data: Path, config: TrainConfig
) -> None:
    _redraw(data / "trainB", "B", **options)  # type: ignore[arg-type]
    larger = config.replace(load_size_min=80, load_size_max=80)
    codes = [finding.code for finding in diagnose(resolve_splits(data), larger).findings]
    assert [each for each in codes if each != "few"] == [code]


def test_domains_of_other_colours_are_told(data: Path, checked: Checked) -> None:
    for path in (data / "trainB").iterdir():
        with Image.open(path) as image:
            image.point(lambda value: value // 3).save(path)
    (finding,) = checked().values()
    assert (finding.code, finding.level) == ("colour-gap", "note")
    assert "brightness" in finding.text
    assert "lambda_identity" in finding.remedy


def test_domains_that_hardly_differ_are_told(data: Path, checked: Checked) -> None:
    _redraw(data / "trainB", "A", ".png")
    (finding,) = checked().values()
    assert (finding.code, finding.level) == ("indistinct", "warning")


def test_imbalance_is_told(data: Path, checked: Checked) -> None:
    for path in sorted((data / "trainA").iterdir())[10:]:
        path.unlink()
    (finding,) = checked().values()
    assert (finding.code, finding.level) == ("imbalance", "warning")
    assert "trainA has 10 pictures and trainB 40" in finding.text


def test_sureness_by_hand() -> None:
    # Of the pairs of {1, 2} and {2, 3}: 1<2, 1<3, 2<3 and one tie.
    assert _sureness(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == 3.5 / 4
