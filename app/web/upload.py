"""The picture that a visitor gives: a file as it came, and a name for what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import processing_utils
from gradio.utils import get_upload_folder

from app.naming import plain_name


@dataclass(frozen=True)
class Upload:
    """A file that nobody has looked into yet."""

    path: Path
    name: str  # as the visitor calls it; never a path


def read_upload(payload: Mapping[str, Any] | None) -> Upload | None:
    """The upload behind what gr.Image sends, for events with `preprocess=False`.

    With its own preprocessing gr.Image decodes the file before we see it, within Pillow's limits
    instead of ours, whenever its mode is not `image_mode` or it came as a data URL. A path that it
    stored nothing under, as only a program sends, is none.
    """
    if not isinstance(payload, Mapping) or not payload.get("path"):
        return None
    path = Path(str(payload["path"]))
    if not _is_upload(path):
        return None
    return Upload(path, plain_name(str(payload.get("orig_name") or path.name)))


def result_name(upload: str, model: str, suffix: str) -> str:
    """What the result is called when it is downloaded: `photo.jpg` -> `photo_horse2zebra.png`."""
    stem = Path(upload).stem.encode()[:150].decode(errors="ignore")  # names end at 255 bytes
    return plain_name(f"{stem}_{model}{suffix}")


def take_uploads_only() -> None:
    """From now on, Gradio takes from clients what they uploaded: no address, and no path of ours.

    It looks at paths itself only where its own `launch` serves the page; mounted, it would read any
    file of this machine for a client that pretends to be the page. And it looks at those alone that
    a client calls files: see read_upload.
    """

    async def refuse(url: str, cache_dir: str) -> str:
        raise gr.Error("Pictures are uploaded, not fetched from an address.", print_exception=False)

    def check(path: str | Path, check_in_upload_folder: bool) -> None:
        if check_in_upload_folder and not _is_upload(Path(path)):
            raise gr.Error("Pictures are uploaded, not named.", print_exception=False)

    processing_utils.async_ssrf_protected_download = refuse
    processing_utils._check_allowed = check


def _is_upload(path: Path) -> bool:
    try:
        return path.resolve().is_relative_to(Path(get_upload_folder()).resolve())
    except ValueError:  # there is a null byte in it
        return False
