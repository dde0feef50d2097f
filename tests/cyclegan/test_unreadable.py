from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cyclegan.checkpoint import load_checkpoint
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import DatasetError
from cyclegan.dataset import UnpairedDataset, iterate_batches, order_of
from cyclegan.report import load_sheet_pictures
from cyclegan.train import train
from cyclegan.unreadable import Unreadable, remember, tolerated
from tests.cyclegan.runs import KilledError, assert_same, kill_at, losses_of, timeless

COUNT = 200  # pictures of domain A: two of them may be unreadable


@pytest.fixture
def config(config: TrainConfig, tmp_path: Path) -> TrainConfig:
    folder = tmp_path / "A"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(COUNT):
        rgb = rng.integers(0, 256, (34, 34, 3), dtype=np.uint8)
        Image.fromarray(rgb).save(folder / f"{index:03}.png")
    return config.replace(domain_a=str(folder))


def spoil(config: TrainConfig, *places: int) -> list[Path]:
    """Cut off the pictures of A that have these places in the first epoch."""
    paths = sorted(Path(config.domain_a).iterdir())
    spoilt = [paths[order_of(config.seed, 0, 0, COUNT)[place]] for place in places]
    for path in spoilt:
        path.write_bytes(path.read_bytes()[:100])
    return spoilt


@pytest.mark.parametrize("num_workers", [0, 1])
def test_the_next_picture_of_the_epoch_takes_the_place(
    config: TrainConfig, num_workers: int
) -> None:
    settings = config.replace(num_workers=num_workers, load_size_max=34, crop_size=32, flip=False)
    dataset = UnpairedDataset(settings)
    whole = list(islice(iterate_batches(dataset, settings, 0), 6))
    first, second = spoil(config, 2, 3)
    spoilt = list(islice(iterate_batches(dataset, settings, 0), 6))
    resumed = next(iterate_batches(dataset, settings, 2))
    assert [list(batch.unreadable["A"]) for batch in spoilt] == [
        [], [], [str(first), str(second)], [str(second)], [], []
    ]  # fmt: skip
    sentence = spoilt[2].unreadable["A"][str(first)]
    assert sentence.startswith(f"{first} is truncated or damaged")
    assert "\n" not in sentence
    for place in (0, 1, 4, 5):
        assert torch.equal(spoilt[place].real_A, whole[place].real_A)
    assert torch.equal(resumed.real_A, spoilt[2].real_A)
    assert [batch.unreadable["B"] for batch in spoilt] == [{}] * 6
    assert not torch.equal(spoilt[2].real_A, spoilt[3].real_A)  # other crops of the same picture


def test_a_sample_knows_which_picture_it_is_of(config: TrainConfig) -> None:
    spoil(config, 2, 3)
    stream = UnpairedDataset(config).domain_a
    for number, rgb, *_ in map(stream.load, range(5)):
        with Image.open(stream.paths[number]) as picture:
            assert (np.asarray(picture) == rgb).all()


def test_a_batch_tells_of_all_its_samples(config: TrainConfig) -> None:
    settings = config.replace(batch_size=4)
    first, second = spoil(config, 0, 3)
    batch = next(iterate_batches(UnpairedDataset(settings), settings, 0))
    assert set(batch.unreadable["A"]) == {str(first), str(second)}
    assert batch.real_A.shape == (4, 3, 32, 32)


def test_a_run_warns_once_counts_and_lists_at_the_end(
    tmp_path: Path, config: TrainConfig, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = spoil(config, 1, 4)
    train(config.replace(max_images=3), tmp_path / "run")
    assert load_checkpoint(tmp_path / "run" / "latest.pt")["run"]["unreadable"]["A"].keys() == {
        str(first)
    }
    caplog.clear()
    state = train(config.replace(max_images=8), tmp_path / "run")
    met, listed = (record.getMessage() for record in caplog.records if record.levelname != "INFO")
    assert met.startswith(f"{second} is truncated")
    assert listed.startswith("left out, since they cannot be read: 2\n")
    assert str(first) in listed  # a resumed run still knows it
    assert state.unreadable["A"].keys() == {str(first), str(second)}
    log = (tmp_path / "run" / "log.jsonl").read_text()
    assert '{"images_seen": 2, "unreadable": 1}\n' in log
    assert '{"images_seen": 5, "unreadable": 2}\n' in log


def test_more_than_one_in_a_hundred_stops_the_run_and_spares_the_checkpoint(
    tmp_path: Path, config: TrainConfig
) -> None:
    spoilt = spoil(config, 1, 2, 4)
    with pytest.raises(DatasetError, match="3 of the 200 pictures of domain A") as caught:
        train(config.replace(checkpoint_every=2), tmp_path / "run")
    assert all(str(path) in str(caught.value) for path in spoilt)
    assert load_checkpoint(tmp_path / "run" / "latest.pt")["run"]["images_seen"] == 4
    assert not any(path.name.startswith(".tmp") for path in (tmp_path / "run").iterdir())
    for path in spoilt:
        path.unlink()
    assert train(config.replace(checkpoint_every=2), tmp_path / "run").images_seen == 6


@pytest.mark.parametrize(
    ("pictures", "allowed"), [(0, 0), (2, 0), (3, 1), (99, 1), (199, 1), (200, 2)]
)
def test_one_of_a_few_may_be_unreadable_where_two_remain(pictures: int, allowed: int) -> None:
    assert tolerated(pictures) == allowed
    known: Unreadable = {}
    met = {"A": {f"{number}.png": "why" for number in range(allowed)}}
    assert remember(known, met, (pictures,)) is (allowed > 0)
    with pytest.raises(DatasetError, match=f"and at most {allowed} may be left out; mend"):
        remember(known, {"A": {"one more.png": "why"}}, (pictures,))


def test_a_domain_that_cannot_be_read_at_all_stops_the_run_at_once(
    tmp_path: Path, config: TrainConfig
) -> None:
    for path in Path(config.domain_a).iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"can be read \(`cyclegan doctor`.*000.png is not a"):
        train(config, tmp_path / "run")


def test_sheets_go_on_with_the_next_picture(config: TrainConfig) -> None:
    paths = sorted(Path(config.domain_a).iterdir())
    (second,) = load_sheet_pictures(paths[1:], 1, 32)
    paths[0].write_bytes(b"")
    (first,) = load_sheet_pictures(paths, 1, 32)
    assert torch.equal(first, second)


def test_what_was_left_out_is_part_of_a_bit_exact_resume(
    tmp_path: Path, config: TrainConfig
) -> None:
    spoil(config, 1, 4)
    train(config, tmp_path / "whole")
    with pytest.raises(KilledError):
        train(config, tmp_path / "cut", on_progress=kill_at(4))
    train(config.replace(num_workers=1), tmp_path / "cut")
    whole, cut = (load_checkpoint(tmp_path / name / "latest.pt") for name in ("whole", "cut"))
    assert_same(timeless(cut)["run"], timeless(whole)["run"])
    assert_same(cut["step"], whole["step"])
    assert losses_of(tmp_path / "cut") == losses_of(tmp_path / "whole")
