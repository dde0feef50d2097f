"""What Gradio's own client can ask the page for: a photo in, its translation out. No widgets.

Programs without that package use app/api.py.
"""

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.events import api
from gradio.utils import get_upload_folder

from app.naming import Format, Naming
from app.recipe import Recipe
from app.rendering import Renderer
from app.store import Store
from app.web.models import without_folder
from app.web.upload import read_upload, result_name
from cyclegan.contract.errors import CycleGANError, InputError
from cyclegan.contract.images import load_picture
from cyclegan.contract.saving import save_picture


def serve_clients(store: Store) -> None:
    """Add `/convert` to the page that is being built."""

    def convert(
        picture: FileData,
        model: str = "",
        strength: float = Recipe.strength,
        keep_colors: bool = Recipe.keep_colors,
        format: Format = "auto",
    ) -> FileData:
        """Translate a picture in full size; the model may be left out if there is only one."""
        try:
            file = _convert(store, picture, model, format, strength, keep_colors)
        except CycleGANError as error:
            raise gr.Error(without_folder(str(error), store), print_exception=False) from error
        return FileData(path=str(file), orig_name=file.name)

    api(convert, api_name="convert")


def _convert(
    store: Store, picture: Any, model: str, format: Format, strength: float, keep_colors: bool
) -> Path:
    """The file of a translation. Raises: CycleGANError."""
    upload = read_upload(picture)
    if upload is None:
        raise InputError("the picture was not uploaded; give it as handle_file(PATH)")
    if not isinstance(keep_colors, bool):  # "false" would pass for true
        raise InputError(f"keep_colors must be true or false, not {keep_colors!r}")
    try:
        recipe = Recipe(strength=strength, keep_colors=keep_colors)
    except TypeError as error:
        raise InputError(f"strength must be a number, not {strength}") from error
    card = store.card(str(model)) if model else store.only()
    suffix = Naming(format).suffix(Path(upload.name))
    made = Renderer(store.load(card.name), recipe)(load_picture(upload.path, name=upload.name))
    folder = Path(tempfile.mkdtemp(dir=get_upload_folder()))
    file = folder / result_name(upload.name, card.name, suffix)
    save_picture(made, file, quality=recipe.quality)
    return file
