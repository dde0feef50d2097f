"""What is free is not ours for ever."""

import platform
from pathlib import Path

import pytest

from app.heap import give_back


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps it and gives it back"
)
def test_holes_between_what_is_in_use_are_given_back() -> None:
    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    blocks = [bytes([1]) * 100_000 for _ in range(1000)]  # not so large that each is mapped alone
    del blocks[::2]
    before = resident_bytes()
    give_back()
    assert before - resident_bytes() > 25_000_000  # of 50 MB, less what earlier holes took
