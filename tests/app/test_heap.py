"""What is free is not ours for ever."""

import platform
import threading
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
        heap._M_TRIM_THRESHOLD: 2**30,
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


def test_it_is_given_back_once_after_the_last_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    times = 0
    is_given = threading.Event()

    def trim(kept: int) -> None:
        nonlocal times
        times += 1
        is_given.set()

    monkeypatch.setattr(heap, "_malloc_trim", trim)
    monkeypatch.setattr(heap, "GIVE_BACK_AFTER_S", 0.2)
    for expected in (1, 2):  # and again for those that come later
        for _ in range(3):
            heap.give_back_soon()
        assert times == expected - 1, "while pictures come one after the other"
        assert is_given.wait(10)
        is_given.clear()
        assert times == expected
