"""What is free is not ours for ever."""

import platform
from pathlib import Path

import pytest

from app import heap
from app.heap import give_back


@pytest.mark.parametrize(("most", "threshold"), [(2**31, 96 * 2**20), (32 * 2**20, 32 * 2**20)])
def test_an_older_glibc_has_the_threshold_that_it_takes(
    monkeypatch: pytest.MonkeyPatch, most: int, threshold: int
) -> None:
    taken: dict[int, int] = {}

    def mallopt(parameter: int, value: int) -> int:
        """As malloc.c before 2.35, which has no more than HEAP_MAX_SIZE / 2, and since."""
        if parameter == heap._M_MMAP_THRESHOLD and value > most:
            return 0
        taken[parameter] = value
        return 1

    monkeypatch.setattr(heap, "_mallopt", mallopt)
    heap.use_one()
    assert taken == {
        heap._M_ARENA_MAX: 1,
        heap._M_MMAP_THRESHOLD: threshold,
        heap._M_TRIM_THRESHOLD: 64 * 2**20,
    }


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
