"""What can be made of a run: models."""

from pathlib import Path

from app import verbs
from app.trainings.standing import Training


def export(training: Training, direction: str, name: str, weights: Path, *, as_int8: bool) -> None:
    """Make a model of a run. Raises: InputError in the words of `cyclegan export`."""
    order = training.record.order
    source = order.domain_a if direction == "AtoB" else order.domain_b
    smaller = ("--precision", "int8", "--calibrate", source) if as_int8 else ()
    verbs.run(
        *("export", training.run, "--direction", direction, "--name", name, "--out", weights),
        *smaller,
        timeout_s=1800,
    )
