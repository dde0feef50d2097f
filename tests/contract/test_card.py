"""A card is read strictly, and every refusal says what to do."""

import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cyclegan.contract.card import FixedSize, ModelCard
from cyclegan.contract.errors import CardError

Card = dict[str, Any]

LOOKS = {
    "pictures": "200 photos",
    "measures": ["brightness", "contrast"],
    "mean": [0.5, -1.0],
    "deviation": [0.1, 0.2],
    "inverse": [[100.0, 0.0], [0.0, 25.0]],
    "limit": 4.5,
}

NO_MEASURES: Card = {"measures": [], "mean": [], "deviation": [], "inverse": []}

FIDELITY = {
    "source": "negate",
    "source_sha256": "0" * 64,
    "psnr_db": 40.0,
    "pictures": "16 photos",
    "calibration": None,
    "float_layers": ["first"],
    "kid_fp32": 22,
    "kid": None,
}


@pytest.fixture
def card_path(weights_dir: Path) -> Path:
    return weights_dir / "negate.json"


def test_what_is_written_is_what_is_read(card_path: Path, tmp_path: Path) -> None:
    card = ModelCard.read(card_path)
    card.write(tmp_path / "copy.json")
    assert ModelCard.read(tmp_path / "copy.json") == card
    assert (tmp_path / "copy.json").read_bytes() == card_path.read_bytes()


def test_what_killed_exports_left_beside_a_card_is_removed_after_a_day(card_path: Path) -> None:
    left, under_way, own = (
        card_path.with_name(name)
        for name in (".tmp-0123456789ab.onnx", ".tmp-ba9876543210.onnx", ".tmp-mine.onnx")
    )
    for path, hours in ((left, 25), (under_way, 23), (own, 25)):
        path.touch()
        os.utime(path, (then := time.time() - hours * 3600, then))
    ModelCard.read(card_path).write(card_path)
    assert not left.exists()
    assert under_way.exists()
    assert own.exists()


def test_every_part_survives_writing(card_path: Path) -> None:
    data = json.loads(card_path.read_text())
    metric = {
        "name": "KID",
        "value": 20,
        "unit": "x100",
        "direction": "lower",
        "protocol": "120 fakes",
    }
    data |= {"metrics": [metric], "known_limits": ["Grass turns grey."], "reverse": "etagen"}
    data |= {"mask_name": "mask", "looks": LOOKS}
    card = ModelCard.from_dict(data)
    assert card.mask_name == "mask"
    assert card.metrics[0].value == 20.0
    assert card.reverse == "etagen"
    assert json.loads(json.dumps(card.to_dict())) == data


def test_what_a_precision_cost_survives_writing(card_path: Path) -> None:
    data = json.loads(card_path.read_text()) | {"precision": "fp16", "fidelity": FIDELITY}
    card = ModelCard.from_dict(data)
    assert card.fidelity is not None
    assert (card.fidelity.kid_fp32, card.fidelity.kid) == (22.0, None)
    assert json.loads(json.dumps(card.to_dict())) == data
    data["fidelity"] = FIDELITY | {"psnr_db": "40"}
    with pytest.raises(CardError, match=r'"fidelity.psnr_db" must be a number, not "40"'):
        ModelCard.from_dict(data)


def test_a_card_from_before_there_were_masks_is_read(card_path: Path) -> None:
    data = json.loads(card_path.read_text())
    assert data.pop("mask_name") is None
    assert ModelCard.from_dict(data) == ModelCard.read(card_path)


def test_a_model_that_was_made_elsewhere_says_what_it_is_and_not_how_it_came_to_be(
    card_path: Path,
) -> None:
    unknown = dict.fromkeys(("architecture", "training", "parity", "training_size"))
    data = json.loads(card_path.read_text()) | unknown | {"precision": "int8"}
    data |= {"layout": "NHWC", "value_range": [0.0, 255.0], "tensor_type": "uint8"}
    data |= {"fixed_size": {"height": 8, "width": 9, "larger": "tile"}, "example": "a.jpg"}
    card = ModelCard.from_dict(data)
    assert card.fixed_size == FixedSize(8, 9, "tile")
    assert json.loads(json.dumps(card.to_dict())) == data


def drop(key: str) -> Callable[[Card], object]:
    return lambda card: card.pop(key)


def put(**fields: object) -> Callable[[Card], object]:
    return lambda card: card.update(fields)


def inside(part: str, **fields: object) -> Callable[[Card], object]:
    return lambda card: card[part].update(fields)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (put(licens="MIT"), 'unknown key "licens"; did you mean "licence"?'),
        (put(xyz=1), 'unknown key "xyz"; remove it'),
        (inside("training", sed=1), 'unknown key "sed" in "training"; did you mean "seed"?'),
        (drop("licence"), '"licence" is missing; add it (a text)'),
        (drop("parity"), '"parity" is missing; add it (an object or null)'),
        (lambda card: card["training"].pop("seed"), '"seed" is missing in "training"'),
        (put(size_multiple="4"), '"size_multiple" must be a whole number, not "4"'),
        (put(size_multiple=4.5), '"size_multiple" must be a whole number, not 4.5'),
        (put(bytes=True), '"bytes" must be a whole number, not true'),
        (put(name=None), '"name" must be a text, not null'),
        (put(reverse=3), '"reverse" must be a text or null, not 3'),
        (put(mask_name=3), '"mask_name" must be a text or null, not 3'),
        (put(precision="fp8"), '"precision" must be "fp32" or "fp16" or "int8", not "fp8"'),
        (put(layout="HWC"), '"layout" must be "NCHW" or "NHWC", not "HWC"'),
        (put(training=[]), '"training" must be an object, not []'),
        (put(known_limits="none"), '"known_limits" must be a list, each a text, not "none"'),
        (put(metrics=[1]), '"metrics[0]" must be an object, not 1'),
        (
            inside("parity", sizes=[[64, 64], [64]]),
            '"parity.sizes[1]" must be a list of 2, each a whole number, not [64]',
        ),
        (
            inside("training", minutes=float("nan")),
            '"training.minutes" must be a number, not NaN',
        ),
        (
            inside("training", minutes=10**400),
            '"training.minutes" must be a number, not 10000',
        ),
        (
            inside("training", minutes=float("-inf")),
            '"training.minutes" must be a number, not -Infinity',
        ),
        (put(value_range=[0, 2]), '"value_range" must be [-1, 1], [0, 1] or [0, 255], not [0.0, 2'),
        (put(training_size=0), '"training_size" must be 1 or more, or null, not 0'),
        (put(fixed_size=[8, 8]), '"fixed_size" must be an object, not [8, 8]'),
        (
            put(fixed_size={"height": 8, "width": 0, "larger": "tile"}),
            '"fixed_size" must be an object with sides of 1 or more',
        ),
        (put(example="a/b.jpg"), '"example" must be a name ending in .jpg, without folders'),
        (put(default_size=0), '"default_size" must be 1 or more, or null, not 0'),
        (put(default_detail="auto"), '"default_detail" must be "transfer" or "off", not "auto"'),
        (
            put(looks=LOOKS | {"mean": [0.5]}),
            '"looks" must be an object with measures, and as many',
        ),
        (put(looks=LOOKS | {"deviation": [0, 1]}), '"looks" must be an object with measures, and'),
        (put(looks=LOOKS | NO_MEASURES), '"looks" must be an object with measures, and as many'),
        (put(looks=LOOKS | {"limit": None}), '"looks.limit" must be a number, not null'),
        (put(size_multiple=0), '"size_multiple" must be 1 or more, not 0'),
        (put(border=-1), '"border" must be 0 or more, not -1'),
        (put(sha256="abc"), '"sha256" must be 64 lower-case hexadecimal digits, not "abc"'),
        (put(file="../x.onnx"), '"file" must be a name ending in .onnx, without folders'),
        (put(name="a/b"), "\"name\" must be letters, digits, '.', '_' and '-', not \"a/b\""),
        (put(tiling="exact"), '"receptive_field" must be size_multiple or more, or null where'),
        (put(receptive_field=9), '"statistics_names" must be two names where tiling is'),
        (put(statistics_names=["a", "b"]), '"statistics_names" must be two names where tiling is'),
        (
            put(statistics_names=["a"]),
            '"statistics_names" must be a list of 2, each a text or null, not',
        ),
        (put(precision="int8"), '"fidelity" must be null where precision is "fp32", else an'),
        (put(fidelity=FIDELITY), '"fidelity" must be null where precision is "fp32"'),
        (put(schema_version=2), "schema version 2, this program reads up to 1; update"),
        (put(schema_version=0), '"schema_version" must be 1, not 0'),
    ],
)
def test_a_bad_card_is_refused_with_its_file_and_a_remedy(
    card_path: Path, change: Callable[[Card], object], sentence: str
) -> None:
    data = json.loads(card_path.read_text())
    change(data)
    card_path.write_text(json.dumps(data))
    with pytest.raises(CardError) as raised:
        ModelCard.read(card_path)
    assert str(raised.value).startswith(f"{card_path}: ")
    assert sentence in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(card_path: Path, content: bytes) -> None:
    card_path.write_bytes(content)
    with pytest.raises(CardError, match=r"negate\.json is not JSON .*export the model again"):
        ModelCard.read(card_path)


def test_a_missing_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"none\.json cannot be read: no such file"):
        ModelCard.read(tmp_path / "none.json")


def test_bytes_are_held_against_the_card(card_path: Path) -> None:
    card = ModelCard.read(card_path)
    model = card_path.with_suffix(".onnx")
    card.verify(model)
    content = model.read_bytes()
    model.write_bytes(content.replace(b"Neg", b"Abs"))
    with pytest.raises(CardError, match=r"sha256 of .*negate\.onnx is \w{12}\.\.\., its card says"):
        card.verify(model)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with pytest.raises(CardError, match="onnx could not be read: too many open files"):
            card.verify(model)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    model.write_bytes(content[:-1])
    with pytest.raises(CardError, match=f"has {len(content) - 1} bytes, its card says"):
        card.verify(model)
    model.unlink()
    with pytest.raises(CardError, match="is missing, though its card is there"):
        card.verify(model)
