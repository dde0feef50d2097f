"""What the doctor finds, as the page tells it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.trainings.orders import Order
from app.trainings.pictures import Pictures
from app.web.retrain_findings import Diagnosis, _describe, diagnose
from tests.app.jobs.sending import picture, zipped


def describe(
    domains: tuple[Path, Path],
    files: list[list[str]],
    language: str = "en",
    text: str = "",
    names: tuple[str, str] = ("ink", "paper"),
) -> str:
    finding: dict[str, Any] = {
        "level": "fix",
        "code": "unreadable",
        "text": text or f"{len(files)} files cannot be read.",
        "remedy": "Delete them.",
        "files": files,
        "facts": {"count": len(files)},
    }
    found = {"folders": [], "hours": None, "findings": [finding]}
    order = Order(*names, *map(str, domains), "fast", 60.0)
    return _describe(found, order, language)


def test_files_are_named_without_their_folders_and_as_text(tmp_path: Path) -> None:
    domains = tmp_path / "mine/ink", tmp_path / "mine/paper"
    broken = "ink/deep/<b>.jpg 1.PNG is not a picture that can be read; use one of JPEG, PNG"
    html = describe(domains, [[broken], ["ink/a.png", "paper/a.png", "paper/b.png"]])
    assert "<small>&lt;b&gt;.jpg 1.PNG, a.png = b.png</small>" in html


def test_a_kind_may_be_called_as_the_folder_of_the_other(tmp_path: Path) -> None:
    domains = tmp_path / "a", tmp_path / "b"
    text = "Pictures: 3 in trainA and 9 in trainB."
    assert "Pictures: 3 in trainB and 9 in paper." in describe(
        domains, [], text=text, names=("trainB", "paper")
    )


def test_of_many_files_the_first_are_named(tmp_path: Path) -> None:
    files = [[f"ink/{number}.png"] for number in range(20)]
    domains = tmp_path / "ink", tmp_path / "paper"
    assert "6.png, 7.png, and 12 more</small>" in describe(domains, files)
    assert "7.png, 另有 12 个</small>" in describe(domains, files, "zh")


def test_uploads_are_named_as_they_were_sent(tmp_path: Path) -> None:
    upload = tmp_path / "Zoë.png"
    upload.write_bytes(picture())
    pictures = Pictures(tmp_path / "root")
    ink, paper = pictures.keep([upload], "ink", "A"), tmp_path / "root/paper"
    kept = (ink / "000001.png").relative_to(tmp_path / "root").as_posix()
    html = describe((ink, paper), [[f"{kept} is empty"], ["paper/000001.png"]])
    assert "<small>Zoë.png, 000001.png</small>" in html


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    zip_file = tmp_path / "set.zip"
    others = [(f"{number}&.txt", b"x") for number in range(9)]
    zip_file.write_bytes(zipped(("a.png", picture()), *others))
    pictures = Pictures(tmp_path / "root")
    kept = pictures.keep([zip_file], "ink", "A")
    html = describe((kept, tmp_path / "root/paper"), [])
    named = ", ".join(f"{number}&amp;.txt" for number in range(8))
    assert f"no pictures or damaged: 9<small>{named}, and 1 more</small></li>" in html


def test_a_diagnosis_is_of_the_pictures_that_it_was_made_of() -> None:
    found = Diagnosis(("/ink", "/paper"), "", must_be_fixed=True)
    assert found.is_against(Order("a", "b", "/ink", "/paper", "paper", 1.0))
    assert not found.is_against(Order("a", "b", "/ink", "/paper2", "fast", 1.0))


def test_what_only_a_preset_lacks_is_over_with_another_preset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="training needs torch (extra: train)")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "nothing was fetched"))
    random = np.random.default_rng(0)
    for kind in ("ink", "paper"):
        (tmp_path / kind).mkdir()
        for number in range(4):
            squares = Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8))
            squares.resize((64, 64), Image.Resampling.NEAREST).save(
                tmp_path / kind / f"{number}.png"
            )
    folders = (str(tmp_path / "ink"), str(tmp_path / "paper"))
    order = Order("ink", "paper", *folders, "projected", 1.0)
    found = diagnose(order, "zh")
    assert "预设 projected 目前无法在此训练：the weights of" in found.html
    assert not found.must_be_fixed  # as far as the pictures go
    assert found.is_against(order)
    assert not found.is_against(replace(order, preset="fast"))
