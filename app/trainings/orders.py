"""What is to be learned, as somebody asked for it, and the command that learns it."""

import json
import re
import unicodedata
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, Self

from app import verbs
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import InputError
from cyclegan.contract.files import atomic_write

RECORD = "server.json"  # of ours, in a run folder

Wish = Literal["", "pause", "stop"]

_BYTES = 80  # of a name that is part of a path; file systems take 255, and more is added to it
_BYTES_OF_ONE = 35  # of each of two names in it: with "-shallow" they fit

# What new discriminators need so that they do not spoil generators that know something already.
_HEAD_START_IMAGES = 300

_SETTING = re.compile(r"[a-z0-9_]+=(-?\w[\w.+-]*)?", re.ASCII)
# What names files, of which a word may still be one in the folder that the command runs in, and
# what the order itself says.
NOT_SET = frozenset(
    {
        *("domain_a", "domain_b", "neither", "name_a", "name_b", "test_a", "test_b"),
        *("features", "discriminator_weights", "perceptual_weights"),
        *("init_from", "teacher"),
    }
)


@dataclass(frozen=True)
class Lesson:
    """How a small model learns what another one does."""

    teacher: str  # the file of the other one, of which the run gets a copy at its start
    direction: Direction
    student: str  # its size: tiny, small, shallow


@dataclass(frozen=True)
class Order:
    """What is to be learned."""

    name_a: str  # what the domains are called
    name_b: str
    domain_a: str  # folders of pictures
    domain_b: str
    preset: str
    max_minutes: float
    settings: tuple[str, ...] = ()  # KEY=VALUE
    test_a: str = ""  # folders of pictures that are not learned from, to judge by; "" for none
    test_b: str = ""
    neither: str = ""  # folder of pictures of neither kind, to be left alone; "" for none
    lesson: Lesson | None = None  # from whom; None learns from pictures alone
    start: str = ""  # the file of a model whose weights it begins with; "" for none

    def __post_init__(self) -> None:
        """Raises: InputError on settings that are none, or that may name a path."""
        for setting in self.settings:
            if not _SETTING.fullmatch(setting):
                raise InputError(f'a setting is KEY=VALUE without paths, not "{setting[:60]}"')

    def require_no_files(self) -> None:
        """Raises: InputError on settings that name files, as orders of old may have."""
        for key in (setting.partition("=")[0] for setting in self.settings):
            if key in NOT_SET:
                raise InputError(f"{key} cannot be set here; leave it out")

    @property
    def names(self) -> dict[str, str]:
        """What the domains are called, by "a" and "b"."""
        return {"a": self.name_a, "b": self.name_b}

    @property
    def title(self) -> str:
        """What a run is called after."""
        both = title_of(self.name_a, self.name_b)
        return f"{both}-{self.lesson.student}" if self.lesson else both

    def _head_start_images(self) -> int:
        """As many as discriminators need, and of a training on few pictures a quarter."""
        said = dict(setting.split("=", 1) for setting in self.settings).get("max_images", "")
        most = int(said) if said.isdecimal() else 0
        return min(_HEAD_START_IMAGES, most // 4) if most else _HEAD_START_IMAGES

    def lasting(self, max_minutes: float) -> "Order":
        """The same, with this as its only limit."""
        limits = ("max_images=", "max_minutes=")
        kept = tuple(each for each in self.settings if not each.startswith(limits))
        return replace(self, max_minutes=max_minutes, settings=kept)

    def to_command(self, run: Path) -> list[str]:
        """The command that begins the training, and goes on with it."""
        names = {f"name_{key}": name for key, name in self.names.items()}
        tests = {"test_a": self.test_a, "test_b": self.test_b}
        texts = names | {key: folder for key, folder in tests.items() if folder}
        # As JSON, so that no name passes for a number.
        given = (f"{key}={json.dumps(text)}" for key, text in texts.items())
        lesson = self.lesson
        neither = ("--neither", self.neither) if self.neither else ()
        start = ("--init-from", self.start) if self.start and not lesson else ()
        ahead = (f"head_start_images={self._head_start_images()}",) if start else ()
        settings = [word for each in (*given, *ahead, *self.settings) for word in ("--set", each)]
        verb = (
            (
                "distill",
                lesson.teacher,
                "--direction",
                lesson.direction,
                "--student",
                lesson.student,
            )
            if lesson
            else ("train", "--preset", self.preset)
        )
        return verbs.command(
            *(*verb, "--domain-a", self.domain_a, "--domain-b", self.domain_b, "--out", run),
            *(*start, *neither, "--max-minutes", str(self.max_minutes), *settings),
        )


@dataclass(frozen=True)
class Record:
    """What is in `server.json`."""

    order: Order
    pid: int  # of the process, which counts for nothing without the lock
    wish: Wish = ""  # what it was told last

    @classmethod
    def read(cls, run: Path) -> Self:
        """Read a run's record. Raises: InputError: it is none of ours."""
        try:
            data = json.loads((run / RECORD).read_text())
            order = data["order"] | {"settings": tuple(data["order"]["settings"])}
            if lesson := order.get("lesson"):
                order["lesson"] = Lesson(**lesson)
            return cls(Order(**order), int(data["pid"]), data["wish"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{run.name} was not started from this page") from error

    def write(self, run: Path) -> None:
        """Write it. Raises: StorageError."""
        with atomic_write(run / RECORD) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=2) + "\n")


def title_of(name_a: str, name_b: str) -> str:
    """What two domains are called together, as part of a path: "horse2zebra", "犬2猫"."""
    return f"{plain(name_a, 'a', _BYTES_OF_ONE)}2{plain(name_b, 'b', _BYTES_OF_ONE)}"


def plain(name: str, otherwise: str = "run", most_bytes: int = _BYTES) -> str:
    """What can be part of a path, of whatever a person typed; `otherwise` where nothing can.

    Letters and digits of any alphabet stay, with the marks that some write vowels as.
    """
    composed = unicodedata.normalize("NFC", name)
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" or c == "_" else "-" for c in composed)
    whole = re.sub("--+", "-", kept).strip("-_").encode()
    return whole[:most_bytes].decode(errors="ignore").strip("-_") or otherwise
