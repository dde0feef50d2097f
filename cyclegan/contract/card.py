"""The card beside a model: everything an app must know about it, as strict JSON.

`horse2zebra.json` describes `horse2zebra.onnx`. How a card comes to be is in cyclegan/export.py, of
models that were made elsewhere in app/foreign/.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, Self

from cyclegan.contract.errors import CardError, InputError, StorageError, brief
from cyclegan.contract.files import atomic_write, sha256_of, sweep
from cyclegan.contract.strict_json import parse, show

SCHEMA_VERSION = 1
VALUE_RANGES = ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0))  # that models use, the one of ours first
MODEL_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)  # it becomes part of file names

# No model takes so long to write; others may be at it in the same folder.
_ABANDONED_S = 24 * 60 * 60
_REMEDY = "fetch both files again or export the model again"


def require_model_name(name: str) -> None:
    """Raises: InputError: a model cannot be called so, for it becomes part of file names."""
    if not MODEL_NAME.fullmatch(name):
        raise InputError(
            f"a model's name has letters, digits, '.', '_' and '-', not {name!r}; give another "
            "with --name"
        )


def model_name(source: str, target: str) -> str:
    """What a model is called after its domains: "horse2zebra"; "" where letters would be lost.

    Runs are called after names of any alphabet, cards are not: "horse2-" says less than "AtoB".
    """
    kept = [re.sub(r"[^\w.-]+", "-", name).strip("-") for name in (source, target)]
    name = "2".join(kept)
    return name if all(kept) and MODEL_NAME.fullmatch(name) else ""


@dataclass(frozen=True)
class Architecture:
    """The network."""

    name: str  # a key of cyclegan.networks.GENERATORS
    options: dict[str, Any]  # what its builder was called with
    parameters: int  # how many weights it has


@dataclass(frozen=True)
class Part:
    """One of the checkpoints of which the weights are the mean."""

    run: str  # name of its folder
    checkpoint: Literal["best", "latest"]
    images_seen: int  # training pictures shown until then
    seed: int
    counts: int  # so many times


@dataclass(frozen=True)
class Training:
    """Where the weights come from; of a mean the preset, seed, checkpoint and config of the first
    run, and all else of every run together.
    """

    data: str  # in words: which pictures, how many
    images_seen: int  # training pictures shown, repeats included
    minutes: float  # wall-clock time spent
    hardware: str  # in words
    preset: str
    seed: int
    weights: Literal["ema", "raw"]  # ema: their exponential moving average
    checkpoint: Literal["best", "latest"]  # best: chosen by what was measured while training
    config: dict[str, Any]  # the resolved TrainConfig
    mean_of: tuple[Part, ...] = ()  # empty: the weights are those of one checkpoint


@dataclass(frozen=True)
class Metric:
    """One measured figure."""

    name: str
    value: float
    unit: str  # "%", "x100", ... or ""
    direction: Literal["lower", "higher"]  # which is better
    protocol: str  # in words: which pictures, sizes, features; without it a figure says nothing

    @property
    def is_recognition(self) -> bool:
        """Whether it is what RECOGNITION explains."""
        return self.name.startswith(RECOGNISED)


RECOGNISED = "recognised as class"  # how the name of a metric begins that is a share of one class
RECOGNITION = (
    f'"{RECOGNISED} N" is the share of the translations that the network takes for its class N: '
    "of the classes of ImageNet, 340 is the zebra."
)


def by_protocol(metrics: Iterable[Metric]) -> Iterator[tuple[str, list[Metric]]]:
    """Metrics in their order, and those in one list that follow each other and share a protocol."""
    for protocol, figures in groupby(metrics, attrgetter("protocol")):
        yield protocol, list(figures)


@dataclass(frozen=True)
class Parity:
    """How far the model is from the network that it was exported from."""

    max_abs_error: float  # over all sizes, on the scale of value_range
    tolerance: float  # the export was refused above this
    sizes: tuple[tuple[int, int], ...]  # [height, width] in pixels, each measured


@dataclass(frozen=True)
class Fidelity:
    """How near a model of lower precision is to the fp32 model that it was made from."""

    source: str  # that model's name
    source_sha256: str  # of its file
    psnr_db: float  # of its answers to the fp32 model's, all pictures together
    pictures: str  # in words: on which pictures
    calibration: str | None  # in words: how ranges for int8 were found; None: fp16 needs none
    float_layers: tuple[str, ...]  # nodes of the ONNX file that were left in float32
    kid_fp32: float | None  # x100, of the fp32 model, by the protocol of this card's metrics
    kid: float | None  # x100, of this model; None: not measured


@dataclass(frozen=True)
class FixedSize:
    """The one size that a network takes, where it takes only one."""

    height: int  # pixels
    width: int
    larger: Literal["tile", "resize"]  # what becomes of pictures that are larger


@dataclass(frozen=True)
class Looks:
    """What pictures look like, see looks.py: how the measures of them are distributed."""

    pictures: str  # in words: of which
    measures: tuple[str, ...]  # their names, in the order of what follows
    mean: tuple[float, ...]
    deviation: tuple[float, ...]  # the standard one
    inverse: tuple[tuple[float, ...], ...]  # of the covariance
    limit: float  # Mahalanobis distance from the mean beyond which a picture is unlike these


@dataclass(frozen=True)
class ModelCard:
    """Everything an app must know about a model. Raises: CardError on values without sense."""

    schema_version: int  # SCHEMA_VERSION
    name: str  # what people type: "horse2zebra"
    title: str  # what people read: "Horse to zebra"
    description: str  # one or two sentences
    source_domain: str  # "horse"
    target_domain: str  # "zebra"
    input_name: str  # of the tensor in the ONNX file
    output_name: str
    layout: Literal["NCHW", "NHWC"]
    value_range: tuple[float, float]  # black and white in the tensors, one of VALUE_RANGES
    size_multiple: int  # pixels; height and width that the network takes are multiples of it
    border: int  # pixels mirrored around the picture before the network, cropped after; 0: none
    training_size: int | None  # pixels; side of the crops that it learned from; None: unknown
    file: str  # of the model, in the card's folder
    sha256: str  # of that file, 64 hexadecimal digits
    bytes: int  # of that file
    opset: int
    precision: Literal["fp32", "fp16", "int8"]
    architecture: Architecture | None  # None, here and in the next: the model was made elsewhere
    training: Training | None
    licence: str  # of the weights, in words
    metrics: tuple[Metric, ...]  # the first is the headline
    parity: Parity | None
    known_limits: tuple[str, ...]  # one sentence each
    reverse: str | None  # name of the model that goes back, if there is one
    # Of the output that says where the picture changed, float32 [1, 1, H, W] in [0, 1]; None: none
    mask_name: str | None = None
    # How a picture may be translated in parts: "exact": tiles that overlap by the receptive field
    # fit together as if there were none; "statistics": they do once all of them are normalised as
    # the whole picture is
    tiling: Literal["exact", "statistics"] = "statistics"
    # Pixels; side of the square of input around a cell of size_multiple pixels of output beyond
    # which nothing changes the cell, but for statistics; None: there are to be no tiles
    receptive_field: int | None = None
    # What the precision cost; None exactly with fp32, and where `parity`, which is that of the fp32
    # model then, is None as well
    fidelity: Fidelity | None = None
    # Of the optional input that takes the norms' statistics, float32 [S, 1, 1], and of the output
    # that answers those of a picture; None: there are none, or they cannot be given
    statistics_names: tuple[str, str] | None = None
    tensor_type: Literal["float32", "float16", "uint8"] = "float32"  # of the input
    fixed_size: FixedSize | None = None  # None: the network takes any, see size_multiple
    # File in the card's folder: a picture and its translation, side by side, which may be shown
    example: str | None = None
    looks: Looks | None = None  # of pictures that it learned to translate; None: unknown
    # How an app shows it pictures unless it is asked otherwise: pixels of the long side, None: as
    # it learned; and whether the detail that it does not see then stays, or is what it changes
    default_size: int | None = None
    default_detail: Literal["transfer", "off"] = "transfer"

    def __post_init__(self) -> None:
        has_field = self.receptive_field is not None
        rules = {
            "schema_version": (self.schema_version == SCHEMA_VERSION, str(SCHEMA_VERSION)),
            "name": (MODEL_NAME.fullmatch(self.name), "letters, digits, '.', '_' and '-'"),
            "value_range": (self.value_range in VALUE_RANGES, "[-1, 1], [0, 1] or [0, 255]"),
            "size_multiple": (self.size_multiple >= 1, "1 or more"),
            "border": (self.border >= 0, "0 or more"),
            "training_size": (
                self.training_size is None or self.training_size >= 1,
                "1 or more, or null",
            ),
            "default_size": (
                self.default_size is None or self.default_size >= 1,
                "1 or more, or null",
            ),
            "file": (
                self.file == Path(self.file).name and self.file.endswith(".onnx"),
                "a name ending in .onnx, without folders",
            ),
            "sha256": (
                re.fullmatch(r"[0-9a-f]{64}", self.sha256),
                "64 lower-case hexadecimal digits",
            ),
            "bytes": (self.bytes >= 1, "1 or more"),
            "receptive_field": (
                self.receptive_field >= self.size_multiple
                if self.receptive_field is not None
                else self.tiling == "statistics",
                'size_multiple or more, or null where tiling is "statistics"',
            ),
            "statistics_names": (
                (self.statistics_names is not None) == (self.tiling == "statistics" and has_field),
                'two names where tiling is "statistics" and there is a receptive_field, else null',
            ),
            "fidelity": (
                (self.fidelity is None) == (self.precision == "fp32") or self.parity is None,
                'null where precision is "fp32", else an object',
            ),
            "fixed_size": (
                self.fixed_size is None
                or (min(self.fixed_size.height, self.fixed_size.width) >= 1 and not has_field),
                "an object with sides of 1 or more, or null where there is a receptive field",
            ),
            "example": (
                self.example is None
                or (self.example == Path(self.example).name and self.example.endswith(".jpg")),
                "a name ending in .jpg, without folders, or null",
            ),
            "looks": (
                self.looks is None or _is_complete(self.looks),
                "an object with measures, and as many means, deviations above 0, rows and columns",
            ),
        }
        for field, (holds, expected) in rules.items():
            if not holds:
                raise CardError(f'"{field}" must be {expected}, not {show(getattr(self, field))}')

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read what `to_dict` gave. Raises: CardError on anything unknown, missing or of another
        type, and on a newer schema.
        """
        version = data.get("schema_version") if isinstance(data, dict) else None
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise CardError(
                f"the card has schema version {version}, this program reads up to "
                f"{SCHEMA_VERSION}; update the program"
            )
        card: Self = parse(cls, data)
        return card

    def to_dict(self) -> dict[str, Any]:
        """The card as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a card. Raises: CardError, which names the file."""
        try:
            return cls.from_dict(json.loads(path.read_bytes()))
        except CardError as error:
            raise CardError(f"{path}: {error}") from error
        except OSError as error:
            raise CardError(f"{path} cannot be read: {brief(error)}") from error
        except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, nested without end
            raise CardError(
                f"{path} is not JSON ({error}); fetch the card again or export the model again"
            ) from error

    def write(self, path: Path) -> None:
        """Write the card so that it is whole or not there. Raises: StorageError.

        Whoever puts something into a folder of models does this, so it is tidied up here.
        """
        with suppress(StorageError):
            sweep(path.parent, older_than_s=_ABANDONED_S)
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        with atomic_write(path) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")

    def verify(self, model: Path) -> None:
        """Hold a model file against the card.

        Raises: CardError if it is missing, cannot be read or differs.
        """
        self.verify_size(model)
        try:
            digest = sha256_of(model)
        except StorageError as error:
            raise CardError(str(error)) from error
        if digest != self.sha256:
            raise CardError(
                f"sha256 of {model} is {digest[:12]}..., its card says {self.sha256[:12]}...; "
                f"{_REMEDY}"
            )

    def verify_size(self, model: Path) -> None:
        """The part of `verify` that does not read the file: it is there and has as many bytes."""
        if not model.is_file():
            raise CardError(f"{model} is missing, though its card is there; {_REMEDY}")
        size = model.stat().st_size
        if size != self.bytes:
            raise CardError(f"{model} has {size} bytes, its card says {self.bytes}; {_REMEDY}")


def _is_complete(looks: Looks) -> bool:
    lengths = map(len, (looks.mean, looks.deviation, looks.inverse, *looks.inverse))
    return {*lengths} == {len(looks.measures)} and min(looks.deviation, default=0) > 0
