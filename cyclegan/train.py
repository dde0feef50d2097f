"""The training loop, in visible phases: step, alarms, measure, report, sheet, checkpoint.

A run is a folder: config.json, facts.json, latest.pt, best_AtoB.pt, best_BtoA.pt, log.jsonl,
sheets/, tensorboard/ and, made of these, report.html. The same command again goes on where the last
checkpoint stands, bit for bit. What a step computes is in `step.py`, what the phases write in
`chronicle.py`.
"""

import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch

from cyclegan.alarms import Alarm
from cyclegan.chronicle import Chronicle
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import ConfigError, TrainingError, brief
from cyclegan.contract.log import LATEST, first_sheet
from cyclegan.dataset import has_lost_worker, iterate_batches
from cyclegan.domains import SMALL_SET
from cyclegan.gauge import Measurement, make_gauge
from cyclegan.memory import advise, is_out_of_memory
from cyclegan.methods import build_step, open_dataset
from cyclegan.processes import Processes
from cyclegan.run_claim import claim_run, require_apart, require_same_run
from cyclegan.run_folder import (
    RunState,
    Weights,
    take_up,
)
from cyclegan.unreadable import (
    list_unreadable,
    remember,
    share_unreadable,
)

logger = logging.getLogger(__name__)


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


def run_share(config: TrainConfig, state: RunState) -> float:
    """Say how much of the run is behind us: the further of its two limits, at most 1.

    All of it, once patience is lost.
    """
    if config.is_out_of_patience(state.stale):
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
        ConfigError: the folder holds a run with another config, `start` is needed, the folder
            lacks the teacher, or a batch cannot be split evenly among the processes.
        CheckpointError: the run's checkpoint, or the file of a VGG16, cannot be used.
        DatasetError: a domain has too few pictures, or too many of them cannot be read.
        ModelError: the feature network cannot be loaded.
        StorageError: a file could not be written; the last checkpoint is whole.
        TrainingError: a loss, a weight or a reading is no longer finite, memory ran out, or a
            process that loads pictures was ended, the last checkpoint is from before that; or
            another process of the training ended.
        KeyboardInterrupt: after Ctrl-C or SIGTERM; a checkpoint was written, unless it came
            before the first step, for a second time, or broke the step.
    """
    device = device or torch.device("cpu")
    processes = processes or Processes()
    try:
        with ExitStack() as held:
            return _train(config, run, on_progress, device, processes, start, held)
    except Exception as error:
        if has_lost_worker(error):
            raise TrainingError(
                f"a process that loads pictures was ended from outside ({brief(error):.200}), as "
                "systems do where memory is short, or in a container shared memory; the last "
                "checkpoint is whole: go on with --set num_workers=0, which needs no such process"
            ) from error
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
    held: ExitStack,
) -> RunState:
    processes.share(config.batch_size)  # named before there is a folder that holds this setting
    is_new = processes.is_first and not (run / LATEST).exists()
    if is_new and config.init_from and start is None:
        how = "--student shallow" if config.is_shallow else "--init-from"
        raise ConfigError(
            f"{run}: has no checkpoint yet and is to start from {config.init_from}; give {how} "
            "again"
        )
    require_apart(config, run)
    if processes.is_first:
        require_same_run(config, run)  # before anything is loaded that the config names
    dataset = open_dataset(config, run)
    training = {"A": dataset.domain_a.paths, "B": dataset.domain_b.paths}
    gauge = make_gauge(config, training, dataset.teacher) if processes.is_first else None
    has_gauge = processes.from_first(gauge is not None)  # it asks the first one's files
    is_small = min(dataset.pictures[:2]) < SMALL_SET
    automatic = "on" if is_small else "off"
    augmentation = automatic if config.diffaugment == "auto" else config.diffaugment
    step = build_step(config, run, device, augmentation, processes)
    if processes.is_first:
        held.enter_context(claim_run(config, run))  # once nothing that the config names is missing
    state = take_up(config, run, step, dataset, start or {})
    chronicle = Chronicle(run, config, dataset, step, state) if processes.is_first else None
    pins_memory = step.device.type == "cuda"
    batches = iterate_batches(
        dataset, config, state.images_seen, processes, pins_memory=pins_memory
    )
    images_at_start, elapsed_at_start_s = state.images_seen, state.elapsed_s
    start_s = time.monotonic()
    share = run_share(config, state)
    with _stop_signals() as stop:
        while share < 1.0:
            # Step
            learning_rate = scheduled_learning_rate(config, state)
            batch = next(batches)
            has_new_unreadable = remember(state.unreadable, batch.unreadable, dataset.pictures)
            try:
                losses = step(
                    batch.real_A,
                    batch.real_B,
                    learning_rate,
                    taught=batch.taught,
                    neither=batch.neither,
                )
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

            # Alarms
            alarms: tuple[Alarm, ...] = ()
            if chronicle and _is_due(state, config, config.alarm_every):
                alarms = chronicle.watch(share)

            # Measure
            measurement = None
            is_measured = False
            if has_gauge and (share == 1.0 or _is_due(state, config, config.evaluate_every)):
                is_measured = True
                measurement = chronicle.measure(gauge) if chronicle and gauge else None
                state.stale = processes.from_first(state.stale)
                share = run_share(config, state)  # 1 if patience is lost

            # Report
            is_over = share == 1.0
            pace = (state.images_seen - images_at_start) / call_s
            means = None
            is_line_due = _is_due(state, config, config.log_every)
            if is_line_due or (is_over and _is_telling(state, config)):
                means = _close_interval(state, processes)
            if chronicle and (is_line_due or is_over):
                chronicle.require_finite(means or {})
                chronicle.note_progress(means or {}, learning_rate, pace)
            if chronicle and has_new_unreadable:
                chronicle.note_unreadable()
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
            is_first_sheet = _has_just_seen(state, config, first_sheet(config.sheet_every))
            is_sheet_due = is_first_sheet or _is_due(state, config, config.sheet_every)
            if chronicle and (is_over or is_sheet_due):
                chronicle.show()

            # Checkpoint
            is_due = is_measured or _is_due(state, config, config.checkpoint_every)
            if is_over or is_stopping or is_due:
                _share_interval(state, processes)
                has_new = share_unreadable(state.unreadable, dataset.pictures, processes)
                if chronicle and has_new:
                    chronicle.note_unreadable()
                if chronicle:
                    chronicle.save(is_stopped=is_stopping or config.is_out_of_patience(state.stale))
            if is_stopping:
                break
    list_unreadable(state.unreadable)
    if share < 1.0:
        raise KeyboardInterrupt
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


def _is_telling(state: RunState, config: TrainConfig) -> bool:
    """Whether the open interval is long enough, or all there is, for its means to be compared.

    The mean over two pictures after means over twenty looks like a failure in a curve.
    """
    images = config.batch_size * max(state.counts.values())
    return 2 * images >= config.log_every or images >= state.images_seen


def _is_due(state: RunState, config: TrainConfig, every: int) -> bool:
    return state.images_seen % every < config.batch_size


def _has_just_seen(state: RunState, config: TrainConfig, images: int) -> bool:
    return images <= state.images_seen < images + config.batch_size


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
