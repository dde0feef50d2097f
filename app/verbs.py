"""The verbs of the `cyclegan` command as processes of their own, for what the server must survive.

A training needs torch, which this process never imports; a file from elsewhere may bring down
whatever runs it. What a verb does is in app/cli/ and cyclegan/cli/.
"""

import subprocess
import sys
from pathlib import Path

from cyclegan.contract.errors import CycleGANError, InputError

ROOT = Path(__file__).parents[1]  # where the code of both wings is found

_RUN = "from app.cli import main; main()"


def command(*arguments: str | Path) -> list[str]:
    """The command line that runs a verb with the interpreter and the code of this process.

    Paths are made absolute, for it runs in another folder.
    """
    words = (each.resolve() if isinstance(each, Path) else each for each in arguments)
    return [sys.executable, "-c", _RUN, *map(str, words)]


def run(*arguments: str | Path, timeout_s: float, also_ok: tuple[int, ...] = ()) -> str:
    """Run a verb to its end and return what it printed.

    Raises: InputError with the verb's own sentence if it ends with a code other than 0 and
    `also_ok`; CycleGANError if it takes longer than `timeout_s` seconds.
    """
    try:
        ran = subprocess.run(
            command(*arguments),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as error:
        raise CycleGANError(f"it took more than {timeout_s:g} seconds and was stopped") from error
    if ran.returncode not in (0, *also_ok):
        said = ran.stderr.strip().splitlines() or [f"it ended with code {ran.returncode}"]
        raise InputError(said[-1].removeprefix("error: "))
    return ran.stdout
