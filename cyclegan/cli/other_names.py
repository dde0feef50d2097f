"""What pytorch-CycleGAN-and-pix2pix calls otherwise: who comes from it is told our words for it.

The commonest only; the table of all is in docs/training.md.
"""

from typing import Any

from cyclegan.cli.options import FoldersCommand
from cyclegan.contract.errors import InputError

_MORE = "docs/training.md has the whole list"
_LENGTH = "--max-images, in pictures of each kind, or --max-minutes"
_HERE = {
    "--dataroot": "--data",
    "--name": "--out, a folder",
    **dict.fromkeys(("--epochs", "--n_epochs", "--n_epochs_decay", "--niter"), _LENGTH),
    "--gpu_ids": "--device",
    "--continue_train": "the same command again",
    "--direction": "an option of `cyclegan export`, for a run learns both",
    "--lr": "--set learning_rate",
    "--netG": "--set generator",
    "--load_size": "--set load_size_min and --set load_size_max",
    **{f"--{key}": f"--set {key}" for key in ("batch_size", "crop_size", "pool_size", "beta1")},
}


class TrainCommand(FoldersCommand):
    """`cyclegan train`, which refuses the other names of its options by saying ours."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for option in (word.partition("=")[0] for word in args):
            if option in _HERE:
                ctx.fail(f"{option}: here it is {_HERE[option]}; {_MORE}")
        return super().parse_args(ctx, args)


def test() -> None:
    """Say which verbs do what the other project's `test.py` does."""
    raise InputError(
        f"pictures are translated by `cyclegan convert`, figures taken by `evaluate`; {_MORE}"
    )
