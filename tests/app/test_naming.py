"""What translations are called."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from app.naming import Naming, Neighbours
from cyclegan.contract.errors import InputError


@pytest.mark.parametrize(
    ("naming", "source", "name"),
    [
        (Naming(), "a.JPG", "a.JPG"),
        (Naming(), "a.heic", "a.png"),
        (Naming("webp"), "a.jpg", "a.webp"),
        (Naming("jpg"), "a.JPEG", "a.JPEG"),
        (Naming("auto", "{stem}_zebra.{ext}"), "a.b.tif", "a.b_zebra.tif"),
        (Naming("avif", "{model}-{stem}.{ext}", "horse2zebra"), "a.jpg", "horse2zebra-a.avif"),
        (Naming("auto", "{stem}.{ext}", "m"), "{model}.png", "{model}.png"),
    ],
)
def test_names(naming: Naming, source: str, name: str) -> None:
    assert naming.name(Path(source)) == name


@pytest.mark.parametrize(
    "template",
    [
        "",
        "x.{ext}",
        "{stem}",
        "{stem}.png",
        "a/{stem}.{ext}",
        "{stem}{x}.{ext}",
        ".{stem}.{ext}",
        "{stem}\n.{ext}",
    ],
)
def test_a_template_that_makes_no_names_is_refused(template: str) -> None:
    with pytest.raises(InputError, match=r"makes no names; it must be a file name with \{stem\}"):
        Naming(template=template)


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="must be one of auto, png, jpg, webp, avif, not gif"):
        Naming("gif")  # type: ignore[arg-type]


@pytest.mark.parametrize("naming", [Naming(), Naming("webp"), Naming("png", "{stem}{stem}.{ext}")])
def test_no_two_pictures_of_a_folder_have_the_same_name(tmp_path: Path, naming: Naming) -> None:
    # Any ten of these: stems that are names, and names that others would grow into.
    suffixes = (".jpg", ".png", ".heic", ".webp")
    stems = ["a", *(f"a{s}" for s in suffixes), *(f"a{s}{t}" for s in suffixes for t in suffixes)]
    names = [f"{stem}{suffix}" for stem, suffix in itertools.product(stems, suffixes)]
    random = np.random.default_rng(0)
    for i in range(40):
        folder = tmp_path / str(i)
        folder.mkdir()
        chosen = [folder / name for name in random.choice(names, 10, replace=False)]
        for path in chosen:
            path.touch()
        assert len({naming.name(path, Neighbours) for path in chosen}) == len(chosen)


def test_what_is_no_picture_changes_no_name(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    for name in ("cat.jpg", "dog.jpg", "dog", "dog.txt"):
        (tmp_path / name).touch()
    named = [Naming("webp").name(tmp_path / name, Neighbours) for name in ("cat.jpg", "dog.jpg")]
    assert named == ["cat.webp", "dog.webp"]
