import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cyclegan import train as train_module
from cyclegan.checkpoint import load_checkpoint
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import (
    CheckpointError,
    ConfigError,
    DatasetError,
    StorageError,
    TrainingError,
)
from cyclegan.train import Progress, RunState, run_share, scheduled_learning_rate, train
from tests.cyclegan.conftest import BACKBONE
from tests.cyclegan.runs import KilledError, assert_same, command, kill_at, losses_of, timeless

# Everything that has a state of its own, in as few runs as will do
SETTINGS: list[dict[str, Any]] = [
    {},
    {"generator": "resnet6", "num_workers": 1, "schedule": "cosine", "warmup_images": 2},
    {"generator": "attention", "objective": "wgan-gp", "diffaugment": "on", "d_steps": 2},
    {"discriminator_norm": "spectral", "objective": "hinge", "lambda_self": 1.0, "alarm_every": 1},
    {"method": "simgan", "lambda_cycle": 0.0, "lambda_self": 1.0, "smoothed_fakes": True},
    {"lambda_perceptual": 1.0, "neither": "testA"},
    {"discriminator": "projected", "objective": "hinge", "alarm_every": 1},
    {
        "precision": "bf16",
        "channels_last": True,
        "batch_size": 2,
        "max_images": 12,
        "checkpoint_every": 6,
    },
]


@pytest.mark.parametrize("killed_at", [3, 5])  # at a checkpoint, and after it
@pytest.mark.parametrize("settings", SETTINGS)
def test_resume_equals_an_uninterrupted_run(
    tmp_path: Path,
    config: TrainConfig,
    data_dir: Path,
    vgg_file: Path,
    backbone_file: Path,
    killed_at: int,
    settings: dict[str, Any],
) -> None:
    if "lambda_perceptual" in settings:
        settings = {**settings, "perceptual_weights": str(vgg_file)}
    if "neither" in settings:
        settings = {**settings, "neither": str(data_dir / settings["neither"])}
    if settings.get("discriminator") == "projected":
        network = {"discriminator_backbone": BACKBONE, "discriminator_weights": str(backbone_file)}
        settings = {**settings, **network}
    config = config.replace(**settings)
    size = config.batch_size
    train(config, tmp_path / "whole")
    with pytest.raises(KilledError):
        train(config, tmp_path / "cut", on_progress=kill_at((killed_at + 1) * size))
    assert load_checkpoint(tmp_path / "cut" / "latest.pt")["run"]["images_seen"] == 3 * size
    train(config, tmp_path / "cut")
    whole, cut = (load_checkpoint(tmp_path / name / "latest.pt") for name in ("whole", "cut"))
    assert_same(timeless(cut), timeless(whole))
    assert losses_of(tmp_path / "cut") == losses_of(tmp_path / "whole")


def test_a_run_is_a_folder_of_config_checkpoint_log_and_sheets(
    tmp_path: Path, config: TrainConfig
) -> None:
    state = train(config, tmp_path)
    assert state.images_seen == 6
    assert json.loads((tmp_path / "config.json").read_text()) == config.to_dict()
    assert [row["images_seen"] for row in losses_of(tmp_path)] == [2, 4, 6]
    with Image.open(tmp_path / "sheets" / "000000006.jpg") as sheet:
        # 6 pictures of 32 with gaps of 4 around; 2 rows and a caption of 20
        assert sheet.size == (6 * 36 + 4, 2 * 36 + 4 + 20)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "config.json",
        "facts.json",
        "latest.pt",
        "log.jsonl",
        "report.html",
        "sheets",
        "tensorboard",
        "train.lock",
    }


def test_the_first_sheet_comes_early(tmp_path: Path, config: TrainConfig) -> None:
    train(config.replace(sheet_every=20), tmp_path)
    drawn = sorted(path.stem for path in (tmp_path / "sheets").iterdir())
    assert drawn == ["000000002", "000000006"]  # after a tenth, and at the end


def test_a_run_that_begins_anew_shows_no_sheets_of_the_one_before(
    tmp_path: Path, config: TrainConfig
) -> None:
    config = config.replace(sheet_every=2)
    train(config, tmp_path)
    (tmp_path / "latest.pt").unlink()
    train(config.replace(max_images=3), tmp_path)
    drawn = sorted(path.stem for path in (tmp_path / "sheets").iterdir())
    assert drawn == ["000000002", "000000003"]


def test_the_report_follows_the_checkpoints(tmp_path: Path, config: TrainConfig) -> None:
    def told(progress: Progress) -> None:
        told_at[progress.images_seen] = (tmp_path / "report.html").read_text()

    told_at: dict[int, str] = {}
    train(config.replace(log_every=1), tmp_path, on_progress=told)
    # The page that a step finds is of the checkpoint before it: after 3 of 6 images.
    assert "Just started" in told_at[3]
    assert "50 % done" in told_at[4]
    assert told_at[4] == told_at[6]
    assert "Finished" in (tmp_path / "report.html").read_text()


def test_tensorboard_shows_the_log_and_the_sheets(tmp_path: Path, config: TrainConfig) -> None:
    train(config, tmp_path)
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    for row in losses_of(tmp_path):
        for name in set(row) - {"images_seen"}:
            values = {event.step: event.value for event in board.Scalars(name)}
            assert values[row["images_seen"]] == pytest.approx(row[name], rel=1e-6)
    assert [image.step for image in board.Images("sheet")] == [6]


def test_a_finished_run_stays_as_it_is(tmp_path: Path, config: TrainConfig) -> None:
    train(config, tmp_path)
    before = (tmp_path / "latest.pt").read_bytes()
    assert train(config, tmp_path).images_seen == 6
    assert (tmp_path / "latest.pt").read_bytes() == before


def test_a_run_may_be_made_longer(tmp_path: Path, config: TrainConfig) -> None:
    train(config, tmp_path)
    assert train(config.replace(max_images=8), tmp_path).images_seen == 8


def test_a_command_goes_on_with_the_settings_of_its_run(
    tmp_path: Path, config: TrainConfig, data_dir: Path
) -> None:
    train(config, tmp_path)
    last = (tmp_path / "latest.pt").read_bytes()
    words = ["train", f"--data={data_dir}", f"--out={tmp_path}"]
    command(*words)
    assert (tmp_path / "latest.pt").read_bytes() == last  # not the 40,000 images of a preset
    command(*words, "--max-images=8")
    assert load_checkpoint(tmp_path / "latest.pt")["run"]["images_seen"] == 8
    told = json.loads(command(*words, "--max-minutes=60", "--dry-run"))
    lengths = {"max_images": 0, "max_minutes": 60.0}
    held_out = {f"test_{name}": str(data_dir / f"test{name.upper()}") for name in "ab"}
    assert told == config.to_dict() | lengths | held_out
    told = json.loads(command("train", f"--out={tmp_path}", "--dry-run"))  # nor its pictures
    assert told == config.to_dict() | {"max_images": 8, "max_minutes": 0.0} | held_out
    with pytest.raises(ConfigError, match="generator is 'plain' there and 'resnet9' here"):
        command(*words, "--preset=paper")


def test_a_new_run_is_called_as_its_folders_and_an_old_one_as_it_was(
    tmp_path: Path, config: TrainConfig, data_dir: Path
) -> None:
    for name, kind in (("trainA", "horses"), ("trainB", "zebras")):
        shutil.copytree(data_dir / name, tmp_path / kind)

    def names(run: str, *words: str) -> tuple[str, str]:
        folders = (f"--domain-a={tmp_path}/horses/", f"--domain-b={tmp_path}/zebras")
        told = json.loads(
            command("train", *folders, f"--out={tmp_path / run}", *words, "--dry-run")
        )
        return told["name_a"], told["name_b"]

    assert names("new") == ("horses", "zebras")
    assert names("new", "--set=name_a=horse") == ("horse", "zebras")
    train(config, tmp_path / "old")
    for words in ([], ["--preset=fast"], ["--preset=fast", "--set=name_b=blue"]):
        assert names("old", *words) == ("red", "blue")


def test_a_run_that_was_killed_before_its_first_checkpoint_knows_its_pictures(
    tmp_path: Path, config: TrainConfig
) -> None:
    train(config, tmp_path)
    (tmp_path / "latest.pt").unlink()
    told = json.loads(command("train", f"--out={tmp_path}", "--dry-run", "--no-compile"))
    assert told["domain_a"] == config.domain_a
    assert told["crop_size"] == config.crop_size


def test_a_new_run_is_told_where_its_pictures_are(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"run has no checkpoint to go on from; .* --data DIR"):
        command("train", f"--out={tmp_path / 'run'}")


@pytest.mark.parametrize("limit", [0, 10_000])  # bytes: the log is stopped first, the checkpoint
def test_a_full_disk_leaves_the_last_checkpoint_whole(
    tmp_path: Path, config: TrainConfig, limit: int
) -> None:
    train(config.replace(max_images=3), tmp_path)

    def fill_the_disk(progress: Progress) -> None:
        if progress.images_seen == 5:  # from here on no file may grow beyond the limit
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails with EFBIG instead
    try:
        with pytest.raises(StorageError, match=r"could not be written: file too large"):
            train(config.replace(sheet_every=100), tmp_path, on_progress=fill_the_disk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert load_checkpoint(tmp_path / "latest.pt")["run"]["images_seen"] == 3
    assert not list(tmp_path.glob(".tmp-*"))


def test_losses_that_are_no_numbers_stop_the_run_and_spare_the_checkpoint(
    tmp_path: Path, config: TrainConfig
) -> None:
    with pytest.raises(TrainingError, match=r"lower learning_rate"):
        train(config.replace(learning_rate=1e30, log_every=1, checkpoint_every=1), tmp_path)
    parts = load_checkpoint(tmp_path / "latest.pt")["run"]
    assert parts["images_seen"] >= 1
    assert "NaN" not in (tmp_path / "log.jsonl").read_text()


def test_a_loss_is_the_mean_over_the_steps_that_had_it(tmp_path: Path, config: TrainConfig) -> None:
    # The generators' second step is the sixth: their losses of a line are not thirds of it.
    train(config.replace(d_steps=3, log_every=3), tmp_path / "interval")
    train(config.replace(d_steps=3, log_every=1), tmp_path / "each")
    (first, _), rows = losses_of(tmp_path / "interval"), losses_of(tmp_path / "each")
    assert first["adv_AB"] == pytest.approx(rows[2]["adv_AB"])
    assert first["disc_A"] == pytest.approx(sum(row["disc_A"] for row in rows[:3]) / 3)


def test_losses_of_a_few_last_pictures_wait_for_more(tmp_path: Path, config: TrainConfig) -> None:
    config = config.replace(log_every=5, schedule="constant")
    train(config, tmp_path / "run")
    first, last = losses_of(tmp_path / "run")
    assert (first["images_seen"], last["images_seen"]) == (5, 6)  # where it stands is told
    assert "cycle_A" in first
    assert last.keys() == {"images_seen", "learning_rate"}
    train(config.replace(max_images=10), tmp_path / "run")
    train(config.replace(max_images=10, log_every=1), tmp_path / "each")
    rows, each = losses_of(tmp_path / "run"), losses_of(tmp_path / "each")
    assert [row["images_seen"] for row in rows] == [5, 6, 10]
    assert rows[-1]["disc_A"] == pytest.approx(sum(row["disc_A"] for row in each[5:]) / 5)


def test_losses_of_a_run_that_is_shorter_than_a_line_are_told(
    tmp_path: Path, config: TrainConfig
) -> None:
    train(config.replace(log_every=100), tmp_path)
    (row,) = losses_of(tmp_path)
    assert row["images_seen"] == 6
    assert "cycle_A" in row


@pytest.mark.parametrize("line", ["", "3", "{}", '{"images_seen": 2, "los', "\xff"])
def test_a_damaged_line_of_the_log_is_dropped(
    tmp_path: Path, config: TrainConfig, line: str
) -> None:
    train(config, tmp_path)
    log = tmp_path / "log.jsonl"
    rows = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(rows[0] + line.encode("latin-1") + b"\n" + rows[1] + rows[2])
    train(config.replace(max_images=8), tmp_path)
    assert [row["images_seen"] for row in losses_of(tmp_path)] == [2, 4, 6, 8]


def test_a_missing_vgg_leaves_nothing_behind(tmp_path: Path, config: TrainConfig) -> None:
    config = config.replace(lambda_perceptual=1, perceptual_weights=str(tmp_path / "vgg16.pth"))
    with pytest.raises(CheckpointError, match=r"vgg16\.pth cannot be read: no such file"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("schedule", "by_hand"),
    [
        ("linear", [2e-4, 2e-4, 1e-4, 0]),
        ("cosine", [2e-4, 2e-4, 1e-4, 0]),
        ("constant", [2e-4] * 4),
    ],
)
def test_the_learning_rate_falls_over_the_second_half(
    config: TrainConfig, schedule: str, by_hand: list[float]
) -> None:
    config = config.replace(max_images=100, learning_rate=2e-4, schedule=schedule)
    rates = [scheduled_learning_rate(config, RunState(seen)) for seen in (0, 50, 75, 100)]
    assert rates == pytest.approx(by_hand)


def test_a_cosine_falls_slowly_first(config: TrainConfig) -> None:
    config = config.replace(max_images=100, learning_rate=1.0, schedule="cosine", decay_start=0.0)
    rates = [scheduled_learning_rate(config, RunState(seen)) for seen in (0, 25, 50, 75)]
    assert rates == pytest.approx([1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2])


def test_the_learning_rate_rises_over_the_warm_up(config: TrainConfig) -> None:
    config = config.replace(max_images=1000, learning_rate=1.0, warmup_images=9)
    rates = [scheduled_learning_rate(config, RunState(seen)) for seen in (0, 4, 9, 10)]
    assert rates == pytest.approx([0.1, 0.5, 1, 1])


def test_the_nearer_limit_ends_a_run(config: TrainConfig) -> None:
    config = config.replace(max_images=100, max_minutes=10)
    assert run_share(config, RunState(images_seen=50, elapsed_s=60)) == 0.5
    assert run_share(config, RunState(images_seen=50, elapsed_s=540)) == 0.9
    assert run_share(config.replace(max_images=0), RunState(50, 300)) == 0.5
    assert run_share(config, RunState(images_seen=500)) == 1


def test_a_time_limit_ends_a_run(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(0, 10_000, 20))  # a clock that gains 20 seconds at every look
    monkeypatch.setattr(train_module.time, "monotonic", lambda: float(next(ticks)))
    state = train(config.replace(max_images=0, max_minutes=2), tmp_path)
    assert state.images_seen == 6  # 6 steps of 20 seconds
    assert load_checkpoint(tmp_path / "latest.pt")["run"]["images_seen"] == 6


def test_ctrl_c_saves_and_exits_130_and_the_same_command_goes_on(
    tmp_path: Path, data_dir: Path, config: TrainConfig
) -> None:
    command = [
        sys.executable, "-m", "cyclegan", "train",
        "--data", str(data_dir), "--out", str(tmp_path / "run"), "--no-compile",
        "--max-images", "100000", "--set", "generator_width=8", "--set", "generator_blocks=1",
        "--set", "discriminator_width=8", "--set", "crop_size=32", "--set", "load_size_min=32",
        "--set", "load_size_max=40", "--set", "log_every=1", "--set", "precision=fp32",
        "--set", "evaluate_every=0",
    ]  # fmt: skip
    log = tmp_path / "run" / "log.jsonl"
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 240
        while not (log.exists() and log.read_text().count("\n") > 3):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline, "no training step within four minutes"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "run the same command again to continue" in errors
    assert "Traceback" not in errors
    reached = load_checkpoint(tmp_path / "run" / "latest.pt")["run"]["images_seen"]
    assert reached >= 4
    assert losses_of(tmp_path / "run")[-1]["images_seen"] == reached
    assert "Stopped at 0 %" in (tmp_path / "run" / "report.html").read_text()

    command[command.index("100000")] = str(reached + 3)
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    rows = losses_of(tmp_path / "run")
    assert [row["images_seen"] for row in rows] == list(range(1, reached + 4))
