"""What an event of the page answers."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

Updates = dict[Any, Any]  # Gradio: component -> its new value


def rechoose(value: Any, *, chosen: Any) -> dict[str, Any]:
    """The part of an update that makes `value` the choice where `chosen` was; nothing if it was.

    A choice that is told to a page once more would undo what a person chose while it was asked.
    """
    return {} if value == chosen else {"value": value}


def lend(file: Path) -> Path:
    """A copy of a file where Gradio serves and cleans up."""
    copy = Path(tempfile.mkdtemp(dir=get_upload_folder())) / file.name
    return Path(shutil.copyfile(file, copy))
