"""What the training tests share: two folders of small pictures and a config of a second or two."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="training needs the extra: train")

import onnx
import timm
import torch
from onnx import TensorProto, helper

from cyclegan.config import TrainConfig
from tests.cyclegan.runs import DISTILL

BACKBONE = "test_efficientnet"  # of timm: made for tests, 0.4 million weights


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders trainA, trainB, testA, testB: reddish and bluish noise of several sizes."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for domain, channel in (("A", 0), ("B", 2)):
        for split, count in (("train", 5), ("test", 4)):
            folder = root / f"{split}{domain}"
            folder.mkdir()
            for index in range(count):
                height, width = rng.integers(40, 60, 2)
                rgb = rng.integers(0, 128, (height, width, 3), dtype=np.uint8)
                rgb[..., channel] += 127
                Image.fromarray(rgb).save(folder / f"{index}.png")
    return root


@pytest.fixture(scope="session")
def vgg_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights by the names and shapes of torchvision's VGG16, as far as they are needed."""
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for index, (channels, filters) in {
        0: (3, 64),
        2: (64, 64),
        5: (64, 128),
        7: (128, 128),
    }.items():
        weight = torch.randn(filters, channels, 3, 3, generator=generator)
        weights[f"features.{index}.weight"] = (
            weight * (2 / (9 * channels)) ** 0.5
        )  # keeps the scale
        weights[f"features.{index}.bias"] = torch.zeros(filters)
    path = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    torch.save(weights, path)
    return path


@pytest.fixture(scope="session")
def backbone_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of `BACKBONE`."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = timm.create_model(BACKBONE)
    path = tmp_path_factory.mktemp("backbone") / "backbone.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture
def config(data_dir: Path) -> TrainConfig:
    """A whole run of 6 steps on a CPU, float32 and eager, with every part switched on."""
    return TrainConfig(
        domain_a=str(data_dir / "trainA"),
        domain_b=str(data_dir / "trainB"),
        name_a="red",
        name_b="blue",
        generator="plain",
        generator_width=8,
        generator_blocks=1,
        discriminator_width=8,
        load_size_min=34,
        load_size_max=40,
        crop_size=32,
        pool_size=2,
        max_images=6,
        num_workers=0,
        log_every=2,
        sheet_every=6,
        checkpoint_every=3,
        sheet_pictures=2,
    )


@pytest.fixture
def student(config: TrainConfig) -> TrainConfig:
    """The run of six steps as one that learns from the teacher of `taught_run`."""
    return config.replace(**DISTILL)


@pytest.fixture
def taught_run(tmp_path: Path, weights_dir: Path) -> Path:
    """A run folder that has the teacher `negate` and nothing else."""
    folder = tmp_path / "taught"
    shutil.copytree(weights_dir, folder / "teacher")
    return folder


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """A network whose features are the mean colour, and whose classes are the brightest channel."""
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["features"]),
            helper.make_node("Softmax", ["features"], ["probs"]),
        ],
        "colour",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, 8, 8])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3])
            for name in ("features", "probs")
        ],
    )
    path = tmp_path / "colour.onnx"
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return path
