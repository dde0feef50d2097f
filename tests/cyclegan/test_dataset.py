import os
import pickle
import re
import signal
import tracemalloc
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cyclegan.config import TrainConfig
from cyclegan.contract.errors import DatasetError, TrainingError
from cyclegan.dataset import Batch, DomainStream, UnpairedDataset, iterate_batches, scale
from cyclegan.domains import names_of_folders, resolve_domains
from cyclegan.train import train


def test_samples_are_crops_in_the_networks_range(config: TrainConfig) -> None:
    real_A, real_B, *_ = next(iterate_batches(UnpairedDataset(config), config, 0))
    assert real_A.shape == real_B.shape == (1, 3, 32, 32)
    assert real_A.dtype == torch.float32
    assert real_A.abs().max() <= 1
    # red noise is 127..255 in its first channel, blue noise in its last
    assert real_A[0, 0].mean() > real_A[0, 2].mean()
    assert real_B[0, 0].mean() < real_B[0, 2].mean()


def test_an_epoch_shows_every_picture_once(tmp_path: Path, config: TrainConfig) -> None:
    for value in range(10):
        Image.new("RGB", (32, 32), (value * 20,) * 3).save(tmp_path / f"{value}.png")
    stream = DomainStream(
        sorted(tmp_path.iterdir()), config.replace(load_size_min=32, load_size_max=32), salt=0
    )
    epochs = [
        [round(float(stream[i][0].mean()), 3) for i in islice(range(s, s + 10), 10)]
        for s in (0, 10)
    ]
    assert len(set(epochs[0])) == 10
    assert sorted(epochs[0]) == sorted(epochs[1])
    assert epochs[0] != epochs[1]  # in another order


def test_a_sample_depends_on_its_place_alone(config: TrainConfig) -> None:
    batches = list(islice(iterate_batches(UnpairedDataset(config), config, 0), 8))
    resumed = list(islice(iterate_batches(UnpairedDataset(config), config, 3), 5))
    for (a, b, *_), (resumed_a, resumed_b, *_) in zip(batches[3:], resumed, strict=True):
        assert torch.equal(a, resumed_a)
        assert torch.equal(b, resumed_b)


def test_workers_do_not_change_the_stream(config: TrainConfig) -> None:
    alone = list(islice(iterate_batches(UnpairedDataset(config), config, 0), 4))
    with_workers = config.replace(num_workers=2)  # also where there is one CPU
    helped = list(islice(iterate_batches(UnpairedDataset(config), with_workers, 0), 4))
    for (a, b, *_), (helped_a, helped_b, *_) in zip(alone, helped, strict=True):
        assert torch.equal(a, helped_a)
        assert torch.equal(b, helped_b)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_workers_leave_a_signal_to_the_training(
    config: TrainConfig, number: signal.Signals
) -> None:
    class Interrupted(UnpairedDataset):
        def __getitem__(self, index: int) -> Batch:
            os.kill(os.getpid(), number)  # as Ctrl-C on a terminal does, and `timeout`
            return super().__getitem__(index)

    config = config.replace(num_workers=1)
    assert next(iterate_batches(Interrupted(config), config, 0)).real_A.shape == (1, 3, 32, 32)


def test_a_worker_that_the_system_ends_is_told_and_what_to_do(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ended(UnpairedDataset):
        def __getitem__(self, index: int) -> Batch:
            os.kill(os.getpid(), signal.SIGKILL)  # as Linux does where memory is short
            return super().__getitem__(index)

    monkeypatch.setattr("cyclegan.train.open_dataset", lambda config, _run: Ended(config))
    with pytest.raises(TrainingError, match=r"ended from outside \(.*\).*--set num_workers=0"):
        train(config.replace(num_workers=1), tmp_path)
    monkeypatch.undo()
    assert train(config, tmp_path).images_seen == 6


def test_the_stream_is_that_of_the_first_runs(tmp_path: Path, config: TrainConfig) -> None:
    # Golden: what the first version drew, so that a change of the stream is one on purpose. The
    # first and the fifth are of the picture that is enlarged, which is bicubic since.
    rng = np.random.default_rng(0)
    for index, shape in enumerate([(40, 57, 3), (90, 48, 3), (20, 150, 3), (300, 400, 3)]):
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(tmp_path / f"{index}.png")
    stream = DomainStream(sorted(tmp_path.iterdir()), config, salt=0)
    golden = [
        ([66, 37, 111, 190, 237, 222], 395884),
        ([183, 135, 98, 53, 209, 2], 395592),
        ([114, 139, 153, 77, 132, 178], 388047),
        ([139, 133, 129, 130, 131, 123], 391342),
        ([2, 55, 115, 49, 5, 124], 387173),
        ([139, 215, 189, 171, 114, 138], 393054),
        ([130, 115, 139, 119, 112, 134], 391435),
        ([90, 67, 106, 158, 98, 91], 394048),
    ]
    for index, (start, total) in enumerate(golden):
        values = ((stream[index][0] + 1) * 127.5).round().int()
        assert (values[0, 0, :6].tolist(), int(values.sum())) == (start, total)


def test_the_domains_draw_their_crops_apart(tmp_path: Path, config: TrainConfig) -> None:
    Image.effect_noise((64, 64), 64).save(tmp_path / "only.png")
    a, b = (DomainStream(list(tmp_path.iterdir()), config, salt) for salt in (0, 1))
    assert not any(torch.equal(a[index][0], b[index][0]) for index in range(5))


@pytest.mark.parametrize("shape", [(60, 20_000), (20_000, 60), (1, 3000)])
def test_a_strip_is_cut_before_it_is_scaled(
    tmp_path: Path, config: TrainConfig, shape: tuple[int, int]
) -> None:
    ramp = np.linspace(0, 255, max(shape)).astype(np.uint8)
    strip = np.broadcast_to(ramp if shape[1] > shape[0] else ramp[:, None], shape)
    for name in ("a.png", "b.png"):
        Image.fromarray(strip).save(tmp_path / name)
    settings = config.replace(load_size_min=286, load_size_max=286, crop_size=256)
    stream = DomainStream(sorted(tmp_path.iterdir()), settings, salt=0)
    stream[0]  # what is loaded on first use does not count
    tracemalloc.start()
    means = [float(stream[index][0].mean()) for index in range(1, 21)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The strip in RGB is 3.6 MB; scaled as a whole it would be 81.8 MB.
    assert peak < 20 * 2**20
    assert min(means) < -0.5 < 0.5 < max(means)  # from all over it


def test_pictures_keep_their_aspect_ratio(tmp_path: Path, config: TrainConfig) -> None:
    # A disc of 32 in a picture of 128 x 64, scaled to a short side of 32: a disc of 16.
    rgb = np.zeros((64, 128, 3), np.uint8)
    y, x = np.mgrid[:64, :128]
    rgb[(y - 31.5) ** 2 + (x - 63.5) ** 2 < 16**2] = 255
    for name in ("a.png", "b.png"):
        Image.fromarray(rgb).save(tmp_path / name)
    settings = config.replace(load_size_min=32, load_size_max=32, flip=False)
    stream = DomainStream(sorted(tmp_path.iterdir()), settings, salt=0)
    disc = next(
        crop
        for i in range(50)
        if (crop := stream[i][0][0] > 0)[:, [0, -1]].sum() == 0 and crop.any()
    )
    rows, columns = disc.any(1).sum(), disc.any(0).sum()
    assert abs(int(rows) - 16) <= 1
    assert abs(int(columns) - 16) <= 1


def test_pictures_are_enlarged_without_steps_and_made_smaller_by_averages() -> None:
    ramp = np.arange(0, 256, 16, dtype=np.uint8)
    rgb = np.broadcast_to(ramp[None, :, None], (16, 16, 3))
    enlarged = scale(rgb, 32)[16, :, 0].astype(int)  # by OpenCV's averages each is there twice
    assert (np.diff(enlarged)[2:-2] > 0).all()
    assert scale(rgb, 8)[4, :, 0].tolist() == ramp.reshape(8, 2).mean(1).tolist()


@pytest.mark.parametrize("flip", [False, True])
def test_pictures_are_mirrored_only_where_that_is_asked_for(
    tmp_path: Path, config: TrainConfig, flip: bool
) -> None:
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[:, None] * 4, (64, 64, 3))
    Image.fromarray(ramp).save(tmp_path / "to the right brighter.png")
    stream = DomainStream(list(tmp_path.iterdir()), config.replace(flip=flip), salt=0)
    is_mirrored = {bool(stream[i][0][0, 0, 0] > stream[i][0][0, 0, -1]) for i in range(20)}
    assert is_mirrored == ({False, True} if flip else {False})


def test_a_domain_of_one_picture_is_refused(tmp_path: Path, config: TrainConfig) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "only.png")
    with pytest.raises(DatasetError, match="found 1 picture, expected at least 2"):
        UnpairedDataset(config.replace(domain_b=str(tmp_path)))


def test_fewer_pictures_than_a_batch_are_refused_before_there_is_a_run(
    tmp_path: Path, config: TrainConfig
) -> None:
    with pytest.raises(DatasetError, match=r"trainA: found 5 pictures.*\(6\).*batch_size=5"):
        train(config.replace(batch_size=6), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_folders_come_from_data_or_one_by_one(data_dir: Path) -> None:
    folders = (data_dir / "trainA", data_dir / "trainB")
    assert resolve_domains(data_dir, None, None) == folders
    assert resolve_domains(None, *folders) == folders


@pytest.mark.parametrize(
    ("a", "b", "named"),
    [
        ("horses", "my zebras", True),
        ("trainA", "TrainB", False),
        ("horses", "trainB", False),
        ("1/photos", "2/Photos", False),
    ],
)
def test_domains_are_called_as_folders_that_say_something(
    tmp_path: Path, a: str, b: str, named: bool
) -> None:
    found = names_of_folders(tmp_path / a, tmp_path / b)
    assert found == ({"name_a": a, "name_b": b} if named else {})


@pytest.mark.parametrize(
    "given", [(None, None, None), (None, Path("a"), None), (Path("d"), Path("a"), Path("b"))]
)
def test_half_given_folders_are_refused(given: tuple[Path | None, ...]) -> None:
    with pytest.raises(DatasetError, match=r"--data DIR, .* or both --domain-a DIR"):
        resolve_domains(*given)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="trainA: no such folder; expected"):
        resolve_domains(tmp_path, None, None)
    with pytest.raises(DatasetError, match="nowhere/trainA: no such folder; expected"):
        resolve_domains(tmp_path / "nowhere", None, None)


def test_folders_that_are_there_in_place_of_a_missing_one_are_named(tmp_path: Path) -> None:
    for name in ("zebras", "horses"):
        (tmp_path / name).mkdir()
    found = re.escape(f"no such folder ({tmp_path} has horses, zebras); expected a folder with")
    with pytest.raises(DatasetError, match=found):
        resolve_domains(tmp_path, None, None)
    for name in (".cache", "asses", "ponies", "mules"):
        (tmp_path / name).mkdir()
    found = re.escape(f"({tmp_path} has asses, horses, mules, ponies, ...); expected")
    with pytest.raises(DatasetError, match=found):
        resolve_domains(tmp_path, None, None)


@pytest.mark.parametrize("names", [("trainA", "trainA"), (".", "trainB"), ("trainA", "trainB/..")])
def test_domains_that_share_pictures_are_refused(data_dir: Path, names: tuple[str, str]) -> None:
    with pytest.raises(DatasetError, match="two folders of different pictures"):
        resolve_domains(None, *(data_dir / name for name in names))


def test_a_dataset_can_be_sent_to_a_worker_that_was_not_forked(config: TrainConfig) -> None:
    dataset = UnpairedDataset(config)
    sent = pickle.loads(pickle.dumps(dataset))
    for ours, theirs in zip(dataset[3][:2], sent[3][:2], strict=True):
        assert torch.equal(ours, theirs)
