"""One model, ready to translate: a card and an ONNX Runtime session. Thread-safe.

Where models are found is in store.py, how pictures are read and written in cyclegan.contract.
"""

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from app import heap
from app.devices import count_cpus, device_of, providers
from app.tiles import cut, sample_of
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import InputError, ModelError, brief
from cyclegan.contract.images import Picture
from cyclegan.contract.pixels import crop_back, from_network, pad_to_multiple, to_network

GIVE_BACK_EVERY_S = 2.0  # after each picture of 256 x 256 pixels it would take 2 % of the time

Feed = dict[str, NDArray[np.floating]]

# Pixels a side; the overlap is a seventh of the work for a plain generator. A ResNet keeps many
# channels at full resolution: a tile takes 1 GB.
TILE_SIZES = {"exact": 2048, "statistics": 1024}


class Translator:
    """Translates pictures of any size with one model; any number of threads may share it."""

    def __init__(
        self, model: Path, card: ModelCard, threads: int | None = None, device: str = "auto"
    ) -> None:
        """Load `model` as `card` describes it, to run on `threads` threads (all CPUs: None).

        `device` is one of those of `devices.providers`; what was taken is in `self.device`.

        Raises: ModelError if it cannot be loaded or is not the network that the card describes;
        InputError if the device is not there.
        """
        self.card = card
        self._model = model
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or count_cpus()
        options.log_severity_level = 4  # errors come as exceptions; nothing else is for people
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Kept after 60 random sizes: 333 MB, and 624 MB with both on (resnet6 of width 32; 139 and
        # 165 MB for plain). Neither they nor spinning made a run measurably faster on two cores.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        heap.use_one()  # before its threads start
        wanted = providers(device)
        try:
            self._session = ort.InferenceSession(model, options, providers=wanted)
        except Exception as error:  # its exceptions share no base class
            raise ModelError(f"{model} cannot be loaded: {brief(error)}") from error
        self.device = device_of(self._session)
        if device.startswith("cuda") and self.device == "cpu":
            raise InputError(
                f"{device} was asked for, but it is not there or its CUDA libraries are not; "
                "take another, or --device cpu"
            )
        self.tile_size = TILE_SIZES[card.tiling]
        self._turn = threading.Lock()
        self._gave_back = time.monotonic()
        self._check_names()

    def translate(self, picture: Picture) -> Picture:
        """The translated picture, of the same size, with the same alpha and metadata.

        Raises: ModelError.
        """
        translated = replace(picture, rgb=self.run(picture.rgb))
        if time.monotonic() - self._gave_back > GIVE_BACK_EVERY_S:
            self._gave_back = time.monotonic()
            heap.give_back()
        return translated

    def run(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Translate pixels: mirrored up to a size that the network takes, translated, cropped.

        A picture of more than `tile_size` pixels a side is translated in tiles, where the card says
        how; norms get the statistics of a sample of it then, the same for all tiles.

        Shape: uint8 [H, W, 3] -> uint8 [H, W, 3]. Raises: ModelError.
        """
        padded, crop = pad_to_multiple(rgb, self.card.size_multiple, self.card.border)
        if self.card.receptive_field is None or max(padded.shape[:2]) <= self.tile_size:
            return crop_back(self._run_network(padded), crop)
        statistics = self._find_statistics(padded)
        translated = np.empty_like(padded)
        tile_size = -(-self.tile_size // self.card.size_multiple) * self.card.size_multiple
        for tile in cut(padded.shape[:2], tile_size, self._margin(self.card.receptive_field)):
            translated[tile.place] = self._run_network(padded[tile.window], statistics)[tile.part]
        return crop_back(translated, crop)

    def find_mask(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Where the model changes a picture, by the output `card.mask_name` that says so.

        Shape: uint8 [H, W, 3] -> float32 [H, W] in [0, 1]. Raises: ModelError.
        """
        assert self.card.mask_name, "whoever asks has looked into the card"
        padded, crop = pad_to_multiple(rgb, self.card.size_multiple, self.card.border)
        mask = self._compute(self.card.mask_name, padded, {})
        if mask.shape != (1, 1, *padded.shape[:2]):
            raise ModelError(
                f"{self._model} answered with a mask of shape {list(mask.shape)}, not "
                f"{[1, 1, *padded.shape[:2]]}; export it again"
            )
        top, left, height, width = crop
        return mask[0, 0, top : top + height, left : left + width].astype(np.float32)

    def _margin(self, receptive_field: int) -> int:
        """Pixels that a tile needs beyond its own, in whole cells of the network."""
        multiple = self.card.size_multiple
        return -(-(receptive_field - multiple) // (2 * multiple)) * multiple

    def _find_statistics(self, padded: NDArray[np.uint8]) -> Feed:
        """What norms are to be given for a picture: the statistics of a sample of it."""
        if self.card.statistics_names is None:
            return {}
        given, found = self.card.statistics_names
        sample = sample_of(padded, self.tile_size, self.card.size_multiple)
        return {given: self._compute(found, sample, {})}

    def _run_network(
        self, padded: NDArray[np.uint8], statistics: Feed | None = None
    ) -> NDArray[np.uint8]:
        """Translate pixels of a size that the network takes."""
        height, width = padded.shape[:2]
        translated = from_network(self._compute(self.card.output_name, padded, statistics or {}))
        if translated.shape != padded.shape:
            raise ModelError(
                f"{self._model} answered {width} x {height} pixels with "
                f"{translated.shape[1]} x {translated.shape[0]}; it is not a model for this app"
            )
        return translated

    def _compute(self, name: str, padded: NDArray[np.uint8], more: Feed) -> NDArray[np.floating]:
        """One output of the network."""
        feed = {self.card.input_name: to_network(padded), **more}
        answer: NDArray[np.floating]
        try:
            with self._turn:  # a run uses every CPU, and most of the memory
                (answer,) = self._session.run([name], feed)
        except Exception as error:
            height, width = padded.shape[:2]
            raise ModelError(
                f"{self._model} failed on {width} x {height} pixels: {brief(error)}"
            ) from error
        return answer

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
