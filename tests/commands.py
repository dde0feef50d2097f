"""Commands of ours, typed in this process: a new one spends most of its time on importing torch."""

import os
import shlex
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.cli import main


def type_command(*words: str) -> int:
    """Type `cyclegan` and these words; the exit code."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # only in tests are they errors
        patch.setattr(sys, "argv", ["cyclegan", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code is None or isinstance(ended.value.code, int)
    return ended.value.code or 0


def run_script(*words: str | Path, environment: Mapping[str, str]) -> int:
    """Run a bash script to its end, and type here what it types of `cyclegan`; the exit code."""
    (requests, ask), (answer, replies) = os.pipe(), os.pipe()
    function = f"""() {{
        {{ printf '%q ' "$@"; echo; }} >&{ask}
        read -r code <&{answer}
        return "$code"
    }}"""
    script = subprocess.Popen(
        words, env={**environment, "BASH_FUNC_cyclegan%%": function}, pass_fds=(ask, answer)
    )
    os.close(ask)  # so that what is asked ends with the script
    os.close(answer)
    with os.fdopen(requests) as asked, os.fdopen(replies, "w", buffering=1) as replied:
        for line in asked:
            replied.write(f"{type_command(*shlex.split(line))}\n")
    return script.wait()
