"""Options that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

Weights = Annotated[
    Path | None, typer.Option(help="Folder of the models; else CYCLEGAN_WEIGHTS, else `weights`.")
]
