"""What is told of an error to people elsewhere, who need not know where things are on this machine.

Whoever makes an answer or a record of an error knows which paths may be in it.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

MODELS = "the folder of models"
JOBS = "the folder of jobs"
DISK = "the disk"  # where what comes and goes lies meanwhile


def without_paths(text: str, called: Mapping[Path, str]) -> str:
    """A sentence in which each path is what it is `called`, and what lies in one has no path.

    A path may be told without its links, or from the root on, as well. A relative path of one name
    stays where nothing follows it: `--jobs jobs` must not spoil "4 of your jobs".
    """
    spellings = ((each, name) for path, name in called.items() for each in (path, path.resolve()))
    names = {str(path): name for path, name in spellings}
    paths = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))  # the inner ones first

    def name(found: re.Match[str]) -> str:
        path, is_around = found.groups()
        return "" if is_around else names[path] if os.sep in path else path

    return re.sub(rf"(?<![\w.-])({paths})({re.escape(os.sep)}|(?![\w-]))", name, text)
