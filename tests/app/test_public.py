"""What people elsewhere are told has no paths of this machine, and is spoilt nowhere else."""

from pathlib import Path

import pytest

from app.public import without_paths


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/srv/m/a.onnx is missing", "a.onnx is missing"),
        (
            "sha256 of /srv/m/a.onnx is 3fa1..., '/srv/m' has b",
            "sha256 of a.onnx is 3fa1..., 'M' has b",
        ),
        ("/srv/m/jobs/1/in/2.png is no picture; /srv/m/jobs.", "my.png is no picture; J."),
        ("/srv/m/jobs/1/out/.x could not be written", "1/out/.x could not be written"),
        ("/srv/m-old/a.onnx, /data/srv/m/a.onnx", "/srv/m-old/a.onnx, /data/srv/m/a.onnx"),
    ],
)
def test_a_path_is_told_by_its_name(text: str, told: str) -> None:
    jobs = Path("/srv/m/jobs")
    called = {Path("/srv/m"): "M", jobs: "J", jobs / "1/in/2.png": "my.png"}
    assert without_paths(text, called) == told


def test_a_relative_path_spoils_no_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = f"4 of your jobs ... . jobs/1/a.png, {tmp_path}/jobs/b.png, {tmp_path}/jobs, c.png."
    told = "4 of your jobs ... . 1/a.png, b.png, J, c.png."
    assert without_paths(text, {Path("jobs"): "J", Path(): "here"}) == told


def test_a_relative_path_of_several_names_is_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    called = {Path("jobs"): "J", Path("jobs/1/in/2.png"): "my.png", Path("a/models"): "M"}
    text = "jobs/1/in/2.png is no picture; a/models has b, a/models/c.onnx"
    assert without_paths(text, called) == "my.png is no picture; M has b, c.onnx"


def test_a_path_without_its_links_is_one_too(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    text = f"{tmp_path}/real/a.onnx could not be written"
    assert without_paths(text, {tmp_path / "link": "M"}) == "a.onnx could not be written"
