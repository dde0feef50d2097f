"""The training verbs of the `cyclegan` command: train, export, evaluate.

Torch is imported inside the verbs that need it, so that `--help` answers at once.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from cyclegan.config import PRESETS, TrainConfig, parse_settings, preset_config
from cyclegan.contract.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyclegan.train import Progress

    OnProgress = Callable[[Progress], None]

EXIT_INTERRUPTED = 130

app = typer.Typer(no_args_is_help=True, add_completion=False)


def register(command: typer.Typer) -> None:
    """Add the training verbs to the one `cyclegan` command."""
    command.command()(train)


def _require_training_packages() -> None:
    try:
        import albumentations  # noqa: F401 (lazy: torch and friends take seconds)
        import torch  # noqa: F401
    except ImportError as error:
        raise DependencyError(
            f"training needs packages that are not installed ({error.name}); "
            "install them with: pip install 'cyclegan[train]'"
        ) from error


def train(
    out: Annotated[Path, typer.Option(help="The run folder: made, or gone on with.")],
    data: Annotated[Path | None, typer.Option(help="A folder with trainA and trainB.")] = None,
    domain_a: Annotated[Path | None, typer.Option(help="Pictures of domain A.")] = None,
    domain_b: Annotated[Path | None, typer.Option(help="Pictures of domain B.")] = None,
    preset: Annotated[str, typer.Option(help=f"One of: {', '.join(PRESETS)}.")] = "fast",
    max_minutes: Annotated[
        float | None, typer.Option(help="Length of the run in minutes of training.")
    ] = None,
    max_images: Annotated[
        int | None, typer.Option(help="Length of the run in pictures of each domain.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order and augmentation.")] = None,
    compile_: Annotated[
        bool | None, typer.Option("--compile/--no-compile", help="Use torch.compile.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE: any key of the config.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Print the resolved config and stop.")] = False,
) -> None:
    """Learn to translate between two folders of pictures; the same command again goes on."""
    _require_training_packages()
    from cyclegan.dataset import resolve_domains  # lazy: torch

    folder_a, folder_b = resolve_domains(data, domain_a, domain_b)
    settings = {
        "domain_a": str(folder_a.resolve()),
        "domain_b": str(folder_b.resolve()),
        "max_minutes": max_minutes,
        "max_images": max_images,
        "seed": seed,
        "compile": compile_,
    }
    if max_minutes is not None and max_images is None:
        settings["max_images"] = 0  # the preset's own length would end the run early
    config = preset_config(preset).replace(
        **{key: value for key, value in settings.items() if value is not None}
    )
    config = config.replace(**parse_settings(set_ or []))
    if dry_run:
        typer.echo(config.to_json(), nl=False)
        return
    _run_training(config, out)


@contextmanager
def _show_bar(config: TrainConfig) -> Iterator["OnProgress"]:
    """A progress bar with the losses, for terminals."""
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("compiling ..." if config.compile else "starting ...", total=1.0)

        def on_progress(progress: "Progress") -> None:
            text = _describe(progress)
            if progress.losses:
                bar.console.print(f"{text}  {_describe_losses(progress.losses)}", highlight=False)
            bar.update(task, completed=progress.share, description=text)

        yield on_progress


@contextmanager
def _show_lines(_config: TrainConfig) -> Iterator["OnProgress"]:
    """One line an interval, for files and pipes."""

    def on_progress(progress: "Progress") -> None:
        if progress.losses:
            line = f"{progress.share:6.1%}  {_describe(progress)}"
            typer.echo(f"{line}  {_describe_losses(progress.losses)}", err=True)

    yield on_progress


def _describe(progress: "Progress") -> str:
    remaining = timedelta(seconds=round(progress.remaining_s))
    return f"{progress.images_seen} images, {progress.images_per_s:.1f} images/s, {remaining} to go"


def _describe_losses(values: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.3f}" for name, value in values.items())


def _run_training(config: TrainConfig, out: Path) -> None:
    from cyclegan.train import train as run_training  # lazy: torch

    show = _show_bar if sys.stderr.isatty() else _show_lines
    with show(config) as on_progress:
        try:
            state = run_training(config, out, on_progress=on_progress)
        except KeyboardInterrupt:
            typer.echo(f"stopped; {out} is saved, the same command again goes on", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
    typer.echo(f"{out}: {state.images_seen} images, {state.elapsed_s / 60:.1f} minutes")
