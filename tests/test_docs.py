"""What README.md, CONTRIBUTING.md and docs/ tell a reader to type works; what they list is true.

`.ci/run` types `make app`, `make check` and `make test`; here every other line of a shell block is
typed, page by page, in a folder that holds what the pages talk about.
"""

import dataclasses
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
import timm
import torch
from safetensors.torch import save_file

from app import guard
from cyclegan.config import TrainConfig
from cyclegan.contract.card import ModelCard
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.saving import save_picture
from cyclegan.discriminators import PatchDiscriminator
from cyclegan.networks import build_generator
from docs.models_table import END, START, render
from tests.commands import type_command

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "weights" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]

DOMAINS = ("trainA", "trainB", "testA", "testB")

# What makes a command short enough for a test; the rest of it is what the page says.
NARROW = ["--set", "generator_width=8", "--set", "discriminator_width=8"]
SHORTER = {
    "train": ["--max-images", "2", "--no-compile", *NARROW],
    "distill": ["--max-images", "2", "--no-compile", "--set", "discriminator_width=8"],
    "doctor": ["--no-estimate"],
}


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    """The lines of a page's shell blocks, without comments, continued lines joined."""
    lines = "".join(_blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_works(page: Path, world: Path) -> None:
    typed = commands(page)
    requests = [command for command in typed if command.startswith("curl ")]
    if requests:
        _request(requests, world)
    for command in typed:
        program, *arguments = shlex.split(command)
        if program == "curl":
            pass  # above, with one server for all
        elif program == "cyclegan" or "-m cyclegan" in command:
            _type(program, arguments, world)
        elif program == "make":
            subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, check=True, timeout=60)
        else:
            assert command in ("git clone URL cyclegan && cd cyclegan", ".ci/run")


def test_the_python_of_the_pages_translates_a_photo(world: Path) -> None:
    snippets = [code for page in PAGES for code in _blocks(page, "python")]
    with _serve([], world) as address:
        for code in snippets:
            typed = [sys.executable, "-c", code.replace("127.0.0.1:7860", address)]
            subprocess.run(typed, cwd=world, env=_environment(world), check=True, timeout=60)
            assert load_picture(world / "zebra.png").rgb.shape == (160, 144, 3)
            (world / "zebra.png").unlink()
    assert snippets


def test_the_table_of_models_equals_the_cards() -> None:
    cards = [ModelCard.read(path) for path in sorted((ROOT / "weights").glob("*.json"))]
    written = (ROOT / "README.md").read_text().partition(START)[2].partition(END)[0]
    assert written == render(cards), "run `make readme`"


def test_every_field_of_a_card_is_explained() -> None:
    page = (ROOT / "docs" / "cards.md").read_text()
    names = [field.name for field in dataclasses.fields(ModelCard)]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_setting_of_a_training_is_explained() -> None:
    page = (ROOT / "docs" / "training.md").read_text()
    fields = dataclasses.fields(TrainConfig)
    names = [field.name for field in fields if field.name != "teacher"]  # TEACHER, of `distill`
    told = [
        name
        for name in names
        if re.search(rf"(`|--set ){name}\b|--{name.replace('_', '-')}\b", page)
    ]
    assert told == names


def test_the_proxy_lets_the_largest_request_through() -> None:
    conf = (ROOT / "docs" / "proxy.conf").read_text()
    assert f"client_max_body_size {guard.MAX_JOB_BYTES // 2**20}m;" in conf


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.fixture
def world(tmp_path: Path, add_model: Callable[..., ModelCard]) -> Path:
    """A folder with what the pages name: photos, domains, models, a feature network, weights."""
    random = np.random.default_rng(0)
    files = ["photo.jpg", "mask.png", "photos/one.jpg", "photos/two.png"]
    files += [f"DIR/{part}/{i}.jpg" for part in (*DOMAINS, "neither") for i in range(4)]
    files += [f"DIR/train{name}/{i}.jpg" for name in "AB" for i in range(4, 16)]  # to calibrate on
    for file in files:
        rgb = random.integers(0, 256, (160, 144, 3), dtype=np.uint8)
        save_picture(Picture(rgb), tmp_path / file)
    (tmp_path / "weights").mkdir()
    for name in ("horse2zebra", "photo2anime", "zebra2horse"):
        add_model(tmp_path / "weights", name)
    shutil.copy(tmp_path / "weights" / "horse2zebra.onnx", tmp_path / "style.onnx")
    onnx.save(_feature_network(), tmp_path / "FILE.onnx")
    _save_foreign_checkpoint(tmp_path / "checkpoints" / "horse2zebra")
    backbone = timm.create_model("tf_efficientnet_lite0")
    save_file(backbone.state_dict(), tmp_path / "backbone.safetensors")
    return tmp_path


def _save_foreign_checkpoint(folder: Path) -> None:
    """One direction, as narrow as NARROW, with the keys of pytorch-CycleGAN-and-pix2pix."""
    folder.mkdir(parents=True)
    networks = {"G_A": build_generator("resnet6", 8), "D_A": PatchDiscriminator(8)}
    for name, network in networks.items():
        torch.save(network.state_dict(), folder / f"latest_net_{name}.pth")


def _feature_network() -> onnx.ModelProto:
    """Mean colour as features, and three classes by the largest."""
    nodes = [
        onnx.helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        onnx.helper.make_node("Flatten", ["pooled"], ["features"]),
        onnx.helper.make_node("Softmax", ["features"], ["probs"]),
    ]
    image, features, probs = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (
            ("image", ["N", 3, 32, 32]),
            ("features", ["N", 3]),
            ("probs", ["N", 3]),
        )
    )
    graph = onnx.helper.make_graph(nodes, "colours", [image], [features, probs])
    opset = onnx.helper.make_opsetid("", 17)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)


def _type(name: str, arguments: list[str], world: Path) -> None:
    """Run a command of ours as a reader would. `serve` must answer, the others end well."""
    if name == "torchrun":
        program = Path(sys.executable).with_name(name)
        command = [program, *arguments, *SHORTER["train"]]
        subprocess.run(command, cwd=world, env=_environment(world), check=True, timeout=300)
    elif arguments[0] == "serve":
        with _serve(arguments[1:], world):
            pass
    else:
        words = [*arguments, *SHORTER.get(arguments[0], [])]
        with chdir(world), pytest.MonkeyPatch.context() as patch:
            patch.setenv("CYCLEGAN_WEIGHTS", str(world / "weights"))
            assert type_command(*words) == 0, shlex.join([name, *words])


def _environment(world: Path) -> dict[str, str]:
    # Networks of eight channels gain nothing from threads, and lose where other work goes on.
    folders = {f"CYCLEGAN_{name.upper()}": str(world / name) for name in ("jobs", "weights")}
    return os.environ | folders | {"OMP_NUM_THREADS": "1"}


@contextmanager
def _serve(options: list[str], world: Path) -> Iterator[str]:
    """Start the app as a reader would, on a free port, and yield its address once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    program = Path(sys.executable).with_name("cyclegan")
    command = [str(program), "serve", *options, "--port", str(port)]
    served = subprocess.Popen(command, cwd=world, env=_environment(world))
    address = f"127.0.0.1:{port}"
    try:
        for _ in range(360):  # a machine that does other work needs its time to import gradio
            with suppress(OSError), urllib.request.urlopen(f"http://{address}") as answer:
                assert answer.status == 200
                break
            assert served.poll() is None, f"{shlex.join(command)} ended before it answered"
            time.sleep(0.5)
        else:
            pytest.fail(f"{shlex.join(command)} did not answer within three minutes")
        yield address
    finally:
        served.terminate()
        served.wait(timeout=30)


def _request(commands: list[str], world: Path) -> None:
    """Type lines with curl; with --fail it ends well only where the answer does.

    ID stands for the last one that was answered.
    """
    last_id = "ID"
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    with _serve([], world) as address:
        for command in commands:
            line = command.replace("127.0.0.1:7860", address).replace("/ID", f"/{last_id}")
            typed = shlex.split(line)
            done = subprocess.run(typed, cwd=world, capture_output=True, timeout=60)
            assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
            if found := re.match(rb'\{"id": ?"([^"]+)"', done.stdout):
                last_id = found[1].decode()
            assert done.stdout or (world / typed[typed.index("--output") + 1]).stat().st_size
