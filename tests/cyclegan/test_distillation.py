import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cyclegan.alarms import MOST_ASTRAY
from cyclegan.checkpoint import averaged_weights, load_checkpoint
from cyclegan.config import TrainConfig, read_config
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import (
    CardError,
    CheckpointError,
    ConfigError,
    CycleGANError,
    DatasetError,
    ModelError,
    TrainingError,
)
from cyclegan.distillation import adopt, stand_in
from cyclegan.export import export
from cyclegan.importer import read_start
from cyclegan.networks import generator_from
from cyclegan.presets import LAMBDA_LAYERS
from cyclegan.teacher import Teacher, teacher_folder
from cyclegan.train import train
from tests.cyclegan.runs import (
    KilledError,
    assert_same,
    command,
    kill_at,
    losses_of,
    timeless,
)

TINY = [
    "--no-compile", "--max-images=2", "--set", "crop_size=32", "--set", "load_size_min=34",
    "--set", "load_size_max=40", "--set", "discriminator_width=8", "--set", "precision=fp32",
]  # fmt: skip


@pytest.mark.parametrize("killed_at", [3, 5])  # at a checkpoint, and after it
def test_resume_equals_an_uninterrupted_run(
    tmp_path: Path, student: TrainConfig, taught_run: Path, killed_at: int
) -> None:
    shutil.copytree(taught_run, tmp_path / "cut")
    train(student, taught_run)
    with pytest.raises(KilledError):
        train(student, tmp_path / "cut", on_progress=kill_at(killed_at + 1))
    shutil.rmtree(tmp_path / "cut" / "teacher" / "answers")  # whatever was kept by then
    train(student, tmp_path / "cut")
    whole, cut = (load_checkpoint(run / "latest.pt") for run in (taught_run, tmp_path / "cut"))
    assert_same(timeless(cut), timeless(whole))
    assert losses_of(tmp_path / "cut") == losses_of(taught_run)


def test_a_student_gets_nearer_to_its_teacher(student: TrainConfig, taught_run: Path) -> None:
    config = student.replace(max_images=120, log_every=20, learning_rate=3e-3, evaluate_every=0)
    train(config, taught_run)
    distances = [row["teacher_AB"] for row in losses_of(taught_run) if "teacher_AB" in row]
    assert distances[-1] < 0.5 * distances[0]


def test_the_original_is_not_needed_once_a_run_has_its_teacher(
    tmp_path: Path, weights_dir: Path, student: TrainConfig
) -> None:
    run = tmp_path / "run"
    model = weights_dir / "negate.onnx"
    before = {path: path.read_bytes() for path in weights_dir.iterdir()}
    assert adopt(str(model), "AtoB", run, tmp_path) == "negate"
    train(student.replace(max_images=3), run)
    assert {path: path.read_bytes() for path in weights_dir.iterdir()} == before
    shutil.rmtree(weights_dir)
    assert adopt(str(model), "AtoB", run, tmp_path) == "negate"
    assert train(student, run).images_seen == 6


def test_a_run_can_teach(tmp_path: Path, config: TrainConfig) -> None:
    train(config.replace(max_images=1), tmp_path / "large")
    run = tmp_path / "small"
    assert adopt(str(tmp_path / "large"), "BtoA", run, tmp_path) == "large"
    card = Teacher(run, "large").card
    assert (card.source_domain, card.target_domain) == ("blue", "red")


@pytest.mark.parametrize(
    ("operator", "error", "sentence"),
    [
        ("GlobalAveragePool", ModelError, r"answered \[1, 3, .*\[1, 3, 1, 1\].*same size"),
        ("Exp", ModelError, r"answers values from 0.368 to 2.72, expected the \[-1, 1\]"),
        ("Sign", None, ""),  # any picture will do
    ],
)
def test_a_teacher_must_answer_pictures_with_pictures(
    tmp_path: Path,
    add_model: Callable[..., ModelCard],
    operator: str,
    error: type[CycleGANError] | None,
    sentence: str,
) -> None:
    (tmp_path / "weights").mkdir()
    add_model(tmp_path / "weights", "odd", operator)
    if error is None:
        adopt("odd", "AtoB", tmp_path / "run", tmp_path / "weights")
        return
    with pytest.raises(error, match=sentence):
        adopt("odd", "AtoB", tmp_path / "run", tmp_path / "weights")
    assert not (tmp_path / "run").exists()


def test_a_teacher_that_cannot_be_used_is_named(tmp_path: Path, weights_dir: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(ModelError, match=r'unknown model "negat"; did you mean "negate"'):
        adopt("negat", "AtoB", run, weights_dir)
    with pytest.raises(CheckpointError, match=r"runs/none: expected a run folder, found no latest"):
        adopt("runs/none", "AtoB", run, weights_dir)
    card = weights_dir / "negate.json"
    fields = json.loads(card.read_text())
    del fields["size_multiple"]
    card.write_text(json.dumps(fields))
    with pytest.raises(CardError, match='"size_multiple" is missing; add it'):
        adopt("negate", "AtoB", run, weights_dir)
    card.unlink()
    with pytest.raises(CardError, match="has no card"):
        adopt(str(weights_dir / "negate.onnx"), "AtoB", run, weights_dir)
    assert not run.exists()


def test_a_run_keeps_its_teacher(
    tmp_path: Path, weights_dir: Path, add_model: Callable[..., ModelCard], student: TrainConfig
) -> None:
    add_model(weights_dir, "other")
    adopt("negate", "AtoB", tmp_path / "run", weights_dir)
    train(student.replace(max_images=1), tmp_path / "run")
    with pytest.raises(ConfigError, match="with the teacher 'negate', not 'other'; give another"):
        adopt("other", "AtoB", tmp_path / "run", weights_dir)
    assert not (tmp_path / "run" / "teacher" / "other.onnx").exists()


def test_a_run_without_a_teacher_is_none_of_a_student(
    tmp_path: Path, weights_dir: Path, config: TrainConfig
) -> None:
    (tmp_path / "config.json").write_text(config.to_json())
    with pytest.raises(ConfigError, match="holds a run without a teacher; give another --out"):
        adopt("negate", "AtoB", tmp_path, weights_dir)


def test_a_run_that_would_be_a_file_is_refused_as_such(tmp_path: Path, weights_dir: Path) -> None:
    (tmp_path / "a.jpg").touch()
    for run in (tmp_path / "a.jpg", tmp_path / "a.jpg" / "run"):
        with pytest.raises(ConfigError, match=r"a\.jpg is a file, and a run is .*another --out"):
            adopt("negate", "AtoB", run, weights_dir)


def test_a_student_that_diverges_stops_and_leaves_the_teacher_as_it_is(
    student: TrainConfig, taught_run: Path
) -> None:
    model = taught_run / "teacher" / "negate.onnx"
    before = model.read_bytes()
    with pytest.raises(TrainingError, match=r"lower learning_rate"):
        train(student.replace(learning_rate=1e30, log_every=1, checkpoint_every=1), taught_run)
    assert model.read_bytes() == before


def test_a_student_that_does_not_follow_rings(student: TrainConfig, taught_run: Path) -> None:
    train(student.replace(learning_rate=1e-9, alarm_every=1), taught_run)
    rows = losses_of(taught_run)
    assert all(row["astray_AB"] > MOST_ASTRAY for row in rows if "astray_AB" in row)
    rung = [(row["direction"], row["state"]) for row in rows if row.get("alarm") == "diverging"]
    assert rung == [("AtoB", "on")]


def test_the_command_distils_and_its_model_says_from_whom(
    tmp_path: Path, data_dir: Path, weights_dir: Path, add_model: Callable[..., ModelCard]
) -> None:
    add_model(weights_dir, "negate", licence="for research use only")
    run = tmp_path / "run"
    arguments = [
        "distill", "negate", "--weights", weights_dir, "--data", data_dir, "--out", run,
        "--student=tiny", *TINY,
    ]  # fmt: skip
    settings = json.loads(command(*arguments, "--dry-run"))
    assert not run.exists()
    assert command(*arguments, "--set", "patience=3", "--set", "evaluate_every=1", "--dry-run")
    assert (settings["name_a"], settings["name_b"]) == ("photo", "negative")
    assert (settings["generator_width"], settings["generator_blocks"]) == (48, 6)
    assert "2 images" in command(*arguments)
    figures = [row for row in losses_of(run) if "teacher_RMSE_AtoB" in row]
    assert len(figures) == 1
    card = export(run, "AtoB", "small", tmp_path / "models")
    assert card.licence == "for research use only"
    assert card.training.data == (
        "5 pictures of photo, 5 pictures of negative; distilled from the model negate"
    )
    assert str(tmp_path) not in json.dumps(card.to_dict())
    mean = export(run / "latest.pt", "AtoB", "mean", tmp_path / "models", average=[run])
    assert mean.licence == "for research use only"


def test_a_shallow_student_begins_with_the_layers_of_its_teacher(
    tmp_path: Path, data_dir: Path, config: TrainConfig
) -> None:
    learned = {"generator_blocks": 8, "generator_levels": 3, "border": 8, "mask_threshold": 0.05}
    train(config.replace(max_images=1, **learned), tmp_path / "large")
    export(tmp_path / "large", "BtoA", "large", tmp_path / "models")
    run = tmp_path / "run"
    neither = shutil.copytree(data_dir / "testA", tmp_path / "neither")
    arguments = [
        "distill", tmp_path / "models" / "large.onnx", "--data", data_dir, "--out", run,
        "--student=shallow", "--neither", neither, "--set", "lambda_adversarial=0", *TINY,
    ]  # fmt: skip
    assert "4 of 8 blocks" in command(*arguments, "--set", "learning_rate=1e-9")
    ours = read_config(run / "config.json")
    assert (ours.generator_width, ours.generator_blocks) == (config.generator_width, 4)
    assert (ours.generator_levels, ours.border, ours.mask_threshold) == (3, 8, 0.05)
    assert ours.init_from == "large.onnx"
    assert ours.lambda_layers == LAMBDA_LAYERS
    assert {"teacher_AB", "layers_AB", "neither_AB"} <= losses_of(run)[-1].keys()
    assert "adv_AB" not in losses_of(run)[-1]
    theirs, taken = generator_from(ours.replace(generator_blocks=8)), generator_from(ours)
    theirs.load_state_dict(read_start(tmp_path / "models" / "large.onnx", {}).weights["G_BA"])
    taken.take_over(theirs)
    # The teacher goes from B to A by its card, and this run calls that A to B.
    learned_weights = averaged_weights(load_checkpoint(run / "latest.pt")["step"], "G_AB")
    for name, tensor in taken.state_dict().items():
        torch.testing.assert_close(learned_weights[name], tensor, rtol=0, atol=1e-6)
    for checkpoint in run.glob("*.pt"):  # as if killed before there were any
        checkpoint.unlink()
    with pytest.raises(ConfigError, match=r"start from large\.onnx; give --student shallow again"):
        train(ours, run)
    again = command(*arguments, "--max-images", "3", "--set", "learning_rate=1e-9")
    assert "4 of 8 blocks" in again
    assert "3 images" in again
    assert "4 images" in command(*arguments, "--max-images", "4")  # the same command goes on
    card = export(run, "AtoB", "small", tmp_path / "models")
    assert card.training.data.endswith(
        "4 pictures of neither kind; distilled from the model large, and started from its layers"
    )


def test_a_shallow_student_begins_with_its_teacher_and_not_with_the_one_before(
    tmp_path: Path, data_dir: Path, config: TrainConfig
) -> None:
    names = {"name_a": "ink", "name_b": "paper"}
    train(config.replace(max_images=1, generator_blocks=2, **names), tmp_path / "large")
    ways = {"AtoB": "there", "BtoA": "back"}
    run = tmp_path / "run"
    for way, name in ways.items():
        export(tmp_path / "large", way, name, tmp_path / "models")
        card = tmp_path / "models" / f"{name}.json"
        other = ways["BtoA" if way == "AtoB" else "AtoB"]
        card.write_text(json.dumps(json.loads(card.read_text()) | {"reverse": other}))
        adopt(str(card.with_suffix(".onnx")), way, run, tmp_path)  # with which no run begins yet
    command(
        "distill", tmp_path / "models" / "there.onnx", "--data", data_dir, "--out", run,
        "--student=shallow", *TINY, "--set", "learning_rate=1e-9",
    )  # fmt: skip
    weights = read_start(tmp_path / "models" / "there.onnx", {}).weights["G_AB"]
    learned = averaged_weights(load_checkpoint(run / "latest.pt")["step"], "G_AB")
    torch.testing.assert_close(learned["head.1.weight"], weights["head.1.weight"])


def test_a_shallow_student_wants_a_plain_teacher(
    tmp_path: Path, data_dir: Path, weights_dir: Path, config: TrainConfig
) -> None:
    train(config.replace(max_images=1, generator="resnet6", generator_width=4), tmp_path / "large")
    for teacher, sentence in (
        (tmp_path / "large", "large is a resnet6, and a student that takes over layers needs a pl"),
        (
            weights_dir / "negate.onnx",
            r"negate\.onnx: has no head.1.weight .*, as a plain of its card would",
        ),
    ):
        run = tmp_path / "run"
        with pytest.raises(CheckpointError, match=sentence):
            command(
                "distill", teacher, "--data", data_dir, "--out", run, "--student=shallow", *TINY
            )  # fmt: skip
        shutil.rmtree(run)


def test_a_student_goes_on_from_one_that_has_learned_already(
    tmp_path: Path, data_dir: Path, config: TrainConfig
) -> None:
    train(config.replace(max_images=1, generator_blocks=4), tmp_path / "large")
    first, second = tmp_path / "first", tmp_path / "second"
    arguments = ["distill", tmp_path / "large", "--data", data_dir, *TINY]
    command(*arguments, "--out", first, "--student=shallow", "--set", "lambda_adversarial=0")
    export(first, "AtoB", "first", tmp_path / "models")
    for start in (first, tmp_path / "models" / "first.onnx"):
        further = [*arguments, "--out", second, "--init-from", start, "--set", "lambda_layers=5"]
        said = command(*further, "--set", "learning_rate=1e-9")
        assert "G_AB" in said
        learned, before = (
            averaged_weights(load_checkpoint(run / "latest.pt")["step"], "G_AB")
            for run in (second, first)
        )
        for name, tensor in before.items():
            torch.testing.assert_close(learned[name], tensor, rtol=0, atol=1e-6)
        ours = read_config(second / "config.json")
        assert (ours.generator_blocks, ours.lambda_layers, ours.method) == (2, 5, "distill")
        assert {"layers_AB", "adv_AB"} <= losses_of(second)[-1].keys()
        assert "3 images" in command(*further, "--max-images", "3")  # the same command goes on
        card = export(second, "AtoB", f"from-{start.stem}", tmp_path / "exported")
        assert card.training.data.endswith(
            f"distilled from the model large, and started from the weights of {start.name}"
        )
        shutil.rmtree(second)
    with pytest.raises(AssertionError, match="both say what the student is"):
        command(*further, "--student=tiny")
    with pytest.raises(CheckpointError, match="no such file or folder; expected a run"):
        command(*arguments, "--out", second, "--init-from", tmp_path / "none")
    assert not second.exists()


def test_layers_are_compared_with_such_alone(
    tmp_path: Path, student: TrainConfig, taught_run: Path, config: TrainConfig
) -> None:
    asked = student.replace(lambda_layers=20.0)
    with pytest.raises(ConfigError, match=r"lambda_layers is 20\.0, but there are no such layers"):
        train(asked, taught_run)
    train(config.replace(max_images=1, generator_blocks=2), tmp_path / "large")
    name = adopt(str(tmp_path / "large"), "AtoB", tmp_path / "run", tmp_path)
    wider = asked.replace(teacher=name, generator_width=2 * config.generator_width)
    with pytest.raises(ConfigError, match=r"is a plain generator \(width 16, levels 1\) and its t"):
        train(wider, tmp_path / "run")
    assert not (tmp_path / "run" / "config.json").exists()


def test_the_two_folders_can_be_given_one_by_one(
    tmp_path: Path, data_dir: Path, weights_dir: Path
) -> None:
    folders = ["--domain-a", data_dir / "testA", "--domain-b", data_dir / "trainB"]
    arguments = ["distill", "negate", "--weights", weights_dir, "--out", tmp_path / "run", *folders]
    settings = json.loads(command(*arguments, "--dry-run"))
    assert settings["domain_a"] == str(data_dir / "testA")
    assert settings["domain_b"] == str(data_dir / "trainB")
    assert settings["test_a"] == ""
    folders[1] = data_dir / "trainA"
    settings = json.loads(command(*arguments[:-4], *folders, "--dry-run"))
    assert settings["test_a"] == str(data_dir / "testA")  # as beside --data
    with pytest.raises(DatasetError, match="expected either one folder"):
        command(*arguments, "--data", data_dir)


def test_without_target_pictures_the_teachers_own_take_their_place(
    tmp_path: Path, data_dir: Path, weights_dir: Path
) -> None:
    shutil.copytree(data_dir / "trainB", tmp_path / "data" / "trainB")
    run = tmp_path / "run"
    arguments = [
        "distill", weights_dir / "negate.onnx", "--data", tmp_path / "data", "--out", run,
        "--direction=BtoA", *TINY,
    ]  # fmt: skip
    assert "2 images" in command(*arguments)
    made = sorted((run / "teacher" / "translations").iterdir())
    assert len(made) == 5
    with Image.open(made[0]) as picture:
        assert picture.size == (40, 40)
        # Negatives of bluish noise are yellowish
        red, _, blue = np.asarray(picture).mean(axis=(0, 1))
        assert red > blue
    command(*(word if word != "--max-images=2" else "--max-images=3" for word in arguments))
    assert sorted((run / "teacher" / "translations").iterdir()) == made
    checkpoint = load_checkpoint(run / "latest.pt")
    assert checkpoint["run"]["images_seen"] == 3
    card = export(run, "BtoA", "small", tmp_path / "models")
    assert (card.source_domain, card.target_domain) == ("photo", "negative")
    assert card.training.data.endswith("which made those of negative")


def test_too_few_pictures_are_refused_before_there_is_a_run(
    tmp_path: Path, weights_dir: Path
) -> None:
    (tmp_path / "data" / "trainA").mkdir(parents=True)
    Image.new("RGB", (40, 40)).save(tmp_path / "data" / "trainA" / "only.png")
    with pytest.raises(DatasetError, match="found 1 picture, expected at least 2"):
        command(
            "distill", "negate", "--weights", weights_dir, "--data", tmp_path / "data",
            "--out", tmp_path / "run",
        )  # fmt: skip
    assert not (tmp_path / "run").exists()


def test_a_run_among_its_pictures_is_refused_before_its_teacher_is_there(
    tmp_path: Path, data_dir: Path, weights_dir: Path
) -> None:
    data = shutil.copytree(data_dir, tmp_path / "data")
    for run, why in ((data / "trainA" / "run", "run lies in .*trainA"), (data, "data has the pic")):
        with pytest.raises(ConfigError, match=why):
            command(
                "distill", "negate", "--weights", weights_dir, "--data", data, "--out", run
            )  # fmt: skip
        assert not (run / "teacher").exists()


def test_pictures_that_cannot_be_read_are_passed_over(
    tmp_path: Path, data_dir: Path, taught_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(data_dir / "trainA", tmp_path / "A")
    (tmp_path / "A" / "1.png").write_bytes(b"no picture")
    paths = sorted((tmp_path / "A").iterdir())
    stand_in(Teacher(taught_run, "negate"), paths, 40, tmp_path / "made")
    assert len(list((tmp_path / "made").iterdir())) == 4
    assert "translating without it: " in caplog.text


def test_what_a_killed_command_has_translated_is_not_translated_again(
    tmp_path: Path, data_dir: Path, taught_run: Path
) -> None:
    made, paths = tmp_path / "made", sorted((data_dir / "trainA").iterdir())
    arguments = Teacher(taught_run, "negate"), paths, 40, made

    def kill(done: int, _total: int) -> None:
        if done == 2:
            raise KilledError

    with pytest.raises(KilledError):
        stand_in(*arguments, kill, is_new=True)
    before = {path: path.stat().st_ino for path in made.iterdir()}
    assert len(before) == 2
    stand_in(*arguments, is_new=True)
    after = {path: path.stat().st_ino for path in made.iterdir()}
    assert len(after) == 5
    assert before.items() <= after.items()


def test_what_a_run_that_never_began_has_left_is_made_anew(
    tmp_path: Path, config: TrainConfig, data_dir: Path
) -> None:
    train(config.replace(name_a="red", name_b="blue"), tmp_path / "large")
    run = tmp_path / "run"
    for direction in ("AtoB", "BtoA"):
        name = adopt(str(tmp_path / "large"), direction, run, tmp_path)
    assert ModelCard.read(teacher_folder(run) / f"{name}.json").source_domain == "blue"
    made = tmp_path / "made"
    paths = sorted((data_dir / "trainA").iterdir())
    for given in (paths[:3], paths[3:]):
        stand_in(Teacher(run, name), given, 40, made, is_new=True)
    again = tmp_path / "again"
    stand_in(Teacher(run, name), paths[3:], 40, again)
    assert [each.read_bytes() for each in sorted(made.iterdir())] == [
        each.read_bytes() for each in sorted(again.iterdir())
    ]
