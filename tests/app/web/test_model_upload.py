"""What is told of a file that was given as a model."""

from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the page needs Gradio (extra: web)")

from app.store import Store
from app.web import model_upload


def test_a_refusal_tells_no_paths(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = tmp_path / "upload" / "negate.onnx"
    given.parent.mkdir()
    given.write_bytes((weights_dir / "negate.onnx").read_bytes())
    for folder in (weights_dir, weights_dir.relative_to(tmp_path)):
        told, *_ = model_upload._submit(
            Store(folder), True, "en", str(given), "negate", "", "resize", ""
        )
        assert "the folder of models has a model &quot;negate&quot; already; give" in told
        assert str(tmp_path) not in told
