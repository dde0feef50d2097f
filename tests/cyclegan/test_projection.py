import copy
from pathlib import Path

import pytest
import timm
import torch
from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name
from safetensors.torch import save_file
from torch import nn

from cyclegan.config import TrainConfig
from cyclegan.contract.errors import CheckpointError, ConfigError
from cyclegan.losses import self_similarity_distance
from cyclegan.one_way import SimGANStep
from cyclegan.projection import REDUCTIONS, Projection, load_projection
from cyclegan.readings import take_readings
from cyclegan.step import Step
from cyclegan.two_way import CycleGANStep
from tests.cyclegan.conftest import BACKBONE
from tests.cyclegan.runs import assert_same


def test_it_sees_what_the_network_of_timm_sees(backbone_file: Path) -> None:
    projection = load_projection(BACKBONE, str(backbone_file), width=8)
    network = timm.create_model(BACKBONE).eval()
    network.load_state_dict(torch.load(backbone_file))
    rgb = torch.rand(1, 3, 64, 96)
    mean, std = (torch.tensor(network.default_cfg[name]) for name in ("mean", "std"))
    x = (rgb - mean[:, None, None]) / std[:, None, None]
    seen: list[torch.Tensor] = []
    projection.backbone.register_forward_hook(lambda *_: seen.extend(_[-1]))
    *maps, picture = projection(2 * rgb - 1)
    assert picture.equal(2 * rgb - 1)
    last = {info["reduction"]: index for index, info in enumerate(network.feature_info)}
    wanted = network.forward_intermediates(x, intermediates_only=True)
    for reduction, features, each in zip(REDUCTIONS, seen, maps, strict=True):
        torch.testing.assert_close(features, wanted[last[reduction]])
        assert each.shape == (1, 8, 64 // reduction, 96 // reduction)


def test_mixing_goes_from_coarse_to_fine() -> None:
    class Flat(nn.Module):
        """Answers zeros at every scale but one."""

        def __init__(self, scale: int) -> None:
            super().__init__()
            self.scale = scale

        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            maps = [torch.zeros(1, 2, 64 // each, 64 // each) for each in REDUCTIONS]
            maps[self.scale] += 1
            return maps

    def reached(scale: int) -> list[bool]:
        projection = Projection(Flat(scale), [2] * 4, (0.5,) * 3, (0.5,) * 3, width=4)
        return [bool(each.any()) for each in projection(torch.zeros(1, 3, 64, 64))[:-1]]

    assert reached(3) == [True] * 4
    assert reached(1) == [True, True, False, False]


def test_pictures_learn_from_it_and_it_learns_nothing(backbone_file: Path) -> None:
    projection = load_projection(BACKBONE, str(backbone_file), width=8).train()
    before = copy.deepcopy(projection.state_dict())
    fake = torch.zeros(1, 3, 32, 32, requires_grad=True)
    torch.stack([each.square().mean() for each in projection(fake)[:-1]]).sum().backward()
    assert fake.grad is not None
    assert fake.grad.abs().max() > 0
    assert not any(parameter.requires_grad for parameter in projection.parameters())
    assert_same(projection.state_dict(), before)  # nor do its norms follow the pictures


def test_every_run_mixes_alike(backbone_file: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        one = load_projection(BACKBONE, str(backbone_file), width=8)
    assert_same(load_projection(BACKBONE, str(backbone_file), 8).state_dict(), one.state_dict())


@pytest.fixture
def projected(config: TrainConfig, backbone_file: Path) -> TrainConfig:
    return config.replace(
        discriminator="projected", discriminator_backbone=BACKBONE,
        discriminator_weights=str(backbone_file), objective="hinge",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "settings"),
    [(CycleGANStep, {}), (SimGANStep, {"method": "simgan", "lambda_cycle": 0.0})],
)
def test_what_places_are_like_one_another_is_compared_in_the_middle_of_its_scales(
    projected: TrainConfig, kind: type[Step], settings: dict[str, object]
) -> None:
    step = kind(projected.replace(lambda_similarity=1.0, **settings))
    reals = torch.rand(2, 1, 3, 32, 32) * 2 - 1
    look = load_projection(BACKBONE, projected.discriminator_weights, 64).look
    wanted = {}
    for way, real in (("AB", reals[0]), ("BA", reals[1])):
        if f"G_{way}" in step.networks:
            with torch.no_grad():
                fake = step.networks[f"G_{way}"](real)
            (_, *of_fake, _), (_, *of_real, _) = look(fake), look(real)
            pairs = zip(of_fake, of_real, strict=True)
            wanted[f"similarity_{way}"] = sum(self_similarity_distance(*pair) for pair in pairs) / 2
    found = step(*reals, learning_rate=1e-3)
    torch.testing.assert_close({name: found[name] for name in wanted}, wanted)


def test_a_step_keeps_nothing_of_it_and_readings_leave_it_alone(projected: TrainConfig) -> None:
    step = CycleGANStep(projected)
    assert step.state_dict().keys() == CycleGANStep(TrainConfig()).state_dict().keys()
    reals = torch.rand(2, 3, 32, 32) * 2 - 1
    judge = step.judge_of("B")
    before = copy.deepcopy(judge[0].state_dict())
    readings = take_readings(step, reals, reals)
    assert readings["adv_gradient_AB"] > 0
    step(reals, reals, learning_rate=1e-3)
    assert_same(judge[0].state_dict(), before)
    with torch.no_grad():
        logits = judge(reals)
    assert logits.shape == (2, 4, 2, 2)


def test_weights_may_be_safetensors(tmp_path: Path, backbone_file: Path) -> None:
    weights = torch.load(backbone_file)
    save_file(weights, tmp_path / "model.safetensors")
    found = load_projection(BACKBONE, str(tmp_path / "model.safetensors"), width=8)
    assert_same(found.state_dict(), load_projection(BACKBONE, str(backbone_file), 8).state_dict())
    (tmp_path / "model.safetensors").write_bytes(b"<html>")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: damaged, or not a file of"):
        load_projection(BACKBONE, str(tmp_path / "model.safetensors"), width=8)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("test_efficientnt", r"timm knows no model 'test_efficientnt'.*test_efficientnet"),
        ("test_efficientnet.in7k", r"timm has no weights of test_efficientnet\.in7k.*\.r160_in1k"),
        ("lcnet_035", r"timm has no weights of lcnet_035.*; give their file as discriminator_w"),
        ("test_vit", r".*has them at 1/16, of 160 pixels\. Take a convolutional one"),
        ("hardcorenas_a", r".*hardcorenas_a cannot be looked through \(.*Take a convolutional"),
    ],
)
def test_a_network_without_the_scales_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=f"discriminator_backbone: {sentence}"):
        load_projection(name, "", width=8)


def test_a_tag_that_timm_does_not_know_is_refused_beside_a_file(backbone_file: Path) -> None:
    with pytest.raises(ConfigError, match=r"looked through \(Invalid pretrained tag \(in7k\)"):
        load_projection(f"{BACKBONE}.in7k", str(backbone_file), width=8)


def test_a_network_that_does_not_take_every_size_is_refused(tmp_path: Path) -> None:
    """One that does not say so itself."""
    with torch.device("meta"):
        shapes = timm.create_model("halonet26t").state_dict()
    file = tmp_path / "halonet26t.pth"
    torch.save({name: torch.zeros(each.shape) for name, each in shapes.items()}, file)
    with pytest.raises(ConfigError, match=r"halonet26t cannot be looked through \(AssertionError"):
        load_projection("halonet26t", str(file), width=8)


def test_weights_of_another_network_are_refused(backbone_file: Path) -> None:
    with pytest.raises(CheckpointError, match=r"expected .* found .*; give the weights of timm's"):
        load_projection("lcnet_035", str(backbone_file), width=8)


def test_weights_that_cannot_be_fetched_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"cannot be fetched .*; give their file as discrim"):
        load_projection(BACKBONE, "", width=8)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The hosts that were asked for, none of which answers; nothing was fetched before."""
    hosts: list[object] = []

    def find(host: object, *_: object, **__: object) -> None:
        hosts.append(host)
        raise OSError("no network")

    monkeypatch.setattr("socket.getaddrinfo", find)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return hosts


def test_a_hub_that_does_not_answer_is_asked_once(asked: list[object]) -> None:
    with pytest.raises(CheckpointError, match=r"cannot be fetched .*; give their file as discrim"):
        load_projection(BACKBONE, "", width=8)
    assert asked == ["huggingface.co"]


def test_weights_that_were_fetched_before_are_taken_without_asking(
    tmp_path: Path, asked: list[object], backbone_file: Path
) -> None:
    hub = timm.create_model(BACKBONE).default_cfg["hf_hub_id"]
    kept = tmp_path / repo_folder_name(repo_id=hub, repo_type="model")
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text("newest")
    (kept / "snapshots" / "newest").mkdir(parents=True)
    save_file(torch.load(backbone_file), kept / "snapshots" / "newest" / "model.safetensors")
    found = load_projection(BACKBONE, "", width=8)
    assert_same(found.state_dict(), load_projection(BACKBONE, str(backbone_file), 8).state_dict())
    assert not asked
