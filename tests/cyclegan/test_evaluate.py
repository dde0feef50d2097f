import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cyclegan.contract.card import Metric, ModelCard
from cyclegan.contract.errors import DatasetError, InputError
from cyclegan.evaluate import (
    LEFT_ALONE,
    LIKENESS,
    direction_of,
    evaluate,
    likeness,
    merge_metrics,
)
from tests.cyclegan.runs import command


def test_evaluate_tells_a_good_model_from_none(
    weights_dir: Path, data_dir: Path, features: Path
) -> None:
    # Reddish noise has blue's complement nearly: its negative is much nearer to blue than itself.
    card = ModelCard.read(weights_dir / "negate.json")
    done: list[tuple[int, int]] = []
    result = evaluate(
        weights_dir / "negate.onnx",
        card,
        data_dir,
        "AtoB",
        features=features,
        class_index=0,
        on_picture=lambda *place: done.append(place),
    )
    values = {metric.name: metric.value for metric in result.metrics}
    assert list(values) == ["KID", "FID", "recognised as class 0", LIKENESS]
    assert result.untouched["recognised as class 0"] == 100  # red is brightest
    assert values["recognised as class 0"] == 0  # and darkest in the negative
    assert {metric.direction for metric in result.metrics[:-1]} == {"lower"}
    assert values[LIKENESS] < 0  # what was bright is dark
    assert result.untouched[LIKENESS] == 1
    assert LIKENESS not in result.real
    assert result.real["KID"] < result.untouched["KID"]
    assert done == [(i, 4) for i in range(1, 5)]
    protocol = result.metrics[0].protocol
    assert "all 4 pictures of testA" in protocol
    assert "first 5 of trainB" in protocol
    assert "colour.onnx at 8 pixels" in protocol
    assert "FID of 4 pictures is biased" in result.warnings[0]
    json.dumps(result.to_dict())


def test_what_cannot_be_read_is_left_out_once_and_counted(
    weights_dir: Path, data_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = shutil.copytree(data_dir, tmp_path / "data")
    card = ModelCard.read(weights_dir / "negate.json")
    whole = evaluate(weights_dir / "negate.onnx", card, data, "AtoB")
    for folder in ("testA", "testB", "trainB"):
        (data / folder / "00 broken.png").write_bytes(b"no picture")
    result = evaluate(weights_dir / "negate.onnx", card, data, "AtoB")
    assert [metric.value for metric in result.metrics] == [each.value for each in whole.metrics]
    assert result.real == whole.real
    assert "4 of 5 pictures of testA" in result.metrics[0].protocol
    assert len(caplog.messages) == 3
    assert all("measuring without it: " in each for each in caplog.messages)
    for path in sorted((data / "testB").iterdir())[2:]:  # a single one is left
        path.write_bytes(b"no picture")
    done: list[tuple[int, int]] = []
    with pytest.raises(DatasetError, match=r"testB: 1 of \d pictures can be read, expected at"):
        evaluate(
            *(weights_dir / "negate.onnx", card, data, "AtoB"),
            on_picture=lambda *place: done.append(place),
        )
    assert not done  # nothing was translated in vain


def test_how_much_stays_of_pictures_of_neither_kind_is_measured_too(
    weights_dir: Path, data_dir: Path
) -> None:
    model, card = weights_dir / "negate.onnx", ModelCard.read(weights_dir / "negate.json")
    done: list[tuple[int, int]] = []
    result = evaluate(
        *(model, card, data_dir, "AtoB"),
        neither=data_dir / "testA",
        on_picture=lambda *place: done.append(place),
    )
    of_tests, of_neither = result.metrics[-2:]
    assert (of_neither.name, of_neither.value) == (LEFT_ALONE, of_tests.value)
    assert "testA: 4 pictures of neither kind, each against" in of_neither.protocol
    assert "kept, 1 where nothing changes, so it counts beside other fig" in of_neither.protocol
    assert result.untouched[LEFT_ALONE] == 1
    assert done == [(i, 8) for i in range(1, 9)]
    with pytest.raises(DatasetError, match="nowhere: no such folder"):
        evaluate(model, card, data_dir, "AtoB", neither=data_dir / "nowhere")


def test_likeness_falls_with_what_changes() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    few, many = photo.copy(), photo.copy()
    few[:8], many[:32] = 0, 0
    assert likeness(photo, photo) == 1
    assert 1 > likeness(photo, few) > likeness(photo, many) > 0.4
    assert likeness(photo[:3, :5], photo[:3, :5]) == 1  # smaller than what is looked at together


def test_without_a_feature_network_colours_are_compared(weights_dir: Path, data_dir: Path) -> None:
    card = ModelCard.read(weights_dir / "negate.json")
    result = evaluate(weights_dir / "negate.onnx", card, data_dir, "AtoB")
    assert [metric.name for metric in result.metrics] == ["SWD", LIKENESS]
    assert result.real["SWD"] < result.untouched["SWD"]
    assert "--features" in result.warnings[0]


def test_a_class_needs_a_network_that_knows_classes(weights_dir: Path, data_dir: Path) -> None:
    card = ModelCard.read(weights_dir / "negate.json")
    with pytest.raises(InputError, match="--class-index needs --features"):
        evaluate(weights_dir / "negate.onnx", card, data_dir, "AtoB", class_index=1)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_class_that_the_network_does_not_know_is_refused(
    weights_dir: Path, data_dir: Path, features: Path, index: int
) -> None:
    card = ModelCard.read(weights_dir / "negate.json")
    with pytest.raises(InputError, match=r"0 to 2 of this network"):
        evaluate(
            weights_dir / "negate.onnx",
            card,
            data_dir,
            "AtoB",
            features=features,
            class_index=index,
        )


def test_new_metrics_replace_those_of_the_same_protocol_only() -> None:
    def metric(name: str, value: float, protocol: str) -> Metric:
        return Metric(name, value, "", "lower", protocol)

    old = (metric("KID", 1, "long"), metric("SWD", 2, "short"))
    new = (metric("KID", 3, "long"),)
    assert merge_metrics(old, new) == (new[0], old[1])


def test_a_missing_folder_is_named(weights_dir: Path, tmp_path: Path) -> None:
    card = ModelCard.read(weights_dir / "negate.json")
    with pytest.raises(DatasetError, match=r"testA: no such folder"):
        evaluate(weights_dir / "negate.onnx", card, tmp_path, "AtoB")


def test_direction_comes_from_the_card(weights_dir: Path, add_model: Any) -> None:
    card = ModelCard.read(weights_dir / "negate.json")
    with pytest.raises(InputError, match="--direction"):
        direction_of(card)
    training = {**card.to_dict()["training"], "config": {"name_a": "negative", "name_b": "photo"}}
    back = ModelCard.from_dict(json.loads(json.dumps({**card.to_dict(), "training": training})))
    assert direction_of(back) == "BtoA"


def test_a_direction_that_is_not_the_cards_is_said(weights_dir: Path, data_dir: Path) -> None:
    card = ModelCard.read(weights_dir / "negate.json")
    assert card.training
    training = replace(card.training, config={"name_a": "negative", "name_b": "photo"})
    replace(card, training=training).write(weights_dir / "negate.json")
    words = ("evaluate", "--model=negate", f"--weights={weights_dir}", f"--data={data_dir}")
    assert "note: negate translates photo to negative, which is BtoA by its card; with AtoB" in (
        " ".join(command(*words, "--direction=AtoB").split())
    )
    assert "by its card" not in command(*words, "--direction=BtoA")
