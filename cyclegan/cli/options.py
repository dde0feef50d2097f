"""Options that several verbs have. What they mean for a training is in `training.py`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

PlainSize = Literal["tiny", "small", "base"]  # the keys of PLAIN_SIZES
StudentSize = Literal[PlainSize, "shallow"]

DomainA = Annotated[Path | None, typer.Option(help="Folder of the pictures of domain A.")]
DomainB = Annotated[Path | None, typer.Option(help="Folder of the pictures of domain B.")]
Neither = Annotated[
    Path | None,
    typer.Option(help="Folder of pictures of neither kind, which the generators leave alone."),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the models; else $CYCLEGAN_WEIGHTS, else that of the bundled ones."
    ),
]
Out = Annotated[Path, typer.Option(help="The run folder: a new one, or one to continue.")]
MaxMinutes = Annotated[float | None, typer.Option(help="Stop after so many minutes of training.")]
MaxImages = Annotated[int | None, typer.Option(help="Stop after so many pictures of each domain.")]
Seed = Annotated[int | None, typer.Option(help="Random seed of weights, order and augmentation.")]
Compile = Annotated[bool | None, typer.Option("--compile/--no-compile", help="Use torch.compile.")]
Device = Annotated[
    str, typer.Option(help="auto, cpu, cuda or cuda:N; auto is a GPU, else the CPU.")
]
Features = Annotated[
    Path | None,
    typer.Option(help="ONNX network, or Inception's weights, to measure KID and FID with."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any setting; may be repeated."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print all settings as they would be used, and stop.")
]


class FoldersCommand(TyperCommand):
    """A verb that takes pictures: of a folder that stands without its option it says which."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if rest:
            ctx.fail(
                f"{rest[0]}: a folder with trainA and trainB goes behind --data, two folders of "
                "pictures behind --domain-a and --domain-b"
            )
        return rest
