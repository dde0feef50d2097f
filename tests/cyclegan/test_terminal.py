import pytest

from cyclegan.terminal import training_progress
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
