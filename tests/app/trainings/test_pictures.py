"""What trainings can learn from: folders below the root, and uploads."""

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="uploads are taken in as jobs' are (extra: web)")

from PIL import Image

from app.trainings.pictures import Pictures, held_out, left_out, names_of
from cyclegan.contract.errors import InputError
from tests.app.jobs.sending import picture, zipped


def test_folders_are_those_below_the_root(run_folder: Path, tmp_path: Path) -> None:
    pictures = Pictures(tmp_path)
    for place in ("mine/horses", ".hidden"):
        (tmp_path / place).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / place / "a.png")
    assert pictures.folders() == ["mine/horses"]
    assert pictures.folder("mine/horses") == (tmp_path / "mine/horses").resolve()
    for below in ("..", "/etc", "mine/none", "", "mine/../.."):
        with pytest.raises(InputError, match="is no folder of this server"):
            pictures.folder(below)


def test_uploads_are_kept_once(tmp_path: Path) -> None:
    uploads = []
    for folder in ("1", "2"):
        (tmp_path / folder).mkdir()
        uploads.append(tmp_path / folder / "same name.PNG")
        Image.new("RGB", (4, 4)).save(uploads[-1])
    pictures = Pictures(tmp_path / "root")
    kept = pictures.keep(uploads, "a/../b", "A")
    assert kept == pictures.keep(uploads[::-1], "a/../b", "A")
    assert pictures.keep(uploads, "a/../b", "B").is_dir()  # the same for the other domain
    assert pictures.keep(uploads, "a/../b", "neither").name == "neither"
    assert kept.is_relative_to(pictures.data)
    assert [path.name for path in sorted(kept.iterdir())] == ["000001.png", "000002.png"]
    assert names_of(str(kept)) == {
        kept / "000001.png": "same name.PNG",
        kept / "000002.png": "same name.PNG",
    }
    assert names_of(str(tmp_path / "1")) == {}
    assert left_out(str(kept)) == left_out(str(tmp_path / "1")) == []
    assert pictures.keep(uploads, "犬2猫", "B").name == "trainB"
    assert any(place.name.startswith("犬2猫-") for place in pictures.data.iterdir())
    for upload in uploads:
        upload.unlink()
    assert kept == pictures.keep(uploads, "a/../b", "A")  # nothing is read again


@pytest.mark.parametrize(
    ("folder", "beside", "count", "is_found"),
    [
        ("trainA", "testA", 2, True),
        ("trainA", "testA", 1, False),  # too few to judge by
        ("trains train", "tests train", 2, True),
        ("horses", "horses", 2, False),  # itself, which is learned from
    ],
)
def test_pictures_are_held_out_beside_a_folder_that_is_called_so(
    tmp_path: Path, folder: str, beside: str, count: int, is_found: bool
) -> None:
    for place in {tmp_path / folder, tmp_path / beside}:
        place.mkdir()
        for number in range(count):
            (place / f"{number}.png").write_bytes(picture())
    assert held_out(str(tmp_path / folder)) == (str(tmp_path / beside) if is_found else "")


def test_of_a_zip_of_many_some_are_held_out_and_nothing_leaves_the_root(tmp_path: Path) -> None:
    sent = [(f"{place:02}.png", picture(place)) for place in range(50)]
    zip_file = tmp_path / "many.zip"
    zip_file.write_bytes(zipped(*sent, ("../../evil.png", picture()), ("readme.txt", b"x")))
    pictures = Pictures(tmp_path / "root")
    kept = pictures.keep([zip_file], "ink", "A")
    assert pictures.folders() == [
        f"data/{kept.parent.name}/testA",
        f"data/{kept.parent.name}/trainA",
    ]
    apart = Path(held_out(str(kept)))
    assert (len(list(kept.iterdir())), len(list(apart.iterdir()))) == (45, 5)
    assert (apart / "000012.png").read_bytes() == picture(10)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 53  # with the zip, what the pictures were called, and what is left out
    assert left_out(str(kept)) == ["evil.png", "readme.txt"]


def test_what_is_no_set_of_pictures_leaves_nothing(tmp_path: Path) -> None:
    upload = tmp_path / "a.zip"
    upload.write_bytes(zipped(("readme.txt", b"x")))
    pictures = Pictures(tmp_path / "root")
    with pytest.raises(InputError, match="there is no picture in what was sent"):
        pictures.keep([upload], "ink", "A")
    assert list(pictures.data.iterdir()) == []
