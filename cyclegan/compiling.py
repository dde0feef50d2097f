"""Whether this machine can compile networks. No torch here, so that a command answers at once."""

import os
import shutil
import sysconfig
from pathlib import Path


def can_compile() -> bool:
    """Whether torch.compile can work on a CPU: there are a C++ compiler and Python's headers."""
    compilers = (os.environ.get("CXX", "c++"), "g++", "clang++")
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return any(shutil.which(name) for name in compilers) and headers.is_file()
