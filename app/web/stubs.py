"""Gradio's import, without the type stubs that it would write into its own folder.

Each time it is imported, Gradio parses the source of all its components and writes a `.pyi` file
beside each, for the editors of people who write programs with it: two fifths of the time that a
server needs to start. It has no setting against it.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

_MODULE = "gradio.component_meta"


def leave_stubs_alone() -> None:
    """Have Gradio, where it is not imported yet, write no stubs when it is."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds the module that writes them, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.create_or_modify_pyi = _write_nothing  # type: ignore[attr-defined]


def _write_nothing(*args: object) -> None:
    pass
