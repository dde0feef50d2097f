"""What an event of the page answers."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

Updates = dict[Any, Any]  # Gradio: component -> its new value


def lend(file: Path) -> Path:
    """A copy of a file where Gradio serves and cleans up."""
    copy = Path(tempfile.mkdtemp(dir=get_upload_folder())) / file.name
    return Path(shutil.copyfile(file, copy))
