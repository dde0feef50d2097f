"""`cyclegan distill`: a large model and pictures to a run that teaches a small one."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cyclegan.cli.exits import require_training_packages
from cyclegan.cli.options import (
    Compile,
    Device,
    DomainA,
    DomainB,
    DryRun,
    Features,
    MaxImages,
    MaxMinutes,
    Neither,
    Out,
    Seed,
    Settings,
    StudentSize,
    Weights,
)
from cyclegan.cli.training import (
    collect_settings,
    fit_to_machine,
    is_first_process,
    read_start,
    require_generator,
    require_unset,
    run_training,
    starting_config,
)
from cyclegan.contract.directions import DIRECTIONS, Direction
from cyclegan.contract.folder import default_folder
from cyclegan.contract.log import LATEST


def distill(
    teacher: Annotated[
        str,
        typer.Argument(
            help="What to learn from: a run folder, a model's .onnx file, or a model's name."
        ),
    ],
    out: Out,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with trainA and trainB; that of the target may be missing."),
    ] = None,
    domain_a: DomainA = None,
    domain_b: DomainB = None,
    direction: Annotated[
        Direction, typer.Option(help="Which way the teacher translates the two folders.")
    ] = "AtoB",
    neither: Neither = None,
    student: Annotated[
        StudentSize | None,
        typer.Option(
            help="Size of the new model, small unless given; shallow: a plain teacher's own "
            "layers, half of its blocks."
        ),
    ] = None,
    init_from: Annotated[
        Path | None,
        typer.Option(help="Start from a student that has learned already: a run or its model."),
    ] = None,
    weights: Weights = None,
    max_minutes: MaxMinutes = None,
    max_images: MaxImages = None,
    seed: Seed = None,
    compile_: Compile = None,
    device: Device = "auto",
    features: Features = None,
    set_: Settings = None,
    dry_run: DryRun = False,
) -> None:
    """Train a small model to do what a large one does.

    The same command again continues where the run ended, however it ended.
    """
    require_training_packages()
    if not is_first_process():
        if not dry_run:
            run_training(None, out, device)
        return
    from cyclegan.domains import (  # lazy: numpy, Pillow
        find_held_out,
        list_domain,
        require_different,
        resolve_domains,
    )

    if student and init_from:
        raise typer.BadParameter(
            "both say what the student is; give one", param_hint="--student and --init-from"
        )
    size = None if init_from or student == "shallow" else student or "small"
    if data and not (domain_a or domain_b):
        folders = {name: data / f"train{name}" for name in "AB"}
    else:
        folders = dict(zip("AB", resolve_domains(data, domain_a, domain_b), strict=True))
    chosen = find_held_out(*folders.values()) | collect_settings(
        features, max_minutes, max_images, seed, compile_, size, set_
    )
    said_by = {
        "teacher": "TEACHER",
        "direction": "--direction",
        "preset": "this command",
        "init_from": "--init-from",
    }
    require_unset(chosen, said_by)
    config = starting_config(out, None, "distill").replace(**chosen)  # before a teacher is copied
    from cyclegan.checkpoint import has_begun  # lazy, as those that follow: torch
    from cyclegan.distillation import adopt, stand_in
    from cyclegan.importer.models import read_shallower
    from cyclegan.importer.reading import BEHIND
    from cyclegan.presets import LAMBDA_LAYERS
    from cyclegan.run_claim import require_apart
    from cyclegan.teacher import TRANSLATIONS, Teacher, teacher_folder
    from cyclegan.terminal import picture_bar

    source, target = DIRECTIONS[direction]
    paths = list_domain(folders[source])
    has_target = folders[target].is_dir()
    if not has_target:
        folders[target] = teacher_folder(out) / TRANSLATIONS
    places = {f"domain_{name.lower()}": str(path.resolve()) for name, path in folders.items()}
    if neither:
        require_different(*folders.values(), neither)
        places["neither"] = str(neither.resolve())
    require_apart(config.replace(**places), out)
    imported, decided = read_start(init_from, out, chosen) if init_from else (None, {})
    with ExitStack() as stack:
        run = Path(stack.enter_context(TemporaryDirectory())) if dry_run else out
        learned = Teacher(run, adopt(teacher, direction, run, weights or default_folder()))
        settings = {
            **decided,
            "teacher": learned.card.name,
            "direction": direction,
            f"name_{source.lower()}": learned.card.source_domain,
            f"name_{target.lower()}": learned.card.target_domain,
            **places,
            **chosen,
        }
        # A run that was killed before its first checkpoint has a config, and begins again.
        if student == "shallow" and not (out / LATEST).exists():
            imported = read_shallower(learned.model, direction, chosen)
            settings |= {"lambda_layers": chosen.get("lambda_layers", LAMBDA_LAYERS)}
            settings |= {
                key: value
                for key, value in imported.config.to_dict().items()
                if key.startswith("generator") or key in ("init_from", *BEHIND)
            }
        config = fit_to_machine(config.replace(**settings), device)
        if init_from and imported:
            require_generator(imported, config)
        if dry_run:
            typer.echo(config.to_json(), nl=False)
            return
    if not has_target:
        with picture_bar("translating") as on_picture:
            stand_in(
                learned,
                paths,
                config.load_size_max,
                folders[target],
                on_picture,
                is_new=not has_begun(out),
            )
    run_training(config, out, device, imported)
