"""The training loop, in visible phases: step, report, sheet, checkpoint.

A run is a folder: config.json, facts.json, latest.pt, log.jsonl, sheets/, tensorboard/ and, made of
these, report.html. The same command again goes on where the last checkpoint stands, bit for bit.
What a step computes is in `step.py`.
"""

import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from cyclegan.alarms import Alarm, judge, nonfinite
from cyclegan.checkpoint import LATEST, best_path, find_nonfinite, load_checkpoint, save_checkpoint
from cyclegan.config import RESUME_MAY_CHANGE, RESUME_MAY_SET, TrainConfig, read_config
from cyclegan.contract.errors import ConfigError, TrainingError, brief
from cyclegan.contract.files import atomic_write
from cyclegan.dataset import UnpairedDataset, iterate_batches
from cyclegan.diffaugment import SMALL_SET
from cyclegan.doctor.facts import look_at, write_facts
from cyclegan.domains import GENERATOR_OF, Direction
from cyclegan.gauge import Measurement, Record, make_gauge
from cyclegan.memory import advise, is_out_of_memory
from cyclegan.processes import Processes
from cyclegan.readings import load_probe, take_readings
from cyclegan.report import Log, draw_sheet, load_sheet_pictures, save_sheet
from cyclegan.report_page import write_report
from cyclegan.step import STEPS, Step
from cyclegan.unreadable import (
    Unreadable,
    count_unreadable,
    forget_removed,
    list_unreadable,
    remember,
    share_unreadable,
)

logger = logging.getLogger(__name__)

Weights = Mapping[str, Mapping[str, Tensor]]  # state dicts by network: "G_AB", "D_B", ...


@dataclass
class RunState:
    """The clock and the open interval of the log: what a checkpoint holds besides the step."""

    images_seen: int = 0  # pictures of each domain
    elapsed_s: float = 0.0  # seconds of training, stops excluded
    sums: dict[str, Tensor] = field(default_factory=dict)  # losses since the last log line
    counts: dict[str, int] = field(default_factory=dict)  # how many steps had that loss
    alarms: dict[str, int] = field(default_factory=dict)  # see `held` of alarms.judge
    unreadable: Unreadable = field(default_factory=dict)  # pictures that were left out
    best: dict[Direction, Record] = field(default_factory=dict)  # of all measurements
    stale: int = 0  # measurements in a row without a new best

    def keep(self, records: dict[Direction, Record]) -> list[Direction]:
        """Take over the records that are the best so far; return their directions."""
        better = [key for key, new in records.items() if new.is_better_than(self.best.get(key))]
        self.best |= {direction: records[direction] for direction in better}
        self.stale = 0 if better else self.stale + 1
        return better


@dataclass(frozen=True)
class Progress:
    """Where a run stands, told to whoever watches."""

    images_seen: int  # pictures of each domain
    share: float  # of the run, in [0, 1]
    elapsed_s: float  # seconds of training, stops excluded
    remaining_s: float  # seconds, estimated from the pace
    images_per_s: float  # pictures of each domain a second, in this call
    losses: dict[str, float] | None  # means since the last log line, when one is due
    alarms: tuple[Alarm, ...] = ()  # those that begin or are over now
    measurement: Measurement | None = None  # when one is due


def has_lost_patience(config: TrainConfig, state: RunState) -> bool:
    """Whether as many measurements as the config allows brought no new best."""
    return 0 < config.patience <= state.stale


def run_share(config: TrainConfig, state: RunState) -> float:
    """Say how much of the run is behind us: the further of its two limits, at most 1.

    All of it, once patience is lost.
    """
    if has_lost_patience(config, state):
        return 1.0
    return config.share_done(state.images_seen, state.elapsed_s)


def scheduled_learning_rate(config: TrainConfig, state: RunState) -> float:
    """Rise over `warmup_images`, stay, and fall to 0 from `decay_start` of the run to its end.

    The linear fall from half of the run is the paper's (Zhu et al. 2017, section 4).
    """
    rise = min(1.0, (state.images_seen + 1) / (config.warmup_images + 1))
    fallen = max(0.0, (run_share(config, state) - config.decay_start) / (1 - config.decay_start))
    fall = {
        "linear": 1 - fallen,
        "cosine": (1 + math.cos(math.pi * fallen)) / 2,
        "constant": 1.0,
    }[config.schedule]
    return config.learning_rate * rise * fall


def train(
    config: TrainConfig,
    run: Path,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    device: torch.device | None = None,
    processes: Processes | None = None,
    start: Weights | None = None,
) -> RunState:
    """Train until a limit of the config is reached, going on where the folder `run` stands.

    Of several processes only the first reads and writes the run folder.

    Args:
        config: must equal the run's own but for `RESUME_MAY_CHANGE`.
        run: the run folder, made where it is missing.
        on_progress: called after every step, from this thread.
        device: where to compute; the CPU unless told otherwise.
        processes: those that share the batches; this one alone unless told otherwise.
        start: what a run without a checkpoint starts from instead of weights drawn anew; needed
            where the config says `init_from`.

    Raises:
        ConfigError: the folder holds a run with another config, or `start` is needed.
        CheckpointError: the run's checkpoint, or the file of a VGG16, cannot be used.
        DatasetError: a domain has too few pictures, or too many of them cannot be read.
        ModelError: the feature network cannot be loaded.
        StorageError: a file could not be written; the last checkpoint is whole.
        TrainingError: a loss, a weight or a reading is no longer finite, or memory ran out, the
            last checkpoint is from before that; or another process ended.
        KeyboardInterrupt: after Ctrl-C or SIGTERM; a checkpoint was written, unless it came
            before the first step, for a second time, or broke the step.
    """
    device = device or torch.device("cpu")
    processes = processes or Processes()
    try:
        return _train(config, run, on_progress, device, processes, start)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        said = brief(error)
    # Not in the block above: the error's frames hold the memory that the advice is about.
    raise TrainingError(f"memory ran out ({said:.200}); {advise(config, device, processes.count)}")


def _train(
    config: TrainConfig,
    run: Path,
    on_progress: Callable[[Progress], None],
    device: torch.device,
    processes: Processes,
    start: Weights | None,
) -> RunState:
    is_new = processes.is_first and not (run / LATEST).exists()
    if is_new and config.init_from and start is None:
        raise ConfigError(
            f"{run}: has no checkpoint yet and is to start from {config.init_from}; give "
            "--init-from again"
        )
    dataset = UnpairedDataset(config)
    training = {"A": dataset.domain_a.paths, "B": dataset.domain_b.paths}
    gauge = make_gauge(config, STEPS[config.method].generator_names, training)
    pictures = (len(dataset.domain_a.paths), len(dataset.domain_b.paths))
    is_small = min(pictures) < SMALL_SET
    augments = config.diffaugment == "on" or (config.diffaugment == "auto" and is_small)
    step = STEPS[config.method](config, device, augments=augments, processes=processes)
    if processes.is_first:
        claim_run(config, run)  # once nothing that the config names is missing
    state = _resume(step, run / LATEST, pictures, processes, start or {})
    log = Log(run, state.images_seen) if processes.is_first else None
    sheet_reals_A, sheet_reals_B = (
        load_sheet_pictures(domain.paths, config.sheet_pictures, config.crop_size)
        for domain in (dataset.domain_a, dataset.domain_b)
    )
    if processes.is_first:
        facts = [
            look_at(Path(config.domain_a), dataset.domain_a.paths, config.load_size_min),
            look_at(Path(config.domain_b), dataset.domain_b.paths, config.load_size_min),
        ]
        write_facts(run, describe_hardware(step.device, processes.count), facts)
        write_report(run)
    probe_A, probe_B = (
        load_probe(domain.paths, config.crop_size)
        for domain in (dataset.domain_a, dataset.domain_b)
    )
    batches = iterate_batches(dataset, config, state.images_seen, processes)
    images_at_start, elapsed_at_start_s = state.images_seen, state.elapsed_s
    start_s = time.monotonic()
    share = run_share(config, state)
    with _stop_signals() as stop:
        while share < 1.0:
            # Step
            learning_rate = scheduled_learning_rate(config, state)
            real_A, real_B, unreadable = next(batches)
            has_new_unreadable = remember(state.unreadable, unreadable, pictures)
            try:
                losses = step(real_A, real_B, learning_rate)
            except Exception as error:
                if stop:  # Ctrl-C reaches the compiler's processes too, and fails the step
                    raise KeyboardInterrupt from error
                raise
            for name, loss in losses.items():
                state.sums[name] = state.sums.get(name, torch.zeros_like(loss)) + loss
                state.counts[name] = state.counts.get(name, 0) + 1
            state.images_seen += config.batch_size
            call_s = time.monotonic() - start_s
            state.elapsed_s, is_stopping = processes.agree(elapsed_at_start_s + call_s, bool(stop))
            share = run_share(config, state)
            is_over = share == 1.0

            # Alarms
            alarms: tuple[Alarm, ...] = ()
            if log and _is_due(state, config, config.alarm_every):
                readings = take_readings(step, probe_A, probe_B)
                _require_finite(find_nonfinite(readings), run, state, log)
                log.append({"images_seen": state.images_seen, **readings})
                alarms = judge(readings, state.alarms, config, share)
                for alarm in alarms:
                    log.tell(alarm.to_row(state.images_seen))

            # Measure
            measurement = None
            is_measured = gauge is not None and (
                is_over or _is_due(state, config, config.evaluate_every)
            )
            if gauge and is_measured:
                if log:
                    measurement = gauge.measure(step.averages, state.images_seen)
                    row = measurement.row
                    _require_finite(find_nonfinite(row), run, state, log)
                    measurement.best = state.keep(measurement.records)
                    row["without_best"] = state.stale
                    log.append({"images_seen": state.images_seen, **row})
                    for direction in measurement.best:
                        write_best(run, config, step, state, pictures, direction)
                state.stale = processes.from_first(state.stale)
                share = run_share(config, state)
                is_over = share == 1.0

            # Report
            pace = (state.images_seen - images_at_start) / call_s
            means = None
            if is_over or _is_due(state, config, config.log_every):
                means = _close_interval(state, processes)
                _require_finite(find_nonfinite(means), run, state, log)
                if log:
                    log.append(
                        {
                            "images_seen": state.images_seen,
                            "minutes": round(state.elapsed_s / 60, 3),
                            "images_per_s": round(pace, 3),
                            "learning_rate": learning_rate,
                            **means,
                        }
                    )
            if log and has_new_unreadable:
                unreadable_count = count_unreadable(state.unreadable)
                log.append({"images_seen": state.images_seen, "unreadable": unreadable_count})
            remaining_s = _remaining_s(config, state, pace)
            on_progress(
                Progress(
                    state.images_seen,
                    share,
                    state.elapsed_s,
                    remaining_s,
                    pace,
                    means,
                    alarms,
                    measurement,
                )
            )

            # Sheet
            if log and (is_over or _is_due(state, config, config.sheet_every)):
                caption = f"{state.images_seen} images, {state.elapsed_s / 60:.0f} minutes"
                averaged = {name: average.module for name, average in step.averages.items()}
                sheet = draw_sheet(sheet_reals_A, sheet_reals_B, averaged, caption)
                save_sheet(sheet, run / "sheets" / f"{state.images_seen:09d}.jpg")
                log.show(sheet, state.images_seen)

            # Checkpoint
            is_checkpoint_due = is_measured or _is_due(state, config, config.checkpoint_every)
            if is_over or is_stopping or is_checkpoint_due:
                _share_interval(state, processes)
                share_unreadable(state.unreadable, pictures, processes)
                if log:
                    _require_finite(find_nonfinite(state.sums | step.state_dict()), run, state, log)
                    write_checkpoint(run, config, step, state, pictures)
                    is_over_early = has_lost_patience(config, state)
                    write_report(run, is_stopped=is_stopping or is_over_early)
            if is_stopping:
                break
    list_unreadable(state.unreadable)
    if share < 1.0:
        raise KeyboardInterrupt
    return state


def write_checkpoint(
    run: Path, config: TrainConfig, step: Step, state: RunState, pictures: tuple[int, int]
) -> None:
    """Write everything that a run goes on from; `pictures` of A and of B. Raises StorageError."""
    save_checkpoint(
        run / LATEST,
        {
            **_describe_origin(config, step, pictures),
            "run": asdict(state),
            "step": step.state_dict(),
        },
    )


def write_best(
    run: Path,
    config: TrainConfig,
    step: Step,
    state: RunState,
    pictures: tuple[int, int],
    direction: Direction,
) -> None:
    """Write what the export of one direction needs, and what it was measured at.

    The checkpoint follows at once; a run that is killed in between measures again. Raises
    StorageError.
    """
    name = GENERATOR_OF[direction]
    save_checkpoint(
        best_path(run, direction),
        {
            **_describe_origin(config, step, pictures),
            "run": {"images_seen": state.images_seen, "elapsed_s": state.elapsed_s},
            "step": {f"{name}_ema": step.averages[name].state_dict()},
            "record": asdict(state.best[direction]),
        },
    )


def _describe_origin(config: TrainConfig, step: Step, pictures: tuple[int, int]) -> dict[str, Any]:
    return {
        "config": config.to_dict(),
        "pictures": list(pictures),
        "hardware": describe_hardware(step.device, step.processes.count),
    }


def claim_run(config: TrainConfig, run: Path) -> None:
    """Write the config into a new run folder, or make sure that the folder's own is the same.

    Raises ConfigError: it is another one; names the keys.
    """
    path = run / "config.json"
    if path.exists():
        ours, theirs = config.to_dict(), read_config(path).to_dict()
        for key in RESUME_MAY_SET:
            theirs[key] = theirs[key] or ours[key]
        differing = [
            f"{key} is {theirs[key]!r} there and {ours[key]!r} here"
            for key in ours
            if key not in RESUME_MAY_CHANGE and ours[key] != theirs[key]
        ]
        if differing:
            raise ConfigError(
                f"{run}: holds a run with another config: {'; '.join(differing)}; "
                "give the same settings to go on with it, or another --out to start anew"
            )
    for stale in run.glob(".tmp-*"):  # of a process that was killed while it wrote
        stale.unlink(missing_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(config.to_json())


def describe_hardware(device: torch.device, processes: int = 1) -> str:
    """Name what computes, for the model's card."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        cpu = torch.cpu.get_capabilities().get("cpu_name", "CPU")
        name = f"{cpu}, {torch.get_num_threads()} threads"
    return f"{processes} x {name}" if processes > 1 else name


def _resume(
    step: Step, checkpoint: Path, pictures: tuple[int, int], processes: Processes, start: Weights
) -> RunState:
    has_one = processes.is_first and checkpoint.exists()
    loaded = processes.from_first(load_checkpoint(checkpoint) if has_one else None)
    if loaded is None:
        step.start_from(start)
        anew = [name for name in step.networks if name not in start]
        if start and anew:
            logger.warning("%s start anew: there are no weights that fit", ", ".join(anew))
        return RunState()
    step.load_state_dict(loaded["step"])
    best = {key: Record(**record) for key, record in loaded["run"].get("best", {}).items()}
    state = RunState(**{**loaded["run"], "best": best})
    state.sums = {name: total.to(step.device) for name, total in state.sums.items()}
    forget_removed(state.unreadable)
    if not processes.is_first:
        return state
    pictures_before = tuple(loaded["pictures"])
    if state.images_seen and pictures_before != pictures:
        logger.warning(
            "the domains have %d and %d pictures now, %d and %d before: the run goes on, but not "
            "as if nothing had happened",
            *pictures,
            *pictures_before,
        )
    logger.info("going on with %s at %d images", checkpoint, state.images_seen)
    return state


def _share_interval(state: RunState, processes: Processes) -> None:
    """Make the sums of the open interval the same in every process: the means of theirs."""
    if state.sums:
        means = processes.average(torch.stack(list(state.sums.values())))
        state.sums = dict(zip(state.sums, means.unbind(), strict=True))


def _close_interval(state: RunState, processes: Processes) -> dict[str, float]:
    """Return the interval's mean losses over all processes, and open the next one."""
    _share_interval(state, processes)
    means = {name: float(state.sums[name]) / n for name, n in state.counts.items()}
    state.sums, state.counts = {}, {}
    return means


def _require_finite(broken: list[str], run: Path, state: RunState, log: Log | None) -> None:
    """Stop the run, and say so in its log and report, if anything is called broken."""
    if broken:
        alarm = nonfinite(broken, state.images_seen)
        if log:
            log.tell(alarm.to_row(state.images_seen))
            write_report(run, is_stopped=True)
        raise TrainingError(f"{alarm.text} {alarm.remedy}")


def _is_due(state: RunState, config: TrainConfig, every: int) -> bool:
    return state.images_seen % every < config.batch_size


def _remaining_s(config: TrainConfig, state: RunState, pace: float) -> float:
    remaining_s = []
    if config.max_images:
        remaining_s.append((config.max_images - state.images_seen) / pace)
    if config.max_minutes:
        remaining_s.append(60 * config.max_minutes - state.elapsed_s)
    return max(min(remaining_s), 0.0)


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Yield a list that holds a signal once one asked us to stop; a second one stops at once."""
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield received  # signals belong to the main thread
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
