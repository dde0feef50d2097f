import pytest

from cyclegan.contract.card import Metric
from cyclegan.evaluate import Evaluation
from cyclegan.terminal import print_evaluation, training_progress
from cyclegan.train import Progress


@pytest.mark.parametrize(
    ("images_per_s", "told"), [(0.02, "0.02"), (4.8888, "4.89"), (125.0, "125")]
)
def test_the_pace_of_a_slow_training_is_told_too(
    capsys: pytest.CaptureFixture[str], images_per_s: float, told: str
) -> None:
    with training_progress() as on_progress:
        on_progress(Progress(100, 0.5, 60.0, 60.0, images_per_s, {"cycle_A": 0.25}))
    line = capsys.readouterr().err.splitlines()[-1]
    assert line == f" 50.0%  100 images, {told} images/s, 0:01:00 to go  cycle_A 0.250"


def test_a_training_is_not_silent_for_longer_than_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 25))  # seconds, a step each
    monkeypatch.setattr("cyclegan.terminal.time.monotonic", lambda: next(clock))
    with training_progress() as on_progress:
        for image in range(1, 5):
            on_progress(Progress(image, image / 10, 60.0, 60.0, 0.04, None))
    assert capsys.readouterr().err.splitlines()[1:] == [
        " 30.0%  3 images, 0.04 images/s, 0:01:00 to go"
    ]


def test_a_figure_without_a_unit_has_no_gap(capsys: pytest.CaptureFixture[str]) -> None:
    figures = (Metric("FID", 2.0, "", "lower", ""), Metric("KID", 1.0, "x100", "lower", ""))
    untouched = {"FID": 3.0, "KID": 4.0}
    print_evaluation(Evaluation(figures, untouched, {}, ()))
    shown = capsys.readouterr().out
    assert "FID (lower is better)" in shown
    assert "KID x100 (lower is better)" in shown


def test_a_folder_is_told_as_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    protocol = "photos [old] [/2024]: 5 pictures of testA"
    figure = Metric("FID", 2.0, "", "lower", protocol)
    print_evaluation(Evaluation((figure,), {"FID": 3.0}, {}, ()))
    assert f"protocol: {protocol}\n" in capsys.readouterr().out
