"""A training from the page, in a real browser: from two sets of pictures to a model."""

import json
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.store import Store
from app.trainings.checkpoints import MODELS, find_checkpoints
from app.trainings.comparison import EXAMPLES
from app.trainings.orders import Order
from app.trainings.pictures import Pictures
from app.trainings.runs import Trainings
from app.trainings.sheets import find_sheets
from benchmarks.browser import settle
from cyclegan.config import read_config
from cyclegan.contract.errors import CardError, InputError
from tests.app.jobs.sending import zipped
from tests.app.web.axe import complaints_of_axe

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")
pytest.importorskip("torch", reason="training needs torch (extra: train)")

from app.web.retrain_form import read_order

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra: dev)")

TIMEOUT_MS = 300_000  # for a machine that does other work as well

# Small enough for a step to take milliseconds; it never ends by itself.
SETTINGS = """
crop_size=32
load_size_min=32
load_size_max=32
generator_width=8
discriminator_width=8
compile=false
log_every=4
sheet_every=8
checkpoint_every=1000000
max_images=1000000
"""

# Something of the server fails once.
FAILS_ONCE = """
from {module} import {owner}
kept = {owner}.{name}
def fail(*answers):
    {owner}.{name} = kept
    raise ZeroDivisionError
{owner}.{name} = fail
"""
RESUME_BUG = FAILS_ONCE.format(module="app.trainings.runs", owner="Trainings", name="resume")
FORM_BUG = FAILS_ONCE.format(module="app.web", owner="retrain", name="read_order")


def draw(folder: Path, seed: int) -> list[Path]:
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    paths = [folder / f"{count}.png" for count in range(8)]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (40, 40, 3), np.uint8)).save(path)
    return paths


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder to train below; what a failed test left alive there is stopped."""
    yield tmp_path / "root"
    trainings = Trainings(tmp_path / "root")
    for name in trainings.names():
        trainings.tell(name, "stop")


def test_a_training_is_started_watched_paused_and_made_a_model(
    serve: Callable[..., Any],
    chromium: Any,
    weights_dir: Path,
    root: Path,
    add_model: Callable[..., Any],
    tmp_path: Path,
) -> None:
    ink = draw(tmp_path / "uploads", 0)
    draw(root / "mine" / "paper", 1)
    shutil.copy(ink[0], root / "mine" / "paper" / "twin <b>.png")
    server = serve(weights_dir, "--allow-training", "--training-root", str(root))
    page = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.set_default_timeout(TIMEOUT_MS)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(server.url)
    page.get_by_role("tab", name="Retrain").press("Enter")
    settle(page)

    # One kind is uploaded, the other lies on the server; what is missing is said.
    page.get_by_role("button", name="Start training").press("Enter")
    page.locator("#diagnosis [role=alert]", has_text="Give both kinds a name first").wait_for()
    page.get_by_label("Name of the first kind").fill("ink")
    page.locator("#diagnosis [role=alert]").wait_for(state="detached")
    page.get_by_label("Name of the second kind").fill("paper")
    sent = tmp_path / "ink.zip"
    sent.write_bytes(zipped(*((path.name, path.read_bytes()) for path in ink)))
    page.locator("#kind-a input[type=file]").set_input_files(sent)
    page.locator('#kind-a [aria-label="ink.zip"]').wait_for()
    page.locator("#kind-b").get_by_role("combobox").fill("paper")
    page.get_by_role(
        "option", name="mine/paper"
    ).click()  # Enter, before it is there, chooses nothing
    # What is compared with the paper starts from nothing; so does what has its own networks.
    begin = page.get_by_label("Start from")
    assert begin.input_value() == "Photo to negative"
    page.get_by_label("As in the paper").check()
    playwright.expect(begin).to_have_value("Nothing")
    page.get_by_label("Fast: works without a GPU").check()
    playwright.expect(begin).to_have_value("Photo to negative")
    begin.click()
    page.get_by_role("option", name="Nothing").click()
    page.get_by_role("button", name="More settings").press("Enter")
    settle(page)
    page.get_by_role("textbox", name="More settings").fill(SETTINGS)
    others = draw(tmp_path / "others", 2)[:3]  # of no type, as HEIC often is for a browser
    page.locator("#more-settings input[type=file]").set_input_files(
        [{"name": each.name, "mimeType": "", "buffer": each.read_bytes()} for each in others]
    )
    page.locator('#more-settings [aria-label="2.png"]').wait_for()

    # What was found in the pictures is not forgotten.
    page.get_by_role("button", name="Check the pictures").press("Enter")
    found = page.locator("#diagnosis .fix", has_text="1 picture is in both domains")
    assert found.locator("small").inner_text() == "0.png = twin <b>.png"
    page.locator("#diagnosis li", has_text="Pictures of neither kind: 3").wait_for()
    for answer in ("Not yet", "Start anyway"):
        page.get_by_role("button", name="Start training").press("Enter")
        page.get_by_text("Start the training all the same?").wait_for()
        assert not (root / "runs").exists()
        page.get_by_role("button", name=answer).press("Enter")
        page.locator("#anyway").wait_for(state="hidden")

    page.locator("#curves svg polyline").first.wait_for()
    page.get_by_label("Name of the first kind").wait_for(state="hidden")  # out of the way
    page.get_by_role("link", name="Sample pictures, their translations and the way back").wait_for()
    page.get_by_role("button", name="Pause").press("Enter")
    page.locator("#training", has_text="Paused").wait_for()

    # All that is known lies in the folder: whoever looks next, or goes on, is told the same.
    trainings = Trainings(root)
    assert trainings.names() == ["ink2paper"]
    paused = trainings.look("ink2paper")
    assert paused.state == "paused"
    assert (
        len(list(Path(read_config(trainings.runs / "ink2paper" / "config.json").neither).iterdir()))
        == 3
    )
    assert [each.name for each in find_checkpoints(paused, "BtoA")] == ["latest"]
    trainings.resume("ink2paper")
    page.locator("#training strong", has_text="Training").wait_for()
    page.get_by_label("Compare the samples after").wait_for()
    page.get_by_role("button", name="Stop").press("Enter")
    page.locator("#training", has_text="Stopped").wait_for()
    other = page.context.new_page()  # which finds one to watch
    other.goto(server.url)
    other.get_by_role("tab", name="Retrain").press("Enter")
    settle(other)
    other.locator("#training", has_text="Stopped").wait_for()
    assert other.get_by_label("Name of the first kind").is_hidden()
    other.close()

    # Any two of the sheets, one over the other.
    seen = list(find_sheets(trainings.runs / "ink2paper"))
    for label, images in (("Compare the samples after", seen[0]), ("with those after", seen[-1])):
        page.get_by_label(label).fill(f"{images:,} pictures")
        page.get_by_label(label).press("Enter")
    page.locator("#two-sheets .left", has_text=f"{seen[0]:,} pictures").wait_for()
    page.locator("#two-sheets .right", has_text=f"{seen[-1]:,} pictures").wait_for()

    page.get_by_role("button", name="Make a model from it").press("Enter")
    settle(page)
    models = trainings.runs / "ink2paper" / MODELS
    models.mkdir()
    add_model(models, "ink2paper-AtoB-latest")  # to make it takes a minute; see below
    page.get_by_role("button", name="Compare the checkpoints").press("Enter")
    page.locator("#compared td img").nth(2 * EXAMPLES - 1).wait_for()
    assert page.locator("#compared th").all_inner_texts()[1].startswith("Latest")
    for name, told in (
        ("a b", "Give the model a name"),
        ("negate", 'a model named "negate" already'),
    ):
        page.get_by_label("Name of the model").fill(name)
        page.get_by_role("button", name="Make the model").press("Enter")
        page.locator("#made [role=alert]", has_text=told).wait_for()
    page.get_by_label("Name of the model").fill("")
    assert page.get_by_label("Name of the model").get_attribute("placeholder") == "ink2paper"
    page.get_by_role("button", name="Make the model").press("Enter")
    page.locator("#made [role=status]", has_text="ink2paper is ready").wait_for()
    assert Store(weights_dir).verify("ink2paper").source_domain == "ink"
    page.locator("#picker").get_by_text("Ink to paper").wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints_of_axe(page) == []

    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    page.get_by_text("Delete ink2paper with its checkpoints for good?").wait_for()
    page.get_by_role("button", name="Keep it").press("Enter")
    page.locator("#sure").wait_for(state="hidden")
    assert trainings.names() == ["ink2paper"]
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    page.get_by_role("button", name="Delete it").press("Enter")
    page.locator("#training", has_text="No training has been started yet").wait_for()
    assert list(trainings.runs.iterdir()) == []
    assert complaints == []


def test_a_box_that_the_page_has_not_drawn_yet_holds_no_text(
    serve: Callable[..., Any], weights_dir: Path, root: Path
) -> None:
    flags = ("--allow-upload-models", "--allow-training", "--training-root", str(root))
    with urllib.request.urlopen(serve(weights_dir, *flags).url + "config") as answer:
        parts = json.load(answer)["components"]
    # None would not be a text, and the button beside it not be answered.
    assert {each["props"].get("value") for each in parts if each["type"] == "textbox"} == {""}


def test_a_bug_is_told_until_something_works(
    serve: Callable[..., Any], chromium: Any, weights_dir: Path, root: Path
) -> None:
    flags = ("--allow-training", "--training-root", str(root))
    server = serve(weights_dir, *flags, first=FORM_BUG)
    page = chromium.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(server.url)
    page.get_by_role("tab", name="Retrain").press("Enter")
    settle(page)
    page.get_by_role("button", name="Start training").press("Enter")
    told = page.locator("#bug [role=alert]")
    told.wait_for()
    assert told.inner_text().startswith("Something went wrong in the program")
    assert "ZeroDivisionError" in server.log.read_text()
    page.get_by_role("button", name="Start training").press("Enter")
    page.locator("#diagnosis [role=alert]", has_text="Give both kinds a name first").wait_for()
    told.wait_for(state="hidden")


def test_a_finished_training_goes_on_for_as_long_as_is_asked(
    serve: Callable[..., Any], chromium: Any, weights_dir: Path, root: Path, tmp_path: Path
) -> None:
    folders = [str(tmp_path / kind) for kind in ("ink", "paper")]
    for seed, folder in enumerate(folders):
        draw(Path(folder), seed)
    short = tuple(SETTINGS.replace("max_images=1000000", "max_images=8").split())
    trainings = Trainings(root)
    trainings.start(Order("ink", "paper", *folders, "fast", 60.0, short))
    flags = ("--allow-training", "--training-root", str(root))
    server = serve(weights_dir, *flags, first=RESUME_BUG)
    page = chromium.new_context(locale="tr-TR", viewport={"width": 390, "height": 844}).new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(server.url)
    page.get_by_role("tab", name="Eğitim").press("Enter")
    settle(page)
    page.locator("#training", has_text="Tamamlandı").wait_for()
    page.locator("#sheet figcaption", has_text="dönüş yolu · 8 resim").wait_for()

    more = page.get_by_label("Ne kadar daha sürsün (dakika)")
    more.fill("30")
    page.get_by_role("button", name="Sürdür").press("Enter")
    told = page.get_by_role("alert").filter(has_text="Programda bir hata oluştu")
    told.wait_for()
    page.get_by_role("button", name="Sürdür").press("Enter")
    page.locator("#training strong", has_text="Eğitiliyor").wait_for()
    told.wait_for(state="detached")
    more.wait_for(state="hidden")
    order = trainings.look("ink2paper").record.order
    assert 30 < order.max_minutes < 60
    assert not any(each.startswith("max_images") for each in order.settings)
    page.get_by_label("Karşılaştırılacak örnekler").wait_for()  # there is a second sheet
    page.get_by_role("button", name="Durdur").press("Enter")
    page.locator("#training strong", has_text="Durduruldu").wait_for()
    assert trainings.look("ink2paper").standing.images_seen > 8


def test_a_folder_that_came_after_the_server_was_started_can_be_chosen(
    serve: Callable[..., Any], chromium: Any, weights_dir: Path, root: Path
) -> None:
    server = serve(weights_dir, "--allow-training", "--training-root", str(root))
    draw(root / "mine" / "horses", 0)
    page = chromium.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(server.url)
    page.get_by_role("tab", name="Retrain").press("Enter")
    settle(page)
    page.get_by_label("Name of the first kind").fill("horse")
    page.get_by_label("Name of the second kind").fill("zebra")
    page.locator("#kind-a").get_by_role("combobox").click()
    page.get_by_role("option", name="mine/horses").click()
    page.get_by_role("button", name="Start training").press("Enter")
    page.locator("#diagnosis [role=alert]", has_text="Add pictures of zebra").wait_for()


def test_the_form_can_be_read_in_light_and_in_dark(
    serve: Callable[..., Any], chromium: Any, weights_dir: Path, root: Path
) -> None:
    server = serve(weights_dir, "--allow-training", "--training-root", str(root))
    page = chromium.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(server.url)
    page.get_by_role("tab", name="Retrain").press("Enter")
    settle(page)
    page.get_by_placeholder("horse").wait_for()
    assert complaints_of_axe(page) == []


def test_a_training_starts_from_the_file_of_a_model(tmp_path: Path, weights_dir: Path) -> None:
    draw(tmp_path / "ink", 0)
    given = ("ink", "paper", None, None, "ink", "ink", None, "", "fast", "negate", 60, "")
    order = read_order(Pictures(tmp_path), Store(weights_dir), "en", *given)
    assert order.start == str(weights_dir / "negate.onnx")
    (weights_dir / "negate.json").unlink()  # while the page was open
    with pytest.raises(CardError, match="negate"):
        read_order(Pictures(tmp_path), Store(weights_dir), "en", *given)


def test_a_form_in_which_nothing_more_was_unfolded_asks_for_a_training(tmp_path: Path) -> None:
    draw(tmp_path / "ink", 0)
    given = ("ink", "paper", None, None, "ink", "ink", None, "", "fast", "", 60, "")
    order = read_order(Pictures(tmp_path), Store(tmp_path), "en", *given)
    assert (order.title, order.preset, order.settings) == ("ink2paper", "fast", ())


@pytest.mark.parametrize("minutes", [-5, 0, None, 1e9])
def test_minutes_that_make_no_sense_are_refused_in_the_language_of_the_visitor(
    tmp_path: Path, minutes: float | None
) -> None:
    draw(tmp_path / "ink", 0)
    given = ("ink", "paper", None, None, "ink", "ink", None, "", "fast", "", minutes, "")
    with pytest.raises(InputError, match=r"请填写 0\.1 到 10,000 之间的数"):
        read_order(Pictures(tmp_path), Store(tmp_path), "zh", *given)


def test_kinds_of_one_name_are_refused(tmp_path: Path) -> None:
    given = ("horse", " Horse ", None, None, "", "", None, "", "fast", "", 60, "")
    with pytest.raises(InputError, match="Both kinds have the same name"):
        read_order(Pictures(tmp_path), Store(tmp_path), "en", *given)


def test_uploads_are_kept_under_the_names_of_the_kinds(tmp_path: Path) -> None:
    ink = draw(tmp_path / "uploads", 0)
    uploads = list(map(str, ink))
    given = ("墨", "纸", uploads, uploads, "", "", None, "", "fast", "", 60, "")
    order = read_order(Pictures(tmp_path / "root"), Store(tmp_path), "zh", *given)
    assert order.title == "墨2纸"
    assert all(
        Path(each).parent.name.startswith("墨2纸-") for each in (order.domain_a, order.domain_b)
    )
