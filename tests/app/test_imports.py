"""Who may import what, tried in fresh interpreters."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

BLOCK = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"{{name}} is blocked", name=name)

sys.meta_path.insert(0, Block())
"""

IMPORT_ALL = """
import importlib, pkgutil
package = importlib.import_module("{package}")
names = [module.name for module in pkgutil.walk_packages(package.__path__, "{package}.")]
names = [name for name in names if not name.endswith("__main__")]
assert len(names) >= 5, names
for name in names:
    importlib.import_module(name)
"""

RUN_COMMAND = """
import app.cli
try:
    app.cli.main()
except SystemExit as exit:
    assert not exit.code, exit.code
"""


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)


def modules_after(code: str, *arguments: str) -> set[str]:
    """The top-level modules that are there when a fresh interpreter has run some code."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    ran = run_python(code, *arguments)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.splitlines()[-1].split())


def test_every_module_of_the_app_imports_without_torch() -> None:
    names = {"torch", "torchvision", "albumentations", "onnx", "onnxscript"}
    modules_after(BLOCK.format(names=names) + IMPORT_ALL.format(package="app"))


def test_the_contract_needs_numpy_and_pillow_only() -> None:
    modules = modules_after(IMPORT_ALL.format(package="cyclegan.contract")) - modules_after("")
    assert {"PIL", "numpy", "cyclegan"} <= modules
    others = {"app", "torch", "onnx", "onnxruntime", "gradio", "typer", "rich", "pydantic"}
    assert modules.isdisjoint(others)


def test_the_library_itself_imports_nothing() -> None:
    assert modules_after("import cyclegan") - modules_after("") == {"cyclegan"}


def test_a_command_imports_nothing_before_it_understands_ctrl_c() -> None:
    for package in ("app", "cyclegan"):
        assert modules_after(f"import {package}.cli") - modules_after("") == {package}


def test_help_imports_nothing_heavy() -> None:
    modules = modules_after(RUN_COMMAND, "--help")
    assert modules.isdisjoint({"torch", "gradio", "numpy", "PIL", "onnxruntime", "rich"})


def test_convert_imports_neither_torch_nor_gradio(weights_dir: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "in.png")
    paths = str(tmp_path / "in.png"), str(tmp_path / "out.png")
    modules = modules_after(RUN_COMMAND, "convert", *paths, "--weights", str(weights_dir))
    assert (tmp_path / "out.png").exists()
    assert modules.isdisjoint({"torch", "gradio", "pyarrow", "fsspec"})


def test_listing_models_imports_neither_numpy_nor_onnxruntime(weights_dir: Path) -> None:
    modules = modules_after(RUN_COMMAND, "models", "--weights", str(weights_dir))
    assert modules.isdisjoint({"torch", "gradio", "numpy", "onnxruntime"})


def test_a_cluster_without_ray_says_what_to_install(weights_dir: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(weights_dir / "in.png")
    code = f"{BLOCK.format(names={'ray'})}\nimport app.cli; app.cli.main()"
    arguments = ("--engine", "ray", "--weights", str(weights_dir))
    ran = run_python(code, "convert", str(weights_dir), str(tmp_path / "out"), *arguments)
    assert ran.returncode == 2
    assert ran.stderr == (
        "error: --engine ray needs ray, which is not installed; run: pip install 'cyclegan[ray]'\n"
    )


def test_serving_leaves_gradio_without_its_type_stubs() -> None:
    opened = run_python("""
import sys
sys.addaudithook(lambda event, of: event == "open" and print(of[0]))
import app.web
""")
    assert opened.returncode == 0, opened.stderr
    assert "component_meta" in opened.stdout  # what writes them is still the module of this name
    assert ".pyi" not in opened.stdout


def test_a_store_without_its_drivers_says_what_to_install(tmp_path: Path) -> None:
    code = f"{BLOCK.format(names={'pyarrow'})}\nimport app.cli; app.cli.main()"
    ran = run_python(code, "convert", "s3://bucket/in", str(tmp_path / "out"))
    assert ran.returncode == 2
    assert ran.stderr == (
        "error: s3://bucket needs pyarrow, which is not installed; "
        "run: pip install 'cyclegan[stores]'\n"
    )


@pytest.mark.parametrize(
    "words", ["import PATH --out PATH/run", "evaluate --model mine --data PATH"]
)
def test_training_without_one_of_its_packages_says_what_to_install(
    words: str, tmp_path: Path
) -> None:
    code = "import sys; sys.modules['skimage'] = None; import app.cli; app.cli.main()"
    ran = run_python(code, *words.replace("PATH", str(tmp_path)).split())
    assert ran.returncode == 2
    assert ran.stderr == (
        "error: training, export and evaluation need packages that are not installed (skimage); "
        "install them with: pip install 'cyclegan[train]'\n"
    )


def test_serving_trainings_without_their_packages_says_what_to_install() -> None:
    words = ("serve", "--allow-training", "--host", "no address", "--insecure")
    code = "import sys; sys.modules['skimage'] = None; import app.cli; app.cli.main()"
    note, error = run_python(code, *words).stderr.splitlines()
    assert note.startswith("note: training, export and evaluation need packages that are not ")
    assert error.startswith('error: "no address" is not an address')


def test_serving_without_gradio_says_what_to_install() -> None:
    ran = run_python(f"{BLOCK.format(names={'gradio'})}\nimport app.cli; app.cli.main()", "serve")
    assert ran.returncode == 2
    assert ran.stderr == (
        "error: the page in the browser needs gradio, which is not installed; "
        "run: pip install 'cyclegan[web]'\n"
    )
