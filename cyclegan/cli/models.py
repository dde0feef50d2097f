"""`cyclegan export`, `evaluate` and `import`: from runs to models, and how good they are."""

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer

from cyclegan.cli.exits import require_training_packages
from cyclegan.cli.options import Features, Settings, Weights
from cyclegan.cli.training import require_unset
from cyclegan.contract.card import ModelCard
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import InputError
from cyclegan.contract.folder import ModelFolder, default_folder
from cyclegan.settings import parse_settings

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a model of the same name.")]


def _require_free(folder: Path, name: str, overwrite: bool) -> None:
    model = folder / f"{name}.onnx"
    if model.exists() and not overwrite:
        raise InputError(
            f"{model} is there already; --overwrite replaces it, or give another --name"
        )


def export(
    run: Annotated[
        Path,
        typer.Argument(
            help="A run folder made by `cyclegan train`, a checkpoint (.pt) in one, or a finished "
            "fp32 model (.onnx) with its card beside it."
        ),
    ],
    name: Annotated[
        str, typer.Option(help="Name of the model; it becomes NAME.onnx and NAME.json.")
    ],
    direction: Annotated[
        Direction | None, typer.Option(help="Which generator of the run; AtoB unless given.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for both files; else $CYCLEGAN_WEIGHTS, else that of the bundled models."
        ),
    ] = None,
    average: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RUN",
            help="A run that went on from the same weights, or a checkpoint (.pt) in one: the "
            "model gets the mean of all, often better than each; may be repeated.",
        ),
    ] = None,
    checkpoint: Annotated[
        Literal["best", "latest"] | None,
        typer.Option(help="Unless given: the best by KID if it was measured, else the latest."),
    ] = None,
    precision: Annotated[
        Literal["fp32", "fp16", "int8"],
        typer.Option(help="fp16 and int8 make a smaller model, and need --calibrate."),
    ] = "fp32",
    calibrate: Annotated[
        Path | None,
        typer.Option(help="Folder of source pictures, to calibrate int8 and to compare on."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with testA, testB, trainA, trainB, to measure KID with --features."
        ),
    ] = None,
    features: Annotated[
        Path | None, typer.Option(help="Network to measure KID with, as for `evaluate`.")
    ] = None,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Write the model even if it loses too much.")
    ] = False,
    tuning_images: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Crops of the calibration pictures, from which an int8 model learns to answer "
            "as the fp32 one does: 900 unless given, some minutes; 0: it does not.",
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title on the card.")] = None,
    description: Annotated[
        str | None, typer.Option(help="What it does, in one or two sentences.")
    ] = None,
    learned_from: Annotated[
        str | None, typer.Option(help="What it learned from, in words.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights, in words.")] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A known limit, in a sentence; may be repeated."),
    ] = None,
    reverse: Annotated[
        str | None, typer.Option(help="Name of the model for the opposite direction.")
    ] = None,
    default_size: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Long side in pixels to which apps scale its pictures."
        ),
    ] = None,
    default_detail: Annotated[
        Literal["transfer", "off"] | None,
        typer.Option(
            help="off: for a model that changes fine detail, so that a photo's own does not stay."
        ),
    ] = None,
    mask_threshold: Annotated[
        float | None,
        typer.Option(
            help="Keep half of a mean change by so much (1: black to white) and hardly any of a "
            "smaller one, so that the background stays; of a plain generator. Unless given: the "
            "run's own."
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Turn a run into a model: an ONNX file and its card.

    It is refused where it does not compute what the run's network does. With --precision fp16 or
    int8 the model, or one that is finished already, is made smaller, and refused where that loses
    too much.
    """
    words = (title, description, learned_from, licence, limit, reverse)
    shown = (default_size, default_detail)
    is_finished = run.suffix == ".onnx"
    is_changed = bool(checkpoint or average) or mask_threshold is not None
    if is_finished and (is_changed or any((*words, *shown))):
        raise InputError(
            f"{run} is a finished model and keeps the words of its card; leave out --checkpoint, "
            "--average, --mask-threshold, --title and the like, or give the folder of its run"
        )
    if precision == "fp32":
        if is_finished:
            raise InputError(f"{run} is a finished model; give --precision fp16 or int8")
        if calibrate or data or features or accept_loss:
            raise InputError(
                "--calibrate, --data, --features and --accept-loss go with --precision fp16 or int8"
            )
    elif calibrate is None:
        raise InputError(
            f"--precision {precision} needs --calibrate DIR: pictures of the kind that the "
            "model translates"
        )
    if precision != "int8" and tuning_images is not None:
        raise InputError("--tuning-images goes with --precision int8")
    if bool(data) != bool(features):
        raise InputError("--data DIR and --features FILE go together: they are what KID needs")
    require_training_packages()
    folder = out or default_folder()
    if not is_finished or run.resolve() != (folder / f"{name}.onnx").resolve():  # convert says that
        _require_free(folder, name, overwrite)
    with TemporaryDirectory() as temporary:
        source = run
        if not is_finished:
            from cyclegan.export import export as run_export  # lazy: torch

            place = folder if precision == "fp32" else Path(temporary)
            card = run_export(
                run,
                direction or "AtoB",
                name,
                place,
                average=average or (),
                checkpoint=checkpoint,
                on_choice=typer.echo,
                title=title,
                description=description,
                data=learned_from,
                licence=licence,
                known_limits=tuple(limit or ()),
                reverse=reverse,
                default_size=default_size,
                default_detail=default_detail or ModelCard.default_detail,
                mask_threshold=mask_threshold,
            )
            source = place / card.file
        if precision != "fp32" and calibrate:
            from cyclegan.precision import TUNING_IMAGES, convert  # lazy: onnxruntime, torch

            card = convert(
                source,
                precision,
                name,
                folder,
                calibrate=calibrate,
                data=data,
                features=features,
                direction=direction,
                accept_loss=accept_loss,
                tuning_images=TUNING_IMAGES if tuning_images is None else tuning_images,
                on_finding=typer.echo,
            )
    _echo_model(folder, card)


def _echo_model(folder: Path, card: ModelCard) -> None:
    assert card.parity, "a model that was exported has been compared"
    nearness = (
        f"{card.fidelity.psnr_db:.1f} dB to the fp32 model"
        if card.fidelity
        else f"within {card.parity.max_abs_error:.1e} of the network "
        f"(allowed: {card.parity.tolerance:g})"
    )
    typer.echo(f"{folder / card.file}: {card.bytes / 2**20:.1f} MiB, {nearness}")


def evaluate(
    model: Annotated[str, typer.Option(help="Name of a model in the weights folder.")],
    data: Annotated[Path, typer.Option(help="Folder with testA, testB, trainA, trainB.")],
    weights: Weights = None,
    direction: Annotated[
        Direction | None, typer.Option(help="Unless given, the one that its card names.")
    ] = None,
    features: Features = None,
    class_index: Annotated[
        int | None, typer.Option(help="Also measure the share that is recognised as this class.")
    ] = None,
    neither: Annotated[
        Path | None,
        typer.Option(
            help="Folder of pictures of neither kind; also measure how much of them stays."
        ),
    ] = None,
    json_: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures to this file.")
    ] = None,
) -> None:
    """Measure how good a model is.

    The figures are printed and written into its card.
    """
    require_training_packages()
    from cyclegan import evaluate as evaluation  # lazy: onnxruntime, rich
    from cyclegan import terminal

    folder = ModelFolder(weights or default_folder())
    card = folder.verify(model)
    chosen = direction or evaluation.direction_of(card)
    if note := _note_on_direction(card, chosen):
        typer.echo(note, err=True)
    with terminal.picture_bar("translating") as on_picture:
        result = evaluation.evaluate(
            folder.folder / card.file,
            card,
            data,
            chosen,
            features=features,
            class_index=class_index,
            neither=neither,
            on_picture=on_picture,
        )
    terminal.print_evaluation(result)
    if json_:
        evaluation.write_json(result, json_)
    metrics = evaluation.merge_metrics(card.metrics, result.metrics)
    replace(card, metrics=metrics).write(folder.folder / f"{model}.json")


def _note_on_direction(card: ModelCard, chosen: Direction) -> str:
    """Say so where a model is measured on what it was not made for; "" otherwise."""
    from cyclegan.evaluate import direction_of  # lazy: onnxruntime

    try:
        own = direction_of(card)
    except InputError:
        return ""
    if own == chosen:
        return ""
    return (
        f"note: {card.name} translates {card.source_domain} to {card.target_domain}, which is "
        f"{own} by its card; with {chosen} it is measured on the pictures of the other kind, which "
        "is right only where A and B are exchanged in --data"
    )


def import_(
    path: Annotated[
        Path, typer.Argument(help="A checkpoint folder of another project, or a .pth file of one.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The run folder to make; with --export, the folder of models."),
    ] = None,
    export_: Annotated[
        bool, typer.Option("--export", help="Make a model with its card instead of a run.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="Name of the model, with --export.")] = None,
    direction: Annotated[
        Direction | None,
        typer.Option(help="What a single generator does; of two, the one to export."),
    ] = None,
    epoch: Annotated[
        str | None, typer.Option(help="Which epoch: latest, 200, ...; the newest unless given.")
    ] = None,
    set_: Settings = None,
    overwrite: Overwrite = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Turn another project's checkpoint into a run or a model."""
    if export_ != (name is not None):
        raise InputError("--export and --name NAME go together; give both, or --out RUN alone")
    if not export_ and out is None:
        raise InputError("where to? Give --out RUN, or --export --name NAME")
    settings = parse_settings(set_ or [])
    require_unset(settings, {"preset": "this command", "init_from": "PATH"})
    require_training_packages()
    if name is not None:
        _require_free(out or default_folder(), name, overwrite)
    from cyclegan import importer, terminal  # lazy: torch, rich

    imported = importer.read(path, direction=direction, epoch=epoch, settings=settings)
    if direction and not export_ and len(imported.directions) == 2:
        raise InputError(
            f"{path} has generators of both directions and both go into the run; leave out "
            "--direction, or give it with --export"
        )
    if not json_:
        terminal.print_import(imported.report)
    card, folder = None, out or default_folder()
    if name is not None:
        card = importer.export_model(imported, direction, name, folder)
    else:
        importer.write_run(imported, folder)
    if json_:
        made = {"model": str(folder / card.file)} if card else {"run": str(folder)}
        report = [vars(fact) for fact in imported.report]
        typer.echo(json.dumps({**made, "report": report}, indent=2))
    elif card:
        _echo_model(folder, card)
    else:
        typer.echo(
            f"{out}: train on with `cyclegan train --data DIR --out {out}`, or export it with "
            f"`cyclegan export {out} --direction {imported.directions[0]} --name NAME`"
        )
