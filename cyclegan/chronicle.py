"""What a run puts into its folder as it goes: log, alarms, figures, sheets, checkpoints, report.

When it is time for which is decided in `train.py`; of several processes the first has a chronicle.
"""

from pathlib import Path
from typing import Any

import torch

from cyclegan.alarms import Alarm, judge, nonfinite
from cyclegan.checkpoint import find_nonfinite
from cyclegan.config import TrainConfig
from cyclegan.contract.directions import DIRECTIONS
from cyclegan.contract.errors import TrainingError
from cyclegan.contract.pixels import from_network, to_network
from cyclegan.dataset import UnpairedDataset
from cyclegan.doctor.facts import look_at, write_facts
from cyclegan.gauge import Gauge, Measurement
from cyclegan.readings import load_probe, read_student, take_readings
from cyclegan.report import Log, draw_sheet, forget_sheets, load_sheet_pictures, save_sheet
from cyclegan.report_page import write_report
from cyclegan.report_page.sheets import SHEETS
from cyclegan.run_claim import keep_config
from cyclegan.run_folder import (
    RunState,
    describe_hardware,
    write_best,
    write_checkpoint,
)
from cyclegan.step import Step
from cyclegan.unreadable import count_unreadable


class Chronicle:
    """Writes a run's folder while it trains.

    Raises StorageError everywhere, TrainingError where `require_finite` does, and DatasetError
    where too few pictures can be read for sheets, readings or figures.
    """

    def __init__(
        self, run: Path, config: TrainConfig, dataset: UnpairedDataset, step: Step, state: RunState
    ) -> None:
        """Write the config and what the pictures are like, and open the log at where it stands."""
        self.run, self.config, self.step, self.state = run, config, step, state
        domains = dataset.domain_a, dataset.domain_b
        self.pictures = dataset.pictures
        self._sheet_reals_A, self._sheet_reals_B = (
            load_sheet_pictures(domain.paths, config.sheet_pictures, config.crop_size)
            for domain in domains
        )
        source, _ = DIRECTIONS[config.direction]
        self._sheet_sources = self._sheet_reals_A if source == "A" else self._sheet_reals_B
        self._sheet_taught = None
        if dataset.teacher:
            self._sheet_taught = [
                torch.from_numpy(to_network(dataset.teacher(from_network(real.numpy()))))
                for real in self._sheet_sources
            ]
        self._probe_A, self._probe_B = (
            load_probe(domain.paths, config.crop_size) for domain in domains
        )
        keep_config(config, run)  # once nothing is left that may be refused
        self._log = Log(run, state.images_seen)
        forget_sheets(run / SHEETS, state.images_seen)
        facts = [
            look_at(Path(folder), domain.paths, config.load_size_min)
            for folder, domain in zip((config.domain_a, config.domain_b), domains, strict=True)
        ]
        write_facts(run, describe_hardware(step.device, step.processes.count), facts)
        write_report(run, is_stopped=config.is_out_of_patience(state.stale))

    def watch(self, share: float) -> tuple[Alarm, ...]:
        """Take readings, and return the alarms that begin or are over `share` into the run."""
        readings = take_readings(self.step, self._probe_A, self._probe_B)
        if self._sheet_taught:
            readings |= read_student(self.step, self._sheet_sources, self._sheet_taught)
        self.require_finite(readings)
        self._append(readings)
        # During a head start discriminators tell all apart, and new generators look sick.
        learned = 1 - min(1.0, self.config.head_start_images / self.state.images_seen)
        alarms = judge(readings, self.state.alarms, self.config, share * learned)
        for alarm in alarms:
            self._log.tell(alarm.to_row(self.state.images_seen))
        return alarms

    def measure(self, gauge: Gauge) -> Measurement:
        """Measure the averaged generators, and keep those that are the best so far."""
        measurement = gauge.measure(self.step.averages, self.state.images_seen)
        self.require_finite(measurement.row)
        measurement.best = self.state.keep(measurement.records)
        marks = {f"is_best_{key}": key in measurement.best for key in measurement.records}
        self._append({**measurement.row, **marks, "without_best": self.state.stale})
        for direction in measurement.best:
            write_best(self.run, self.config, self.step, self.state, self.pictures, direction)
        return measurement

    def note_progress(self, means: dict[str, float], learning_rate: float, pace: float) -> None:
        """Write a line of the log: mean losses, if any, and pictures of each domain a second."""
        self._append(
            {
                "minutes": round(self.state.elapsed_s / 60, 3),
                "images_per_s": round(pace, 3),
                "learning_rate": learning_rate,
                **means,
            }
        )

    def note_unreadable(self) -> None:
        """Write how many pictures have been left out."""
        self._append({"unreadable": count_unreadable(self.state.unreadable)})

    def show(self) -> None:
        """Draw a sample sheet."""
        state = self.state
        averaged = {name: average.module for name, average in self.step.averages.items()}
        caption = f"{state.images_seen} images, {state.elapsed_s / 60:.0f} min"
        sheet = draw_sheet(
            self._sheet_reals_A, self._sheet_reals_B, averaged, caption, self._sheet_taught
        )
        save_sheet(sheet, self.run / SHEETS / f"{state.images_seen:09d}.jpg")
        self._log.show(sheet, state.images_seen)

    def save(self, is_stopped: bool) -> None:
        """Write the checkpoint, unless a number in it is broken, and the report."""
        self.require_finite(self.state.sums | self.step.state_dict())
        write_checkpoint(self.run, self.config, self.step, self.state, self.pictures)
        write_report(self.run, is_stopped=is_stopped)

    def require_finite(self, values: dict[str, Any]) -> None:
        """Tell, and raise TrainingError, where any of the numbers is infinite or none."""
        broken = find_nonfinite(values)
        if broken:
            alarm = nonfinite(broken, self.state.images_seen)
            self._log.tell(alarm.to_row(self.state.images_seen))
            write_report(self.run, is_stopped=True)
            raise TrainingError(f"{alarm.text} {alarm.remedy}")

    def _append(self, values: dict[str, float]) -> None:
        self._log.append({"images_seen": self.state.images_seen, **values})
