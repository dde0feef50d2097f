import errno
import shutil
from pathlib import Path

import pytest

from cyclegan.config import TrainConfig, read_config
from cyclegan.contract.errors import ConfigError, DatasetError, StorageError
from cyclegan.run_claim import claim_run
from cyclegan.train import train
from tests.cyclegan.runs import command


def test_a_folder_is_trained_in_by_one_process(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cyclegan.run_claim.ORPHANS_S", 0.1)
    with (
        claim_run(config, tmp_path),
        pytest.raises(ConfigError, match=r"another process trains there; wait for its end, or"),
    ):
        train(config, tmp_path)
    assert not (tmp_path / "latest.pt").exists()
    assert train(config, tmp_path).images_seen == 6


def test_another_config_is_refused_before_what_it_names_is_looked_for(
    tmp_path: Path, config: TrainConfig
) -> None:
    train(config, tmp_path)
    other = config.replace(discriminator="projected", discriminator_weights="gone.pth")
    with pytest.raises(ConfigError, match="holds a run with another config: discriminator is"):
        train(other, tmp_path)


def test_a_new_run_whose_folder_is_deleted_says_so(tmp_path: Path, config: TrainConfig) -> None:
    run = tmp_path / "run"
    with pytest.raises(StorageError, match=r"run/.* could not be written: no such file"):
        train(config, run, on_progress=lambda _: shutil.rmtree(run, ignore_errors=True))


def test_a_start_that_is_refused_leaves_nothing_behind(tmp_path: Path, config: TrainConfig) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / "A").mkdir(exist_ok=True)
        (tmp_path / "A" / name).write_text("no picture")
    with pytest.raises(DatasetError, match="none of the pictures for sample sheets can be read"):
        train(config.replace(domain_a=str(tmp_path / "A")), tmp_path / "new" / "deep" / "run")
    assert not (tmp_path / "new").exists()


def test_a_file_is_no_run_folder(tmp_path: Path, config: TrainConfig) -> None:
    (tmp_path / "a.jpg").touch()
    for run in (tmp_path / "a.jpg", tmp_path / "a.jpg" / "run"):
        with pytest.raises(ConfigError, match=r"a\.jpg is a file, and a run is a folder; give an"):
            train(config, run)


def test_a_file_system_without_locks_does_without(
    tmp_path: Path,
    config: TrainConfig,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with claim_run(config, tmp_path):
        assert "its file system knows no locks" in caplog.text


def test_a_disk_that_fails_is_not_taken_for_one_without_locks(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("fcntl.flock", fail)
    with (
        pytest.raises(StorageError, match="could not be written: input/output error"),
        claim_run(config, tmp_path),
    ):
        pass


def test_what_a_killed_process_left_half_written_is_removed(
    tmp_path: Path, config: TrainConfig
) -> None:
    left = [tmp_path / ".tmp-0123456789ab.pt", tmp_path / "sheets" / ".tmp-0123456789ab.jpg"]
    (tmp_path / "sheets").mkdir()
    for path in left:
        path.touch()
    train(config, tmp_path)
    assert not any(path.exists() for path in left)


def test_another_config_is_refused_by_key(tmp_path: Path, config: TrainConfig) -> None:
    train(config, tmp_path)
    before = (tmp_path / "latest.pt").read_bytes()
    with pytest.raises(ConfigError, match=r"lambda_cycle is 10.0 there and 5.0 here.*--out"):
        train(config.replace(lambda_cycle=5.0), tmp_path)
    assert (tmp_path / "latest.pt").read_bytes() == before


def test_a_config_that_is_lost_is_still_that_of_the_run(
    tmp_path: Path, config: TrainConfig
) -> None:
    train(config, tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(ConfigError, match=r"lambda_cycle is 10.0 there and 5.0 here"):
        train(config.replace(lambda_cycle=5.0, max_images=8), tmp_path)


@pytest.mark.parametrize("key", ["domain_a", "domain_b", "neither", "test_a", "test_b"])
def test_a_run_does_not_lie_among_its_pictures(
    tmp_path: Path, config: TrainConfig, data_dir: Path, key: str
) -> None:
    folder = shutil.copytree(data_dir / "trainA", tmp_path / "pictures")
    run = folder / "runs" / "run"
    with pytest.raises(ConfigError, match=r"run lies in .*pictures, and its sheets would be taken"):
        train(config.replace(**{key: str(folder)}), run)
    assert not run.exists()


def test_a_run_does_not_begin_around_its_pictures(
    tmp_path: Path, config: TrainConfig, data_dir: Path
) -> None:
    data = shutil.copytree(data_dir, tmp_path / "data")
    config = config.replace(domain_a=f"{data}/trainA", domain_b=f"{data}/trainB")
    with pytest.raises(ConfigError, match=r"data has the pictures trainA in it, and whoever"):
        train(config, data)
    assert sorted(path.name for path in data.iterdir()) == ["testA", "testB", "trainA", "trainB"]
    train(config, data / "run")


@pytest.mark.parametrize("key", ["domain_b", "neither", "test_a"])
def test_a_run_does_not_begin_with_a_folder_of_which_another_is_part(
    tmp_path: Path, config: TrainConfig, data_dir: Path, key: str
) -> None:
    folder = shutil.copytree(data_dir / "trainA", tmp_path / "reds")
    inside = shutil.copytree(data_dir / "testA", folder / "more")
    run = tmp_path / "run"
    with pytest.raises(DatasetError, match=r"reds and .*more: expected two folders of different"):
        train(config.replace(domain_a=str(folder), **{key: str(inside)}), run)
    assert not run.exists()


def test_a_run_goes_on_whose_places_were_named_from_elsewhere(
    tmp_path: Path, config: TrainConfig, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data_dir)
    train(config.replace(test_a="testA"), tmp_path)
    train(config.replace(test_a=str(data_dir / "testA"), max_images=8), tmp_path)
    assert read_config(tmp_path / "config.json").test_a == str(data_dir / "testA")


def test_a_run_goes_on_where_its_pictures_have_moved(
    tmp_path: Path, config: TrainConfig, data_dir: Path
) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    shutil.copytree(data_dir / "trainA", before)
    train(config.replace(domain_a=str(before)), tmp_path / "run")
    shutil.copytree(before, now)
    moved = config.replace(domain_a=str(now), max_images=8)
    with pytest.raises(ConfigError, match=r"domain_a is .*before' there and .*now' here"):
        train(moved, tmp_path / "run")
    shutil.rmtree(before)
    with pytest.raises(DatasetError, match=r"before: no such folder, though domain_a names it; "):
        command("train", "--out", tmp_path / "run")
    assert train(moved, tmp_path / "run").images_seen == 8
