"""One model, ready to translate: a card and an ONNX Runtime session. Thread-safe.

Where models are found is in store.py, how pictures are read and written in cyclegan.contract.
"""

import logging
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from app import fixed_size, heap
from app.devices import count_cpus, device_of, providers
from app.places import stamp_of
from app.progress import Progress
from app.tiles import choose_cells, cut, sample
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import InputError, ModelError, brief
from cyclegan.contract.images import Picture
from cyclegan.contract.pixels import Padded, Region, from_network, to_network

log = logging.getLogger(__name__)

# One CPU each serves pictures of up to this many pixels better than all CPUs one after the other:
# of 256 x 256 pixels, two CPUs translated 1.5 times as many in int8. Of larger ones hardly more.
SMALL_PIXELS = 600**2

Feed = dict[str, NDArray[np.generic]]
# What ONNX Runtime's exceptions say where there is none left: of a CPU, and of a GPU.
_OUT_OF_MEMORY = ("std::bad_alloc", "Failed to allocate memory")
Wanted = dict[str, int]  # outputs by name, and how many channels each has


def default_tile_size(card: ModelCard) -> int:
    """Pixels a side of the tiles of large pictures: as many as leave 100 megapixels below 1.5 GB.

    What tiles read twice is an eighth of the work on 12 megapixels in int8, and a quarter at 1536.
    A pixel takes three times the memory in float32 that it takes in int8. A ResNet keeps many
    channels at full resolution: a tile takes 1 GB.
    """
    if card.tiling == "statistics":
        return 1024
    return 2048 if card.precision == "int8" else 1152


class Pace(NamedTuple):
    """How long a picture took."""

    seconds: float
    width: int  # pixels, as the network saw it
    height: int

    @property
    def pixel_s(self) -> float:
        """Seconds a pixel."""
        return self.seconds / (self.width * self.height)


class Translator:
    """Translates pictures of any size with one model; any number of threads may share it."""

    def __init__(
        self,
        model: Path,
        card: ModelCard,
        threads: int | None = None,
        device: str = "auto",
        content: bytes | None = None,
    ) -> None:
        """Load `model` as `card` describes it, to run on `threads` threads (all CPUs: None).

        `device` is one of those of `devices.providers`; what was taken is in `self.device`. With
        `content`, which is that of the file, the file need not be there.

        Raises: ModelError if it cannot be loaded or is not the network that the card describes;
        InputError if the device is not there.
        """
        self.card = card
        self._model = model
        self._asked = threads, device
        self._threads = threads or count_cpus()
        # Of `content` there is one session only: the file may be another here.
        self._stamp = None if content else stamp_of(model)
        heap.use_one()  # before its threads start
        self._session = self._start(self._threads, content or model)
        self.device = device_of(self._session)
        if device.startswith("cuda") and self.device == "cpu":
            raise InputError(
                f"{device} was asked for, but it is not there or its CUDA libraries are not; "
                "take another, or --device cpu"
            )
        self.tile_size = default_tile_size(card)
        self.pace: Pace | None = None
        self._turn = threading.Lock()
        self._lock = threading.Lock()  # of the three that follow
        self._present = 0  # that run the network, or wait for it
        self._narrow: ort.InferenceSession | None = None  # on one thread
        self._places = threading.BoundedSemaphore(self._threads)  # to run it
        self._check_names()

    def _start(self, threads: int, model: Path | bytes) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # errors come as exceptions; nothing else is for people
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Kept after 60 random sizes: 333 MB, and 624 MB with both on (resnet6 of width 32; 139 and
        # 165 MB for plain). Neither they nor spinning made a run measurably faster on two cores.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        wanted = providers(self._asked[1])
        try:
            return ort.InferenceSession(model, options, providers=wanted)
        except Exception as error:  # its exceptions share no base class
            raise ModelError(f"{self._model} cannot be loaded: {brief(error)}") from error

    def __reduce__(self) -> tuple[object, ...]:
        """For another process, on another machine perhaps: a session of its own."""
        state = self._model, self.card, *self._asked, self._model.read_bytes()
        return type(self), state, {"tile_size": self.tile_size}

    def translate(self, picture: Picture, progress: Progress | None = None) -> Picture:
        """The translated picture, of the same size, with the same alpha and metadata.

        Raises: ModelError; MemoryError; StoppedError if `progress` was stopped.
        """
        translated = replace(picture, rgb=self.run(picture.rgb, progress))
        heap.give_back_soon()
        return translated

    def note(self, pace: Pace) -> None:
        """Keep how long a picture took in the size that is best for the model, if none was quicker.

        The first one warms the session up, and others may have waited for their turn.
        """
        self.pace = min(pace, self.pace or pace, key=lambda each: each.pixel_s)

    def run(self, rgb: NDArray[np.uint8], progress: Progress | None = None) -> NDArray[np.uint8]:
        """Translate pixels: mirrored up to a size that the network takes, translated, cropped.

        A picture larger than the window of a square tile of `tile_size` pixels a side is translated
        in tiles, where the card says how; norms get the statistics of a sample of it then, the same
        for all tiles. A network of one size gets pictures of that size.

        Shape: uint8 [H, W, 3] -> uint8 [H, W, 3]. Raises: ModelError; MemoryError; StoppedError if
        `progress` was stopped.
        """
        progress = progress or Progress()
        if self.card.fixed_size:
            network = partial(self._run_network, progress)
            return fixed_size.translate(rgb, self.card.fixed_size, network)
        translated = np.empty_like(rgb, order="C")
        for place, (tile,) in self._tiles({self.card.output_name: 3}, rgb, progress):
            translated[place] = from_network(tile, value_range=self.card.value_range)
        return translated

    def run_with_mask(
        self, rgb: NDArray[np.uint8], progress: Progress | None = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """As `run`, and where the model changes the picture, by its output `card.mask_name`.

        Shape: of that, float32 [H, W] in [0, 1].
        """
        card = self.card
        assert card.mask_name, "whoever asks has looked into the card"
        translated, mask = np.empty_like(rgb, order="C"), np.empty(rgb.shape[:2], np.float32)
        wanted = {card.output_name: 3, card.mask_name: 1}
        for place, (tile, part) in self._tiles(wanted, rgb, progress or Progress()):
            translated[place] = from_network(tile, value_range=card.value_range)
            mask[place] = part[0, 0]
        heap.give_back_soon()
        return translated, mask

    def _tiles(
        self, wanted: Wanted, rgb: NDArray[np.uint8], progress: Progress
    ) -> Iterator[tuple[Region, list[NDArray[np.floating]]]]:
        """Outputs of the network: a place in the picture, and each as it is there, [1, C, h, w]."""
        multiple, field = self.card.size_multiple, self.card.receptive_field
        padded = Padded(rgb, multiple, self.card.border)
        cells, margin = padded.shape, 0
        if field is not None:  # in whole cells of the network
            margin = math.ceil((field - multiple) / (2 * multiple)) * multiple
            size = math.ceil(self.tile_size / multiple) * multiple
            cells = choose_cells(padded.shape, size, margin, multiple)
        tiles = list(cut(padded.shape, padded.crop.region, cells, margin))
        statistics = self._find_statistics(padded, progress) if len(tiles) > 1 else {}
        progress.advance(0, len(tiles))
        for done, (place, window, part) in enumerate(tiles, start=1):
            answers = self._answer(wanted, padded.read(*window), statistics, progress)
            yield place, [answer[:, :, *part] for answer in answers]
            progress.advance(done, len(tiles))

    def _run_network(self, progress: Progress, seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Translate pixels of a size that the network takes."""
        (answer,) = self._answer({self.card.output_name: 3}, seen, {}, progress)
        return from_network(answer, value_range=self.card.value_range)

    def _answer(
        self, wanted: Wanted, seen: NDArray[np.uint8], statistics: Feed, progress: Progress
    ) -> list[NDArray[np.floating]]:
        """Outputs of the network that are pictures, [1, C, h, w] each, in whatever layout."""
        answers = self._compute(list(wanted), seen, statistics, progress)
        if self.card.layout == "NHWC":
            answers = [each.transpose(0, 3, 1, 2) if each.ndim == 4 else each for each in answers]
        for answer, (name, channels) in zip(answers, wanted.items(), strict=True):
            if answer.shape != (1, channels, *seen.shape[:2]):
                raise ModelError(
                    f"{self._model} answered {seen.shape[1]} x {seen.shape[0]} pixels with "
                    f"{list(answer.shape)} as {name}, not {[1, channels, *seen.shape[:2]]}; "
                    "it is not a model for this app"
                )
        return answers

    def _find_statistics(self, padded: Padded, progress: Progress) -> Feed:
        """What norms are to be given for a picture: the statistics of a sample of it."""
        if self.card.statistics_names is None:
            return {}
        given, found = self.card.statistics_names
        rows, columns = sample(padded.shape, self.tile_size, self.card.size_multiple)
        (statistics,) = self._compute([found], padded.read(rows, columns), {}, progress)
        return {given: statistics}

    def _compute(
        self, names: list[str], padded: NDArray[np.uint8], more: Feed, progress: Progress
    ) -> list[NDArray[np.floating]]:
        """Outputs of the network."""
        card = self.card
        picture = to_network(padded, card.layout, card.value_range)
        feed = {card.input_name: picture.astype(card.tensor_type, copy=False), **more}
        try:
            with self._place(padded.shape[0] * padded.shape[1]) as session:
                answers: list[NDArray[np.floating]] = session.run(names, feed, progress.run_options)
        except Exception as error:
            progress.check()  # a run that is stopped fails as well
            if any(each in str(error) for each in _OUT_OF_MEMORY):
                raise MemoryError(brief(error)) from error
            height, width = padded.shape[:2]
            raise ModelError(
                f"{self._model} failed on {width} x {height} pixels: {brief(error)}"
            ) from error
        return answers

    @contextmanager
    def _place(self, pixels: int) -> Iterator[ort.InferenceSession]:
        """A session to run, once there is a place for it.

        One by one they have every CPU, and most of the memory. Where others want the network too,
        each small picture has a CPU of its own.
        """
        with self._lock:
            is_shared = self._present > 0 and pixels <= SMALL_PIXELS
            narrow = self._find_narrow() if is_shared else None
            self._present += 1
        try:
            with self._places if narrow else self._turn:
                yield narrow or self._session
        finally:
            with self._lock:
                self._present -= 1

    def _find_narrow(self) -> ort.InferenceSession | None:
        """The same network on one thread; None where that is no help, or the file is another."""
        if self._narrow or self._threads == 1 or self.device != "cpu":
            return self._narrow
        if self._stamp and stamp_of(self._model) == self._stamp:
            try:
                made = self._start(1, self._model)
            except ModelError as error:  # no memory for a second one, say
                log.warning("small pictures are translated one by one: %s", error)
                self._stamp = None
                return None
            if stamp_of(self._model) == self._stamp:  # still
                self._narrow = made
        return self._narrow

    def _check_names(self) -> None:
        session, card = self._session, self.card
        given, found = card.statistics_names or (None, None)
        for kind, name, tensors in (
            ("input", card.input_name, session.get_inputs()),
            ("output", card.output_name, session.get_outputs()),
            ("optional input", given, session.get_overridable_initializers()),
            ("output", found, session.get_outputs()),
            ("output", card.mask_name, session.get_outputs()),
        ):
            names = [tensor.name for tensor in tensors]
            if name is not None and name not in names:
                raise ModelError(
                    f'{self._model} has no {kind} "{name}" as its card says, but '
                    f"{', '.join(names) or 'none'}; export it again"
                )
