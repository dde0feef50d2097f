import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cyclegan import cli
from cyclegan.cli.pictures import _estimate_hours
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import DatasetError
from cyclegan.doctor import Diagnosis, diagnose, pace
from cyclegan.doctor.domain_gap import _sureness
from cyclegan.doctor.findings import Finding
from cyclegan.doctor.survey import Measured, measure
from cyclegan.domains import resolve_splits

SHARED = Path(__file__).parents[2] / "../shared/data"

ENOUGH = 40  # pictures of each domain for them to be compared


def scene(rng: np.random.Generator, domain: str, width: int = 40, height: int = 40) -> Image.Image:
    """Soft random colours below stripes: upright ones in domain A, level ones in B."""
    soft = Image.fromarray(rng.integers(30, 226, (5, 5, 3), dtype=np.uint8))
    rgb = np.asarray(soft.resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    places = np.arange(width)[None, :, None] if domain == "A" else np.arange(height)[:, None, None]
    rgb = rgb + 25 * ((places + rng.integers(6)) // 3 % 2) + rng.integers(-8, 9, rgb.shape)
    return Image.fromarray(rgb.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("healthy")
    rng = np.random.default_rng(0)
    for folder, count in (("trainA", ENOUGH), ("trainB", ENOUGH), ("testA", 3), ("testB", 3)):
        (root / folder).mkdir()
        for index in range(count):
            scene(rng, folder[-1]).save(root / folder / f"{index:02d}.png")
    return root


@pytest.fixture
def data(healthy: Path, tmp_path: Path) -> Path:
    """The healthy set, to be made ill."""
    return Path(shutil.copytree(healthy, tmp_path / "data"))


@pytest.fixture
def checked(data: Path, config: TrainConfig) -> Callable[[], dict[str, Finding]]:
    """A function that diagnoses `data` and answers findings by code, less that it is small."""

    def run() -> dict[str, Finding]:
        findings = diagnose(resolve_splits(data), config).findings
        by_code = {finding.code: finding for finding in findings}
        assert len(by_code) == len(findings), "each is told once"
        by_code.pop("few")
        return by_code

    return run


Checked = Callable[[], dict[str, Finding]]


def test_a_healthy_set_is_small_at_most(healthy: Path, config: TrainConfig) -> None:
    done: list[tuple[int, int]] = []
    diagnosis = diagnose(resolve_splits(healthy), config, lambda *place: done.append(place))
    assert [(each.code, each.level) for each in diagnosis.findings] == [("few", "warning")]
    assert not diagnosis.must_be_fixed
    assert diagnosis.distinctness is not None
    assert diagnosis.distinctness > 0.9  # upright and level stripes
    facts = diagnosis.folders[0]
    assert (facts.name, facts.pictures, facts.unreadable) == ("trainA", ENOUGH, 0)
    assert (facts.formats, facts.short_side) == ({"PNG": ENOUGH}, (40, 40, 40))
    assert facts.jpeg_quality is None
    total = 2 * ENOUGH + 6
    assert done == [(i, total) for i in range(1, total + 1)]


def test_broken_files_are_named_with_their_reason(data: Path, checked: Checked) -> None:
    whole = (data / "trainA" / "00.png").read_bytes()
    (data / "trainA" / "empty.jpg").touch()
    (data / "trainB" / "half.png").write_bytes(whole[: len(whole) // 2])
    (data / "testB" / "letter.jpg").write_text("Dear reader, this is no picture.")
    (finding,) = checked().values()
    assert (finding.code, finding.level) == ("unreadable", "fix")
    assert finding.text.startswith("3 files")
    lines = [line for (line,) in finding.files]
    for line, name, reason in zip(
        lines,
        ("trainA/empty.jpg", "trainB/half.png", "testB/letter.jpg"),
        ("is empty", "is truncated", "is not a picture"),
        strict=True,
    ):
        assert line.startswith(f"{name}: {reason}")


def test_a_domain_too_small_to_train_on_must_be_fixed(data: Path, config: TrainConfig) -> None:
    for path in list((data / "trainB").iterdir())[1:]:
        path.unlink()
    findings = diagnose(resolve_splits(data), config).findings
    assert (findings[0].code, findings[0].level) == ("too-few", "fix")
    assert "40 in trainA and 1 in trainB. Training needs at least 2 of each" in findings[0].text


def test_empty_folders_are_a_finding_and_missing_ones_an_error(
    tmp_path: Path, config: TrainConfig
) -> None:
    (tmp_path / "trainA").mkdir()
    with pytest.raises(DatasetError, match="trainB: no such folder"):
        diagnose(resolve_splits(tmp_path), config)
    (tmp_path / "trainB").mkdir()
    assert [each.code for each in diagnose(resolve_splits(tmp_path), config).findings] == [
        "too-few",
        "no-test",
    ]


def test_copies_are_grouped_whatever_was_done_to_them(data: Path, checked: Checked) -> None:
    folder = data / "trainA"
    with Image.open(folder / "00.png") as image:
        image.save(folder / "same.bmp")
        image.resize((52, 52), Image.Resampling.BICUBIC).save(folder / "larger.jpg", quality=80)
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "mirrored.png")
        image.convert("L").save(folder / "grey.png")
    finding = checked()["copies"]
    assert finding.files == (
        (
            "trainA/00.png",
            "trainA/grey.png",
            "trainA/larger.jpg",
            "trainA/mirrored.png",
            "trainA/same.bmp",
        ),
    )
    assert "4 of 44 pictures in trainA" in finding.text
    assert "1 pixel for pixel, the others nearly" in finding.text


def test_a_picture_in_both_domains_must_be_fixed(data: Path, checked: Checked) -> None:
    shutil.copy(data / "trainA" / "01.png", data / "testB" / "other.png")
    (finding,) = checked().values()
    assert (finding.code, finding.level) == ("both-domains", "fix")
    assert finding.files == (("trainA/01.png", "testB/other.png"),)


def test_test_pictures_that_are_trained_on_must_be_fixed(data: Path, checked: Checked) -> None:
    shutil.copy(data / "trainA" / "02.png", data / "testA" / "exact.png")
    with Image.open(data / "trainB" / "03.png") as image:
        image.resize((64, 64)).save(data / "testB" / "near.jpg", quality=85)
    (finding,) = checked().values()
    assert (finding.code, finding.level) == ("leak", "fix")
    assert finding.files == (
        ("trainA/02.png", "testA/exact.png"),
        ("trainB/03.png", "testB/near.jpg"),
    )


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data, which is not here")
def test_the_known_leaks_of_horse2zebra_are_found(tmp_path: Path, config: TrainConfig) -> None:
    official = SHARED / "horse2zebra"
    leaks = {
        ("trainA/n02381460_3811.jpg", "testA/n02381460_1160.jpg"),
        ("trainB/n02391049_2136.jpg", "testB/n02391049_5240.jpg"),
    }
    bystanders = [
        path.relative_to(official).as_posix()
        for folder in ("trainA", "trainB", "testA", "testB")
        for path in sorted((official / folder).iterdir())[:8]
    ]
    for name in {name for pair in leaks for name in pair} | set(bystanders):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(official / name, tmp_path / name)
    diagnosis = diagnose(resolve_splits(tmp_path), config)
    leak = next(finding for finding in diagnosis.findings if finding.code == "leak")
    assert set(leak.files) == leaks
    assert diagnosis.must_be_fixed


def _framed(image: Image.Image) -> Image.Image:
    image.paste("black", (0, 0, 40, 6))
    image.paste("black", (0, 34, 40, 40))
    return image


def _with_a_hole(image: Image.Image) -> Image.Image:
    image.putalpha(Image.fromarray(np.tri(40, dtype=np.uint8) * 255))
    return image


PECULIAR: dict[str, Callable[[Image.Image], Image.Image]] = {
    "borders": _framed,
    "small": lambda image: image.resize((20, 20)),
    "transparent": _with_a_hole,
    "grey": lambda image: image.convert("L"),
    "blank": lambda image: Image.new("RGB", image.size, "teal"),
    "extreme-shape": lambda image: image.resize((132, 40)),
}


@pytest.mark.parametrize("code", PECULIAR)
def test_peculiar_pictures_are_named(code: str, data: Path, checked: Checked) -> None:
    path = data / "trainA" / "05.png"
    with Image.open(path) as image:
        picture = PECULIAR[code](image)
    picture.save(path)
    (finding,) = checked().values()
    assert (finding.code, finding.level) == (code, "note")
    assert finding.files == (("trainA/05.png",),)
    assert finding.text.startswith("1 of 40 pictures in trainA ")
    for name in ("06", "07"):
        with Image.open(data / "trainA" / f"{name}.png") as image:
            picture = PECULIAR[code](image)
        picture.save(data / "trainA" / f"{name}.png")
    assert checked()[code].level == "warning"


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


def test_missing_tests_and_unused_files_are_told(data: Path, checked: Checked) -> None:
    shutil.rmtree(data / "testB")
    (data / "trainA" / "scan.psd").touch()
    (data / "trainA" / ".hidden").touch()
    findings = checked()
    assert list(findings) == ["no-test", "ignored"]
    assert "testB" in findings["no-test"].text
    assert findings["ignored"].files == (("trainA/scan.psd",),)


def test_the_most_important_comes_first(data: Path, config: TrainConfig) -> None:
    shutil.rmtree(data / "testB")
    (data / "trainB" / "empty.png").touch()
    findings = diagnose(resolve_splits(data), config).findings
    assert [each.code for each in findings] == ["unreadable", "few", "no-test"]


@pytest.mark.parametrize("quality", [30, 60, 82, 95])
def test_jpeg_quality_is_read_from_the_tables(quality: int, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    Image.new("RGB", (32, 32)).save(path, quality=quality)
    measured = measure(path)
    assert isinstance(measured, Measured)
    assert measured.jpeg_quality == pytest.approx(quality, abs=1)


def test_pictures_of_any_shape_are_measured(tmp_path: Path) -> None:
    for shape in ((1, 1), (1, 3000), (600, 300)):
        path = tmp_path / f"{shape}.png"
        Image.new("RGB", shape, "red").save(path)
        measured = measure(path)
        assert isinstance(measured, Measured)
        assert (measured.width, measured.height) == shape
        assert measured.is_blank
        assert math.isclose(measured.warmth, 255)


def test_sureness_by_hand() -> None:
    # Of the pairs of {1, 2} and {2, 3}: 1<2, 1<3, 2<3 and one tie.
    assert _sureness(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == 3.5 / 4


def test_training_takes_as_long_as_its_steps(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config.replace(max_images=36_000, d_steps=2)
    assert 0 < pace.measure_step_s(config, torch.device("cpu"), budget_s=0) < 60
    monkeypatch.setattr(pace, "measure_step_s", lambda *_: 0.5)
    assert _estimate_hours(config) == 5
    assert _estimate_hours(config.replace(batch_size=4)) == 1.25


def test_nothing_is_read_with_torch() -> None:
    code = "import sys, cyclegan.doctor; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def _type(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Type `cyclegan doctor ...`; the exit code."""
    words = ["cyclegan", "doctor", *map(str, arguments), "--no-estimate"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    return int(exit_.value.code or 0)


def test_the_command_prints_for_people_and_for_machines(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _type(monkeypatch, data) == 0
    assert "0 must be fixed" in capsys.readouterr().out
    shutil.copy(data / "trainA" / "02.png", data / "testA" / "exact.png")
    assert _type(monkeypatch, data) == 3
    printed = capsys.readouterr().out
    assert "trainA/02.png = testA/exact.png" in printed
    assert printed.index("must be fixed: leak") < printed.index("worth a look: few")
    assert _type(monkeypatch, data, "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert told["must_be_fixed"]
    assert told["findings"][0]["code"] == "leak"
    assert told["findings"][0]["files"] == [["trainA/02.png", "testA/exact.png"]]
    assert (told["preset"], told["hours"]) == ("fast", None)
    assert _type(monkeypatch, data / "trainA") == 2
    assert "no such folder" in capsys.readouterr().err


def test_two_folders_from_anywhere_do_as_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    (tmp_path / "zebras").mkdir()
    folders = [data / "trainA", tmp_path / "zebras" / "grazing"]
    (data / "trainB").rename(folders[1])
    shutil.copy(folders[0] / "02.png", folders[1] / "copy.png")
    options = ["--domain-a", str(folders[0]), "--domain-b", str(folders[1])]
    assert _type(monkeypatch, *options, "--json") == 3
    told = json.loads(capsys.readouterr().out)
    root = Path(os.path.commonpath(folders))
    names = [
        path.relative_to(root).as_posix()
        for path in (folders[0] / "02.png", folders[1] / "copy.png")
    ]
    assert [found["files"] for found in told["findings"] if found["code"] == "both-domains"] == [
        [names]
    ]
    assert "no-test" in [found["code"] for found in told["findings"]]
    assert _type(monkeypatch, *options[:2]) == 2
    assert "expected either one folder" in capsys.readouterr().err


def test_a_diagnosis_is_plain_json(data: Path, config: TrainConfig) -> None:
    diagnosis: Diagnosis = diagnose(resolve_splits(data), config)
    assert json.loads(json.dumps(diagnosis.to_dict()))["folders"][0]["name"] == "trainA"
