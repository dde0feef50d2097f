"""Which file becomes which."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from app.naming import Naming
from app.plan import PIPE, FolderPlan, Job, PicturesPlan, plan_file
from cyclegan.contract.errors import InputError


def outputs(jobs: Iterable[Job], folder: Path) -> list[str]:
    return [str(job.output.relative_to(folder)) for job in jobs]


def test_the_tree_is_mirrored_and_nothing_collides(put) -> None:
    at = put("in/a.jpg", "in/a.png", "in/sub/a.jpg", "in/sub/ü 🐴.webp")
    plan = FolderPlan(at / "in", at / "out", recursive=True)
    assert outputs(plan, at / "out") == ["a.jpg", "a.png", "sub/a.jpg", "sub/ü 🐴.webp"]
    assert plan.count() == 4
    assert outputs(FolderPlan(at / "in", at / "out"), at / "out") == ["a.jpg", "a.png"]


def test_formats_that_are_not_written_become_png_beside_any_neighbour(put) -> None:
    at = put("in/a.heic", "in/a.heic.png", "in/a.png", "in/b.heic")
    assert {job.source.name: job.output.name for job in FolderPlan(at / "in", at / "out")} == {
        "a.heic": "a.heic.png",
        "a.heic.png": "a.heic.png.png",
        "a.png": "a.png",
        "b.heic": "b.png",
    }
    assert plan_file(at / "in" / "a.heic", at).output == at / "a.png"


def test_what_is_asked_for_decides_names(put) -> None:
    at = put("in/a.JPEG", "in/a.png", "in/b.png", "in/sub/a.png", "c.png")
    plan = FolderPlan(
        at / "in", at / "out", True, naming=Naming("jpg", "{stem}_{model}.{ext}", "z")
    )
    expected = ["a_z.JPEG", "a.png_z.jpg", "b_z.jpg", "sub/a_z.jpg"]
    assert outputs(plan, at / "out") == expected
    assert outputs(replace(plan, glob="*.png"), at / "out") == expected[1:]
    assert plan_file(at / "c.png", at / "in", Naming("webp")).output == at / "in" / "c.webp"
    assert plan_file(at / "c.png", PIPE, Naming("webp")).pipe_suffix == ".webp"
    assert plan_file(at / "c.png", at / "c.jpeg", Naming("jpg")).output == at / "c.jpeg"
    with pytest.raises(InputError, match=r"c\.gif is not named .* format jpg; name it c\.jpg,"):
        plan_file(at / "c.png", at / "c.gif", Naming("jpg"))


def test_a_part_of_a_folder_can_be_chosen_and_keeps_its_names(put) -> None:
    at = put("in/a.heic", "in/a.heic.png", "in/b.jpg", "in/sub/b.jpg", "in/sub/c.png")

    def chosen(**options: object) -> list[str]:
        return outputs(FolderPlan(at / "in", at, recursive=True, **options), at)

    assert chosen(glob="*.jpg") == ["b.jpg", "sub/b.jpg"]
    assert chosen(glob="sub/*") == ["sub/b.jpg", "sub/c.png"]
    assert chosen(glob="*.heic") == ["a.png"]
    assert chosen(glob="*b.jpg", limit=1) == ["b.jpg"]
    assert chosen(limit=9) == chosen()
    assert FolderPlan(at / "in", at, recursive=True, limit=2).count() == 2
    with pytest.raises(InputError, match=r"has no pictures like \*\.JPG \("):
        FolderPlan(at / "in", at, glob="*.JPG").count()


def test_files_that_are_neither_pictures_nor_labels_are_counted_by_suffix(put) -> None:
    at = put("in/a.jpg", "in/sub/a.jpg", "in/out/a.jpg")
    for name in ("a.txt", "b.CR2", "c.cr2", ".hidden.mov", "README", "sub/d.mov", "out/e.mov"):
        (at / "in" / name).touch()

    def others(**options: object) -> Counter[str]:
        found: Counter[str] = Counter()
        FolderPlan(at / "in", at / "in" / "out", **options).count(found)
        return found

    assert others() == {".cr2": 2, "": 1}
    assert others(recursive=True) == {".cr2": 2, "": 1, ".mov": 1}
    assert others(glob="*.jpg") == {}
    assert others(glob="[ac]*") == {".cr2": 1}


def test_an_output_folder_inside_the_input_is_not_read(put) -> None:
    at = put("in/a.png", "in/out/a.png", "in/outer/a.png")
    plan = FolderPlan(at / "in", at / "in" / "out", recursive=True)
    assert outputs(plan, at / "in" / "out") == ["a.png", "outer/a.png"]
    assert [job.problem for job in plan] == [None, None]
    (at / "link").symlink_to(at / "in" / "out")
    plan = FolderPlan(at / "in", at / "link", recursive=True)
    assert outputs(plan, at / "link") == ["a.png", "outer/a.png"]


def test_no_picture_is_overwritten_by_another_ones_translation(put) -> None:
    at = put("out/in/in/a.png", "out/in/a.png")  # the first would be written over the second
    top, deep = FolderPlan(at / "out" / "in", at / "out", recursive=True)
    assert top.problem is None
    assert "would be written among the pictures of" in (deep.problem or "")


def test_no_picture_is_overwritten_through_a_link_in_the_output(put) -> None:
    at = put("in/a.png", "in/b.png", "in/d.png", "in/sub/c.png", "in-old/d.png")
    (at / "out").mkdir()
    (at / "out" / "d.png").symlink_to(at / "in-old" / "d.png")  # is elsewhere
    (at / "out" / "a.png").symlink_to(at / "in" / "b.png")
    (at / "out" / "sub").symlink_to(at / "in")
    jobs = list(FolderPlan(at / "in", at / "out", recursive=True))
    assert [job.source.name for job in jobs if job.problem] == ["a.png", "c.png"]


def test_an_output_that_cannot_be_a_folder_is_refused(put) -> None:
    at = put("in/a.png", "b.png")
    with pytest.raises(InputError, match="both input and output"):
        FolderPlan(at / "in", at / "in" / ".." / "in")
    with pytest.raises(InputError, match="is a file; name a folder"):
        FolderPlan(at / "in", at / "b.png")
    for name in ("x.jpg", "x.HEIC"):
        with pytest.raises(
            InputError, match=rf"{name} is named as a picture; .* the pictures of .*in, or make"
        ):
            FolderPlan(at / "in", at / name)
        (at / name).mkdir()
        assert FolderPlan(at / "in", at / name).count() == 1
    (at / "loop").symlink_to(at / "loop")
    assert FolderPlan(at / "in", at / "loop").count() == 1  # what cannot be made shows when it is


def test_a_folder_inside_that_cannot_be_listed_is_one_job_with_a_problem(put) -> None:
    at = put("in/a.png", "in/b/b.png", "in/c.png")
    plan = iter(FolderPlan(at / "in", at / "out", recursive=True))
    first = next(plan)
    (at / "in" / "b" / "b.png").unlink()
    (at / "in" / "b").rmdir()
    rest = list(plan)
    assert [job.source.name for job in (first, *rest)] == ["a.png", "c.png", "b"]
    assert rest[-1].problem == f"folder {at / 'in' / 'b'} cannot be read: no such file or directory"


def test_a_folder_without_pictures_says_where_to_look(put) -> None:
    at = put("in/sub/a.png")
    with pytest.raises(InputError, match=r"in has no pictures \(.*\.png.*\); -r looks into"):
        FolderPlan(at / "in", at / "out").count()
    (at / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty has no pictures \([^)]*\)$"):
        FolderPlan(at / "empty", at / "out", recursive=True).count()


def test_a_pipe_is_neither_a_folder_nor_a_file(put) -> None:
    at = put("a.heic")
    assert plan_file(at / "a.heic", PIPE).output == PIPE
    assert plan_file(PIPE, at / "b.png").output == at / "b.png"
    with pytest.raises(InputError, match="is a folder; name the file"):
        plan_file(PIPE, at)


def test_several_pictures_go_into_one_folder_in_their_order(put) -> None:
    at = put("in/b.heic", "in/b.png", "in/a.jpg", "other/c.jpg")
    sources = [at / name for name in ("other/c.jpg", "in/b.heic", "in/a.jpg")]
    plan = PicturesPlan(sources, at / "out")
    assert [job.source for job in plan] == sources
    assert outputs(plan, at / "out") == ["c.jpg", "b.heic.png", "a.jpg"]  # b.png is beside b.heic
    assert outputs(replace(plan, limit=2), at / "out") == ["c.jpg", "b.heic.png"]
    assert replace(plan, limit=2).count(Counter()) == 2
    plan = replace(plan, naming=Naming("png", "{stem}_{model}.{ext}", "z"))
    assert outputs(plan, at / "out") == ["c_z.png", "b.heic_z.png", "a_z.png"]


def test_a_picture_that_is_given_twice_is_one_job(put) -> None:
    at = put("in/a.jpg")
    (at / "link").symlink_to(at / "in")
    plan = PicturesPlan([at / "in/a.jpg", at / "in/a.jpg", at / "link/../link/a.jpg"], at / "out")
    assert (outputs(plan, at / "out"), plan.count(Counter())) == (["a.jpg"], 1)


def test_two_pictures_of_one_name_do_not_replace_each_other(put) -> None:
    at = put("x/a.jpg", "y/a.jpg", "z/a.png")
    first, *others = PicturesPlan(
        [at / "x/a.jpg", at / "y/a.jpg", at / "z/a.png"], at / "out", naming=Naming("jpg")
    )
    assert first.problem is None
    assert [job.problem for job in others] == [
        f"{job.source} would replace {at / 'out/a.jpg'}, which is the translation of "
        f"{at / 'x/a.jpg'}; name another folder for one of them"
        for job in others
    ]


def test_what_a_shell_finds_beside_pictures_is_left_alone_or_told(put) -> None:
    at = put("a.jpg", "out/b.jpg", "sub/c.jpg")
    for name in ("a.txt", "b.CR2"):
        (at / name).touch()
    plan = PicturesPlan([*sorted(at.iterdir()), at / "none", at / "none.jpg"], at / "out")
    others: Counter[str] = Counter()
    assert (plan.count(others), others) == (4, {".cr2": 1})
    assert {job.source.name: job.problem for job in plan} == {
        "a.jpg": None,
        "sub": f"{at / 'sub'} is a folder; it wants a command of its own",
        "none": f"{at / 'none'} does not exist",
        "none.jpg": None,  # which shows when it is opened
    }
    for names in (("a.txt", "sub"), ("none.jpg", "none.png")):
        told = rf"none of .*/{names[0]}, .*/{names[1]} is a picture that is there \(\.apng"
        with pytest.raises(InputError, match=told):
            PicturesPlan([at / name for name in names], at / "out")


def test_several_folders_are_told_how_each_is_translated(put) -> None:
    at = put("day 1/a.jpg", "day2/a.jpg", "out/c.jpg")
    told = "; of folders one at a time is taken, as in: cyclegan convert "
    told += f"'{at}/day 1' '{at}/out/day 1'"
    with pytest.raises(InputError, match=re.escape(told) + "$"):
        PicturesPlan([at / "out", at / "day 1", at / "day2"], at / "out")
    with pytest.raises(InputError, match=r"is a picture that is there \([^)]*\)$"):
        PicturesPlan([at / "out", at / "none"], at / "out")


def test_nothing_is_written_among_several_pictures(put) -> None:
    at = put("x/a.jpg", "y/b.jpg")
    sources = [at / "x/a.jpg", at / "y/b.jpg"]
    for folder in (at / "x", at / "x/../y"):
        with pytest.raises(InputError, match="is both input and output"):
            PicturesPlan(sources, folder)
    with pytest.raises(
        InputError, match=r"b\.jpg is a file; name a folder for the trans.* 2 files"
    ):
        PicturesPlan(sources, at / "y/b.jpg")
    (at / "out").mkdir()
    (at / "out/a.jpg").symlink_to(at / "y/b.jpg")
    first, second = PicturesPlan(sources, at / "out")
    assert "would be written among the pictures of" in (first.problem or "")
    assert second.problem is None
