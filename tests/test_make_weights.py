"""The script that makes the bundled models again, with networks of a few channels."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors.torch import load_file

from app.store import Store
from cyclegan.contract.images import Picture
from cyclegan.contract.saving import save_picture
from tests.commands import run_script
from tests.cyclegan.runs import assert_same

ROOT = Path(__file__).parents[1]
SETTINGS = (
    "--max-images 2 --no-compile --set discriminator_width=8 "
    "--set crop_size=32 --set load_size_min=32 --set load_size_max=32 --set evaluate_every=0 "
    "--set head_start_images=0"
)


def test_every_bundled_model_can_be_made_again(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for part, count in (("trainA", 16), ("trainB", 16), ("testA", 2), ("testB", 2)):
        for number in range(count):
            rgb = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            for data in ("horse2zebra", "photo2paprika", "selfie2anime"):
                save_picture(Picture(rgb), tmp_path / data / part / f"{number}.png")
    backbone = tmp_path / "backbone.safetensors"
    weights = timm.create_model("tf_efficientnet_lite0").state_dict()
    named_otherwise = {f"layer {index}": each for index, each in enumerate(weights.values())}
    torch.save(named_otherwise, tmp_path / "package.pth")
    subprocess.run(
        [sys.executable, ROOT / "weights" / "backbone.py", tmp_path / "package.pth", backbone],
        check=True,
    )
    assert_same(load_file(backbone), dict(weights))
    scripts = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        "BACKBONE": str(backbone),
        "SETTINGS": SETTINGS,
        "MINUTES": "1",
        "OUT": str(tmp_path / "weights"),
        "RUNS": str(tmp_path / "runs"),
    }
    assert run_script(ROOT / "weights" / "make.sh", tmp_path, environment=environment) == 0
    bundled = Store(ROOT / "weights")
    for folder in ("weights", "weights/fp32"):
        made = Store(tmp_path / folder)
        kept = {entry.name for entry in made.list()}
        assert kept == {path.stem for path in (ROOT / folder).glob("*.onnx")}
        for name in kept:
            made.verify(name)
            card, wanted = made.card(name), bundled.card(name)
            assert card.precision == (wanted.precision if folder == "weights" else "fp32")
            # All that people wrote onto the bundled card is what the script writes.
            for field in ("title", "description", "licence", "known_limits", "reverse", "border",
                          "default_size", "default_detail"):  # fmt: skip
                assert getattr(card, field) == getattr(wanted, field), f"{name}: {field}"
            assert card.training is not None
            assert wanted.training is not None
            assert card.training.data == wanted.training.data
