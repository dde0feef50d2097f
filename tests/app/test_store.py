"""What the store promises of good, broken, unknown and replaced models."""

import errno
import shutil
import weakref
from pathlib import Path

import pytest

from app.store import Store
from cyclegan.contract.errors import CardError, ModelError, StorageError
from cyclegan.contract.folder import default_folder


def test_lists_models_with_their_cards(weights_dir: Path) -> None:
    (entry,) = Store(weights_dir).list()
    assert (entry.name, entry.reason) == ("negate", None)
    assert entry.card is not None
    assert entry.card.target_domain == "negative"


def test_broken_models_are_listed_with_their_reason(weights_dir: Path, add_model) -> None:
    add_model(weights_dir, "alone")
    (weights_dir / "alone.json").unlink()
    add_model(weights_dir, "gone")
    (weights_dir / "gone.onnx").unlink()
    add_model(weights_dir, "grown")
    with (weights_dir / "grown.onnx").open("ab") as file:
        file.write(b"more")
    shutil.copy(weights_dir / "negate.json", weights_dir / "other.json")
    (weights_dir / "torn.json").write_text('{"schema_version": 1,')
    reasons = {entry.name: entry.reason for entry in Store(weights_dir).list()}
    assert "has no card" in reasons["alone"]
    assert "is missing" in reasons["gone"]
    assert "bytes" in reasons["grown"]
    assert 'is the card of "negate"' in reasons["other"]
    assert "is not JSON" in reasons["torn"]
    assert reasons["negate"] is None


def test_unknown_model_suggests_the_nearest_and_lists_what_is_there(weights_dir: Path) -> None:
    with pytest.raises(ModelError, match=r'unknown model "negat".*"negate".*has negate'):
        Store(weights_dir).load("negat")


def test_a_broken_model_tells_its_reason_when_asked_for(weights_dir: Path) -> None:
    (weights_dir / "negate.json").unlink()
    with pytest.raises(CardError, match="has no card"):
        Store(weights_dir).load("negate")


def test_missing_and_empty_folders_say_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        Store(tmp_path / "nowhere").list()
    with pytest.raises(ModelError, match="has no models"):
        Store(tmp_path).load("negate")
    with pytest.raises(ModelError, match="has no models"):
        Store(tmp_path).only()


def test_only_is_the_one_usable_model(weights_dir: Path, add_model) -> None:
    (weights_dir / "torn.json").write_text("{}")
    assert Store(weights_dir).only().name == "negate"
    add_model(weights_dir, "again")
    with pytest.raises(ModelError, match="choose one of the models: again, negate"):
        Store(weights_dir).only()


def test_other_bytes_of_the_same_number_are_refused(weights_dir: Path) -> None:
    model = weights_dir / "negate.onnx"
    model.write_bytes(model.read_bytes().replace(b"Neg", b"Abs"))
    for ask in (Store(weights_dir).verify, Store(weights_dir).load):
        with pytest.raises(CardError, match=r"sha256 of .*negate\.onnx is .*its card says"):
            ask("negate")


def test_a_model_that_was_deleted_is_not_kept_in_memory(weights_dir: Path, add_model) -> None:
    store = Store(weights_dir)
    add_model(weights_dir, "again")
    stays, goes = store.load("negate"), weakref.ref(store.load("again"))
    store.remove("again")
    add_model(weights_dir, "next")
    store.load("next")
    assert goes() is None
    assert store.load("negate") is stays


def test_a_model_is_loaded_once_and_again_when_replaced(weights_dir: Path, add_model) -> None:
    store = Store(weights_dir)
    first = store.load("negate")
    assert store.load("negate") is first
    add_model(weights_dir, "negate", operator="Abs")
    assert store.load("negate") is not first


def test_a_model_is_removed_with_all_its_files_and_no_others(
    weights_dir: Path, add_model, tmp_path: Path
) -> None:
    store = Store(weights_dir)
    (weights_dir / "negate.example.jpg").touch()
    (weights_dir / "negate.txt").touch()
    (weights_dir / "negated.onnx").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").touch()
    with pytest.raises(ModelError, match=r'unknown model "negat"; did you mean "negate"\?'):
        store.remove("negat")
    with pytest.raises(ModelError, match="unknown model"):
        store.remove("../weights/negate")
    removed = store.remove("negate")
    assert [path.name for path in removed] == ["negate.example.jpg", "negate.onnx", "negate.json"]
    assert [path.name for path in store.remove("negated")] == ["negated.onnx"]
    assert [path.name for path in weights_dir.iterdir()] == ["negate.txt"]
    assert (tmp_path / "elsewhere").exists()


def test_a_broken_model_can_be_removed_but_not_what_another_one_needs(weights_dir: Path) -> None:
    store, card = Store(weights_dir), (weights_dir / "negate.json").read_text()
    (weights_dir / "torn.json").write_text("{")
    (weights_dir / "again.json").write_text(card.replace('"name": "negate"', '"name": "again"'))
    assert [path.name for path in store.remove("torn")] == ["torn.json"]
    assert [path.name for path in store.remove("negate")] == ["negate.json"]
    assert store.verify("again").file == "negate.onnx"
    assert [path.name for path in store.remove("again")] == ["negate.onnx", "again.json"]


def test_a_removal_that_is_cut_short_can_be_repeated(weights_dir: Path, monkeypatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    store = Store(weights_dir)
    (weights_dir / "negate.onnx").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(StorageError, match=r"negate\.json could not be deleted: permission"):
            store.remove("negate")
    assert [path.name for path in store.remove("negate")] == ["negate.json"]


def test_the_folder_can_be_named_by_the_environment(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CYCLEGAN_WEIGHTS", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("CYCLEGAN_WEIGHTS")
    assert default_folder().name == "weights"


def test_the_stamp_changes_with_every_model_that_comes_goes_or_is_replaced(
    weights_dir: Path, add_model
) -> None:
    store = Store(weights_dir)
    stamps = [store.stamp()]
    (weights_dir / "notes.txt").write_text("no model")
    assert store.stamp() == stamps[0]
    add_model(weights_dir, "same", "Identity")
    stamps.append(store.stamp())
    add_model(weights_dir, "same", "Abs")
    stamps.append(store.stamp())
    shutil.rmtree(weights_dir)
    stamps.append(store.stamp())
    assert len(set(stamps)) == 4
    assert stamps[-1] == ""
