"""What tests share: a folder of models with a real, tiny one, which turns every v into 255 - v; a
browser.
"""

import dataclasses
import itertools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cyclegan.contract.card import Architecture, ModelCard, Parity, Training
from cyclegan.contract.files import sha256_of

AddModel = Callable[..., ModelCard]

# They take a minute and more, some of their tests alone. The first of several processes begins with
# them, and while it does the others take over what else it has: begun last, they were waited for.
LONGEST = ("test_retrain.py", "test_make_weights.py", "test_docs.py")

# Where the tests run in the background SIGINT is ignored, and every command that they start and
# then interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


@pytest.fixture(scope="session")
def add_model() -> AddModel:
    """A function `add_model(folder, name, operator="Neg", times=1, **fields) -> ModelCard`.

    It writes a model of one ONNX operator, applied so many times one after the other, and its card,
    in which `fields` replace the usual ones.
    """
    return _add_model


@pytest.fixture
def weights_dir(tmp_path: Path) -> Path:
    """A folder of models that has `negate` (y = -x, so every v becomes 255 - v) and its card."""
    folder = tmp_path / "weights"
    folder.mkdir()
    _add_model(folder, "negate")
    return folder


@pytest.fixture(scope="module", name="chromium")
def _chromium() -> Iterator[Any]:
    """A headless Chromium (Playwright's Browser)."""
    pytest.importorskip("playwright.sync_api", reason="needs playwright (extra: dev)")
    from benchmarks.browser import chromium

    with ExitStack() as stack:
        try:
            browser = stack.enter_context(chromium())
        except FileNotFoundError as error:
            pytest.skip(str(error))
        yield browser


@pytest.fixture(autouse=True)
def _no_models_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CYCLEGAN_")]:
        monkeypatch.delenv(name)


def _add_model(
    folder: Path, name: str, operator: str = "Neg", times: int = 1, **fields: object
) -> ModelCard:
    onnx = pytest.importorskip("onnx", reason="models are generated with onnx (extra: train)")
    shape = [1, 3, "height", "width"]
    tensors = ["picture", *(f"after{i}" for i in range(1, times)), "translation"]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(operator, [a], [b]) for a, b in itertools.pairwise(tensors)],
        name,
        [onnx.helper.make_tensor_value_info("picture", onnx.TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info("translation", onnx.TensorProto.FLOAT, shape)],
    )
    model = folder / f"{name}.onnx"
    opset = onnx.helper.make_opsetid("", 17)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), model)
    card = ModelCard(
        schema_version=1,
        name=name,
        title="Photo to negative",
        description="Turns every colour into its opposite.",
        source_domain="photo",
        target_domain="negative",
        input_name="picture",
        output_name="translation",
        layout="NCHW",
        value_range=(-1.0, 1.0),
        size_multiple=4,
        border=3,
        training_size=256,
        file=model.name,
        sha256=sha256_of(model),
        bytes=model.stat().st_size,
        opset=17,
        precision="fp32",
        architecture=Architecture(name="plain", options={}, parameters=0),
        training=Training(
            data="none",
            images_seen=0,
            minutes=0.0,
            hardware="none",
            preset="fast",
            seed=0,
            weights="raw",
            checkpoint="latest",
            config={},
        ),
        licence="MIT",
        metrics=(),
        parity=Parity(max_abs_error=0.0, tolerance=1e-3, sizes=((64, 64),)),
        known_limits=(),
        reverse=None,
    )
    card = dataclasses.replace(card, **fields)
    card.write(folder / f"{name}.json")
    return card
