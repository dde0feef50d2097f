"""What is wrong with files is found, and named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclegan.config import TrainConfig
from cyclegan.doctor import diagnose, symptoms
from cyclegan.domains import resolve_splits
from tests.cyclegan.doctor.scenes import Checked

SHARED = Path(__file__).parents[3] / "../shared/data"


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
        assert line.startswith(f"{name} {reason}")


def test_a_domain_too_small_to_train_on_must_be_fixed(data: Path, config: TrainConfig) -> None:
    for path in list((data / "trainB").iterdir())[1:]:
        path.unlink()
    findings = diagnose(resolve_splits(data), config).findings
    assert (findings[0].code, findings[0].level) == ("too-few", "fix")
    assert "40 in trainA and 1 in trainB. Training needs at least 2 of each" in findings[0].text


def test_a_domain_smaller_than_a_batch_must_be_fixed(healthy: Path, config: TrainConfig) -> None:
    (finding,) = diagnose(resolve_splits(healthy), config.replace(batch_size=41)).findings
    assert (finding.code, finding.level) == ("too-few", "fix")
    assert "Training needs at least 41 of each" in finding.text


@pytest.mark.parametrize(
    ("diffaugment", "remedy"),
    [("off", "train with --set diffaugment=auto"), ("auto", "makes the most of these")],
)
def test_few_pictures_are_told_with_what_makes_more_of_them(
    healthy: Path,
    config: TrainConfig,
    monkeypatch: pytest.MonkeyPatch,
    diffaugment: str,
    remedy: str,
) -> None:
    config = config.replace(diffaugment=diffaugment)
    for few, level in ((41, "warning"), (40, "note")):  # there are 40
        monkeypatch.setattr(symptoms, "_FEW", few)
        (finding,) = diagnose(resolve_splits(healthy), config).findings
        assert (finding.code, finding.level) == ("few", level)
        assert remedy in finding.remedy


def test_copies_are_grouped_whatever_was_done_to_them(data: Path, checked: Checked) -> None:
    folder = data / "trainA"
    with Image.open(folder / "00.png") as image:
        image.save(folder / "same.bmp")
        image.resize((52, 52), Image.Resampling.BICUBIC).save(folder / "larger.jpg", quality=80)
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "mirrored.png")
        image.convert("L").save(folder / "grey.png")
    shutil.copy(data / "testB" / "01.png", data / "testB" / "twin.png")
    finding = checked()["copies"]
    assert finding.files == (
        (
            "trainA/00.png",
            "trainA/grey.png",
            "trainA/larger.jpg",
            "trainA/mirrored.png",
            "trainA/same.bmp",
        ),
        ("testB/01.png", "testB/twin.png"),
    )
    assert finding.text.startswith("4 of 44 pictures in trainA and 1 of 4 in testB show what ")
    assert "2 pixel for pixel, the others nearly" in finding.text


def test_pictures_that_are_alike_from_afar_alone_are_no_copies(
    data: Path, checked: Checked
) -> None:
    rng = np.random.default_rng(0)
    light = np.linspace(40, 200, 40)[:, None, None]  # a sky above a meadow, as it were
    for name in ("sheep.png", "goat.png"):
        rgb = light + rng.integers(-30, 31, (40, 40, 3))
        Image.fromarray(rgb.astype(np.uint8)).save(data / "trainA" / name)
    assert checked() == {}


def test_a_picture_in_both_domains_must_be_fixed(data: Path, checked: Checked) -> None:
    shutil.copy(data / "trainA" / "01.png", data / "testB" / "other.png")
    (finding,) = checked().values()
    assert (finding.code, finding.level) == ("both-domains", "fix")
    assert finding.remedy == "Keep it in the domain that it belongs to."
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


Change = Callable[[Image.Image], Image.Image]
PECULIAR: list[tuple[str, Change]] = [
    ("borders", _framed),
    ("small", lambda image: image.resize((20, 20))),
    ("transparent", _with_a_hole),
    ("grey", lambda image: image.convert("L")),
    ("blank", lambda image: Image.new("RGB", image.size, "teal")),
    ("blank", lambda image: Image.new("RGB", image.size, "black")),
    ("extreme-shape", lambda image: image.resize((132, 40))),
    ("extreme-shape", lambda image: image.resize((40, 132))),
]


def _change(path: Path, change: Change) -> None:
    with Image.open(path) as image:
        changed = change(image)
    changed.save(path)


@pytest.mark.parametrize(("code", "change"), PECULIAR)
def test_peculiar_pictures_are_named(
    code: str, change: Change, data: Path, checked: Checked
) -> None:
    _change(data / "trainA" / "05.png", change)
    (finding,) = checked().values()
    assert (finding.code, finding.level) == (code, "note")
    assert finding.files == (("trainA/05.png",),)
    assert finding.text.startswith("1 of 40 pictures in trainA ")
    for name in ("06", "07"):
        _change(data / "trainA" / f"{name}.png", change)
    assert checked()[code].level == "warning"


def test_one_is_spoken_of_as_one_and_several_as_several(data: Path, checked: Checked) -> None:
    def said() -> str:
        return " ".join(f"{each.text} {each.remedy}" for each in checked().values())

    def add(name: str) -> None:
        _change(data / "trainA" / f"{name}.png", lambda image: image.convert("L"))
        shutil.copy(data / "trainB" / f"{name}.png", data / "trainB" / f"{name}-copy.png")
        (data / "trainA" / f"{name}.jpg").touch()
        (data / "trainA" / f"{name}.psd").touch()

    add("05")
    one = said()
    assert "1 file cannot be read. Copy it again from where it came, or delete it." in one
    assert "1 of 41 pictures in trainB shows what another there shows (pixel" in one
    assert "1 of 40 pictures in trainA is without colour" in one
    assert "Delete it, unless" in one
    assert "1 file is not used" in one
    assert "If it is a picture, save it as" in one
    add("06")
    several = said()
    assert "2 files cannot be read. Copy them again from where they came" in several
    assert "2 of 42 pictures in trainB show what others there show (pixel" in several
    assert "2 of 40 pictures in trainA are without colour" in several
    assert "If they are pictures, save them as" in several


def test_what_all_pictures_have_is_named_too(data: Path, checked: Checked) -> None:
    for path in (data / "trainA").iterdir():
        _change(path, _framed)
    assert checked()["borders"].text.startswith("40 of 40 pictures in trainA ")


@pytest.mark.parametrize("size", [(116, 40), (40, 116)])
def test_a_shape_of_less_than_three_to_one_is_none_to_name(
    size: tuple[int, int], data: Path, checked: Checked
) -> None:
    _change(data / "trainA" / "05.png", lambda image: image.resize(size))
    assert checked() == {}


def test_missing_tests_and_unused_files_are_told(data: Path, checked: Checked) -> None:
    shutil.rmtree(data / "testB")
    (data / "trainA" / "scan.psd").touch()
    (data / "trainA" / ".hidden").touch()
    findings = checked()
    assert list(findings) == ["no-test", "ignored"]
    assert "testB" in findings["no-test"].text
    assert findings["ignored"].files == (("trainA/scan.psd",),)
    (data / "testB").mkdir()  # but for pictures
    assert "testB" in checked()["no-test"].text
