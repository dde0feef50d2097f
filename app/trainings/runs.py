"""The runs below a folder: started, told to pause or stop, gone on with.

A training is a process of its own, which outlives this one.
"""

import os
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryFile

from app import verbs
from app.trainings.locks import is_locked, locked
from app.trainings.orders import RECORD, Order, Record, Wish, plain
from app.trainings.standing import OUTPUT, Training, read_training
from cyclegan.contract.errors import CycleGANError, InputError, StorageError, brief
from cyclegan.contract.files import map_storage_errors


class Trainings:
    """The runs below a folder, which is made; their pictures lie below it too, see pictures.py.

    Raises: StorageError if it cannot be used.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.runs = self.root / "runs"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=self.root).close()
        except OSError as error:
            raise StorageError(
                f"{root} cannot keep trainings: {brief(error)}; name another folder with "
                "--training-root"
            ) from error
        # So that nobody is taken for a training while looking at one, and no two make the same run.
        self._gate = threading.RLock()

    def names(self) -> list[str]:
        """Every run that was started here, the newest first."""
        times: dict[str, float] = {}
        for path in self.runs.glob(f"*/{RECORD}"):
            with suppress(FileNotFoundError):  # it has just been removed
                times[path.parent.name] = path.stat().st_mtime
        return sorted(times, key=times.__getitem__, reverse=True)

    def look(self, name: str) -> Training:
        """Read a run's folder. Raises: InputError: there is no such run."""
        run = self._run(name)
        return read_training(run, self._is_alive(run))

    def start(self, order: Order) -> str:
        """Begin a training; return its name.

        Raises: InputError: a setting names a file, or another training is under way; StorageError.
        """
        order.require_no_files()
        with self._gate:
            name = _free_name(self.runs, order.title)
            run = self.runs / name
            with map_storage_errors(run):
                run.mkdir(parents=True)
            try:
                Record(order, pid=0).write(run)
                self.resume(name)
            except CycleGANError:
                shutil.rmtree(run)
                raise
        return name

    def resume(self, name: str, more_minutes: float = 60.0) -> None:
        """Begin or go on; with one that is finished, for `more_minutes`, from its last checkpoint.

        The learning rate, which is 0 at the end of a run, is then that of the same share of the
        longer one, and falls to 0 again.

        Raises: InputError: it would end at once; a training is under way; there is no such run;
        StorageError.
        """
        run = self._run(name)
        with self._gate:
            record = Record.read(run)
            training = read_training(run, is_alive=False)
            if training.standing.is_out_of_patience:
                raise InputError(
                    f"{name} would end at once again: its last {training.standing.stale} "
                    f"measurements found nothing better, and its patience is "
                    f"{training.config['patience']}; start another training with a larger one"
                )
            if training.state == "finished":
                order = record.order.lasting(round(training.standing.minutes + more_minutes, 3))
                record = replace(record, order=order)
            busy = [each for each in self.names() if is_locked(self.runs / each)]
            if busy:
                raise InputError(f"{busy[0]} is being trained; pause or stop it first")
            with locked(run) as lock, (run / OUTPUT).open("ab") as output:
                process = subprocess.Popen(
                    record.order.to_command(run),
                    cwd=verbs.ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C on the server is not meant for it
                    pass_fds=(lock,),
                )
            try:
                replace(record, pid=process.pid, wish="").write(run)
            except BaseException:  # a full disk: nobody could tell it to stop
                process.kill()
                process.wait()
                raise
        threading.Thread(target=process.wait, daemon=True).start()  # or it stays as a zombie

    def tell(self, name: str, wish: Wish) -> None:
        """Have a training write its checkpoint and end, for now ("pause") or for good ("stop").

        Raises: InputError: there is no such run.
        """
        run = self._run(name)
        with self._gate:
            record = Record.read(run)
            replace(record, wish=wish).write(run)
            # A second signal would end it at once, without the checkpoint.
            if not record.wish and is_locked(run):
                with suppress(ProcessLookupError):  # it has just ended
                    os.kill(record.pid, signal.SIGTERM)

    def remove(self, name: str) -> None:
        """Delete a run with all that it has learned; the pictures that it learned from stay.

        Raises: InputError: it is being trained, or is none of ours; StorageError.
        """
        with self._gate:
            run = self._run(name)
            Record.read(run)
            if is_locked(run):
                raise InputError(f"{name} is being trained; pause or stop it first")
            if run.resolve() != run:
                raise InputError(f"{name} lies outside of {self.runs.name}; delete it where it is")
            try:
                (run / RECORD).unlink()  # what a kill leaves then is no run any more
                shutil.rmtree(run)
            except OSError as error:
                raise StorageError(f"{name} could not be deleted: {brief(error)}") from error

    def _is_alive(self, run: Path) -> bool:
        with self._gate:
            return is_locked(run)

    def _run(self, name: str) -> Path:
        is_plain = bool(name) and name == Path(name).name and not name.startswith(".")
        if not is_plain or not (self.runs / name).is_dir():
            raise InputError(f'there is no training "{name[:60]}"')
        return self.runs / name


def _free_name(runs: Path, wanted: str) -> str:
    """A name for a run that nobody has yet."""
    name = plain(wanted)
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(each for each in names if not (runs / each).exists())
