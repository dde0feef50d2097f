"""The page of a run, made of files alone, in a real browser."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cyclegan.config import TrainConfig
from cyclegan.contract.images import load_picture
from cyclegan.contract.log import LATEST
from cyclegan.doctor.facts import look_at, write_facts
from cyclegan.domains import list_domain
from cyclegan.report_page import write_report
from cyclegan.report_page.history import LOSSES, Names, read_alarms, read_curves, read_metrics
from cyclegan.report_page.sheets import name_columns
from cyclegan.train import train

NAMES = Names("red", "blue")
ALARM = {"direction": "AB", "text": "every translation looks the same", "remedy": "start anew"}
ROWS: list[dict[str, Any]] = [
    {"images_seen": 2, "minutes": 1.0, "images_per_s": 0.1, "learning_rate": 1e-4, "cycle_A": 0.5},
    {"images_seen": 2, "diversity_AB": 0.25, "spread": 3},
    {"images_seen": 2, "alarm": "collapse", "state": "on", **ALARM},
    {"images_seen": 3, "KID_AtoB": 9.0, "KID_BtoA": 7.0},
    {"images_seen": 4, "minutes": 2.0, "images_per_s": 0.1, "learning_rate": 1e-4, "cycle_A": 0.25},
    {"images_seen": 4, "KID_AtoB": 5.0, "KID_BtoA": 8.0},
    {"images_seen": 4, "alarm": "bars", "state": "on", **ALARM, "direction": "BA"},
    {"images_seen": 4, "alarm": "collapse", "state": "off", **ALARM},
]


def test_every_loss_that_has_a_weight_is_explained() -> None:
    keys = {key.removeprefix("lambda_") for key in TrainConfig().to_dict() if "lambda_" in key}
    assert keys - {"identity", "adversarial"} | {"idt", "adv"} <= LOSSES.keys()


@pytest.fixture
def run(tmp_path: Path, config: TrainConfig) -> Path:
    """A run of 4 images out of 6, with one sheet after each of them."""
    folder = tmp_path / "run"
    (folder / "sheets").mkdir(parents=True)
    (folder / "config.json").write_text(config.to_json())
    write_log(folder, ROWS)
    for seen in range(1, 5):
        sheet = Image.new("RGB", (220, 96), (40 * seen, 0, 0))
        sheet.save(folder / "sheets" / f"{seen:09d}.jpg")
    domains = [
        look_at(Path(domain), list_domain(Path(domain)), 45)
        for domain in (config.domain_a, config.domain_b)
    ]
    write_facts(folder, "a slow machine", domains)
    return folder


class Reader:
    """A browser tab with a report in it, which remembers requests and complaints."""

    def __init__(self, browser: Any, run: Path) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page = browser.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto((run / "report.html").as_uri())

    def shown(self) -> str:
        return str(self.page.locator("#sheets img:visible").get_attribute("alt"))

    def text(self) -> str:
        return str(self.page.locator("body").inner_text())


def test_the_slider_goes_through_the_sheets(run: Path, chromium: Any) -> None:
    write_report(run)
    reader = Reader(chromium, run)
    slider = reader.page.get_by_role("slider", name="Sample sheet")
    assert "after 4 images" in reader.shown()
    reader.page.keyboard.press("ArrowLeft")  # wherever the focus is
    assert "after 3 images" in reader.shown()
    slider.press("Home")
    assert "after 1 images" in reader.shown()
    slider.press("ArrowRight")
    assert "after 2 images" in reader.shown()
    assert reader.page.locator("#seen").inner_text() == "2 images"
    reader.page.get_by_role("button", name="Play").click()
    reader.page.get_by_role("button", name="Pause").wait_for()
    reader.page.get_by_role("button", name="Play").wait_for()  # the last sheet ends it
    assert "after 4 images" in reader.shown()


def test_the_page_shows_the_run_and_asks_nobody(run: Path, chromium: Any) -> None:
    write_report(run)
    reader = Reader(chromium, run)
    text = reader.text()
    for words in (
        "67 % done, about 60 s to go",
        "a slow machine",
        "1 alarm in force",
        "bars, blue to red since 4 images",
        "All 4 sheets of the run",
        "5 PNG",
        "generator_width",
    ):
        assert words in text
    # cycle, KID, diversity, spread, learning rate, pace
    assert reader.page.locator(".chart canvas").count() == 6
    label = reader.page.locator(".chart canvas").nth(1).get_attribute("aria-label")
    assert label == "Cycle loss over the images seen; at the end red 0.25"
    assert [url for url in reader.asked if not url.startswith(("file:", "data:"))] == []
    assert reader.complaints == []


def test_names_and_texts_are_shown_and_never_run(
    run: Path, config: TrainConfig, chromium: Any
) -> None:
    trap = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    (run / "config.json").write_text(config.replace(name_a=trap).to_json())
    write_log(run, [{**ROWS[0], trap: 1.0}, {**ROWS[2], "text": trap}])
    write_report(run)
    reader = Reader(chromium, run)
    text = reader.text()
    assert text.startswith(trap)
    assert text.count(trap) >= 4  # heading, columns, alarm, chart
    assert reader.page.locator(".chart canvas").count() == 4
    assert reader.complaints == []


def test_a_phone_needs_no_sideways_scrolling(run: Path, chromium: Any) -> None:
    write_report(run)
    reader = Reader(chromium, run)
    reader.page.set_viewport_size({"width": 360, "height": 740})
    width = "document.documentElement.scrollWidth"
    assert reader.page.evaluate(width) == 360
    # A chart is drawn anew only after a phone was turned: until then it is too wide.
    stale = "document.querySelector('.chart canvas').style.width = '800px'"
    assert reader.page.evaluate(f"{stale}; {width}") == 360


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_page_without_news_says_that_training_was_interrupted(
    run: Path, chromium: Any, is_stopped: bool
) -> None:
    write_report(run, is_stopped=is_stopped)
    page = run / "report.html"
    page.write_text(re.sub(r'datetime="\d+', 'datetime="2020', page.read_text()))
    assert ("next report is overdue" in Reader(chromium, run).text()) is not is_stopped
    assert ("Stopped at 67 %" in page.read_text()) is is_stopped


def test_an_empty_folder_gives_a_page_that_says_what_is_missing(
    tmp_path: Path, chromium: Any
) -> None:
    write_report(tmp_path)
    reader = Reader(chromium, tmp_path)
    for words in ("config.json: expected the config of a run", "Just started", "Not recorded"):
        assert words in reader.text()
    assert reader.complaints == []


@pytest.mark.parametrize(
    ("is_saved", "max_images", "shown"),
    [
        (False, 6, "There is no checkpoint yet"),
        (True, 6, "Train on from the last checkpoint"),
        (True, 4, "Train longer: this command with a larger limit"),
    ],
)
def test_the_way_on_is_from_a_checkpoint(
    run: Path, config: TrainConfig, is_saved: bool, max_images: int, shown: str
) -> None:
    (run / "config.json").write_text(config.replace(max_images=max_images).to_json())
    if is_saved:
        (run / LATEST).touch()
    write_report(run)
    page = (run / "report.html").read_text()
    assert shown in page
    assert (f"cyclegan train --out {run}" in page) is is_saved
    assert (f"--out {run} --max-images 4<" in page) is (max_images == 4)


@pytest.mark.parametrize(
    ("rows", "init_from", "is_offered"), [([], "", False), ([], "them.pth", True), (ROWS, "", True)]
)
def test_export_is_offered_once_there_is_something_to_export(
    run: Path, config: TrainConfig, rows: list[dict[str, Any]], init_from: str, is_offered: bool
) -> None:
    (run / "config.json").write_text(config.replace(init_from=init_from).to_json())
    write_log(run, rows)
    write_report(run)
    assert ("cyclegan export" in (run / "report.html").read_text()) is is_offered


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["red", "→ blue", "→ back", "blue", "→ red", "→ back"]),
        ({"method": "simgan", "lambda_cycle": 0.0}, ["red", "→ blue"]),
        (
            {"generator": "attention"},
            ["red", "→ blue", "mask", "→ back", "blue", "→ red", "mask", "→ back"],
        ),
    ],
)
def test_the_columns_of_a_sheet_are_named(
    tmp_path: Path, config: TrainConfig, settings: dict[str, Any], expected: list[str]
) -> None:
    config = config.replace(**settings)
    assert name_columns(config) == expected
    train(config.replace(max_images=1), tmp_path)
    with Image.open(tmp_path / "sheets" / "000000001.jpg") as sheet:
        # as many columns of 32 pixels as names, and gaps of 4 around
        assert sheet.width == len(expected) * 36 + 4


def test_many_large_sheets_are_thinned_out_and_made_smaller(run: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (500, 900, 3), dtype=np.uint8)
    sheet = run / "sheets" / "000000001.jpg"
    Image.fromarray(noise).save(sheet, quality=90)
    assert sheet.stat().st_size > 400_000
    for seen in range(2, 61):
        (run / "sheets" / f"{seen:09d}.jpg").write_bytes(sheet.read_bytes())
    (run / "sheets" / "000000060.jpg").write_bytes(b"damaged")
    write_report(run)
    page = (run / "report.html").read_text()
    shown = [int(seen) for seen in re.findall(r'data-seen="(\d+) images"', page)]
    assert (shown[0], shown[-1], len(shown)) == (1, 57, 23)  # of 24 the last is damaged
    assert "23 of 60 sheets" in page
    assert len(page) < 8_000_000


def test_curves_are_grouped_by_the_ends_of_their_names() -> None:
    sections = read_curves(ROWS, NAMES)
    titles = {section: [chart.title for chart in charts] for section, charts in sections.items()}
    assert titles == {
        "Losses": ["Cycle loss"],
        "Metrics": ["KID"],
        "Readings": ["Diversity", "Spread"],
        "Course": ["Learning rate", "Pace"],
    }
    (kid,) = sections["Metrics"]
    assert kid.images == [3, 4]
    lines = [(line.label, line.place, line.values) for line in kid.lines]
    assert lines == [("red to blue", 0, [9, 5]), ("blue to red", 1, [7, 8])]


def test_long_curves_become_means_of_neighbours() -> None:
    rows = [{"images_seen": i, "cycle_A": float(i % 2), "idt_A": float("nan")} for i in range(1200)]
    (chart,) = read_curves(rows, NAMES)["Losses"]
    assert chart.images == list(range(2, 1200, 3))  # 1200 / 500, rounded up, lines a point
    # 0 1 0, 1 0 1, ...
    assert chart.lines[0].values[:2] == pytest.approx([1 / 3, 2 / 3], rel=1e-5)


def test_the_best_is_what_the_run_marked_last() -> None:
    def measured(seen: int, is_best: bool, **figures: float) -> dict[str, Any]:
        return {"images_seen": seen, "is_best_AtoB": is_best, **figures}

    rows = [
        measured(1, True, SWD_AtoB=0.1),
        # Measured otherwise from here on, and FID goes along with KID.
        measured(2, True, KID_AtoB=9.0, FID_AtoB=50.0),
        measured(3, True, KID_AtoB=5.0, FID_AtoB=70.0),
        measured(4, False, KID_AtoB=6.0, FID_AtoB=60.0),
        measured(5, True, KID_AtoB=8.0, FID_AtoB=65.0),  # on other pictures
        measured(6, False, KID_AtoB=9.0, FID_AtoB=40.0),
    ]
    found = [
        (each.name, each.latest, each.best, each.best_at) for each in read_metrics(rows, NAMES)
    ]
    assert found == [("KID", 9, 8, 5), ("FID", 40, 65, 5)]
    titles = [chart.title for charts in read_curves(rows, NAMES).values() for chart in charts]
    assert titles == ["FID", "KID", "SWD"]  # marks are no curve


def test_without_marks_the_best_of_a_metric_is_its_lowest() -> None:
    there, back = read_metrics(ROWS, NAMES)
    assert (there.direction, there.latest, there.best, there.best_at) == ("red to blue", 5, 5, 4)
    assert (back.direction, back.latest, back.best, back.best_at) == ("blue to red", 8, 7, 3)


def test_an_alarm_is_in_force_until_it_goes_off() -> None:
    in_force, history = read_alarms(ROWS, NAMES)
    assert [(alarm.code, alarm.direction) for alarm in in_force] == [("bars", "blue to red")]
    codes = [(alarm.code, alarm.is_on) for alarm in history]
    assert codes == [("collapse", False), ("bars", True), ("collapse", True)]


def test_facts_of_a_large_domain_come_from_a_sample(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = list_domain(data_dir / "trainA")
    sides = [min(load_picture(paths[i]).rgb.shape[:2]) for i in (0, 2, 4)]
    monkeypatch.setattr("cyclegan.doctor.facts.SAMPLE", 3)
    facts = look_at(data_dir / "trainA", paths, sorted(sides)[1])
    assert (facts.pictures, facts.small, facts.sample.pictures) == (5, 1, 3)
    assert facts.sample.short_side == tuple(sorted(sides))


def test_writing_a_page_needs_no_torch(run: Path) -> None:
    code = (
        "import sys, pathlib; from cyclegan.report_page import write_report; "
        "write_report(pathlib.Path(sys.argv[1])); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(run)], check=True)
    assert (run / "report.html").exists()


def write_log(run: Path, rows: list[dict[str, Any]]) -> None:
    (run / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
