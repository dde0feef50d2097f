"""How far one piece of work has come, and a way to stop it: between who does it and who waits.

What is counted is up to translator.py and rendering.py, how it is shown to the doors.
"""

from collections.abc import Callable

import onnxruntime as ort

from cyclegan.contract.errors import StoppedError


class Progress:
    """Of one piece of work: one thread advances it, any other may stop it."""

    def __init__(self, tell: Callable[[int, int], None] | None = None) -> None:
        """`tell(done, total)` is called before the first tile and after each, and before rows."""
        self._tell = tell
        self._is_stopped = False
        # A run that is under way ends at the next node of its graph.
        self.run_options = ort.RunOptions()

    def stop(self) -> None:
        """Let it end as soon as it can: in a tile, between rows, between parts of a file."""
        self._is_stopped = True
        self.run_options.terminate = True

    def check(self) -> None:
        """Raise StoppedError once it was stopped."""
        if self._is_stopped:
            raise StoppedError("stopped before it was done")

    def advance(self, done: int, total: int) -> None:
        """Say that so many tiles, or rows, of so many are done. Raises: StoppedError."""
        self.check()
        if self._tell:
            self._tell(done, total)
