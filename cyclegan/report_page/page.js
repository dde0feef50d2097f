"use strict";

/* The slider: one sheet is shown, the others wait. */
const sheets = [...document.querySelectorAll("#sheets img")];
if (sheets.length) {
  const slider = document.getElementById("slider");
  const play = document.getElementById("play");
  const viewer = document.querySelector(".viewer");
  let timer = 0;

  const show = () => {
    sheets.forEach((sheet, i) => { sheet.hidden = i !== slider.valueAsNumber; });
    const shown = sheets[slider.valueAsNumber];
    viewer.style.setProperty("--natural", `${shown.naturalWidth || shown.width}px`);
    document.getElementById("seen").textContent = shown.dataset.seen;
    slider.setAttribute("aria-valuetext", shown.dataset.seen);
  };
  const go = (place) => { slider.value = place; show(); };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "▶";
    play.setAttribute("aria-label", "Play");
  };
  const isLast = () => slider.value === slider.max;

  slider.addEventListener("input", () => { stop(); show(); });
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (isLast()) go(0);
    play.textContent = "❚❚";
    play.setAttribute("aria-label", "Pause");
    timer = setInterval(() => {
      go(slider.valueAsNumber + 1);
      if (isLast()) stop();
    }, 500);
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const isFree = event.target === document.body || (event.target === viewer && !viewer.classList.contains("large"));
    if (!step || !isFree || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    stop();
    go(slider.valueAsNumber + step);
  });
  viewer.addEventListener("click", () => viewer.classList.toggle("large"));
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "Enter") viewer.classList.toggle("large");
  });
  show();
}

/* The curves: one cursor for all of them. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const digits = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const small = new Intl.NumberFormat("en", { notation: "scientific", maximumSignificantDigits: 3 });
const images = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });
const write = (value) =>
  value == null ? "–" : (value !== 0 && Math.abs(value) < 0.001 ? small : digits).format(value);

const HEIGHT = 190;
const plots = [];

function draw(chart, place) {
  const box = document.createElement("figure");
  const title = document.createElement("h4");
  const note = document.createElement("p");
  box.className = "chart";
  title.textContent = chart.title;
  note.textContent = chart.note;
  note.className = "quiet";
  box.append(title, note);
  place.append(box);

  const axis = {
    stroke: () => colour("--quiet"),
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  const isSparse = chart.images.length < 40;
  const settle = (plot) => {
    if (plot.cursor.idx == null) plot.setLegend({ idx: chart.images.length - 1 });
  };
  const plot = new uPlot({
    width: box.clientWidth - 24,
    height: HEIGHT,
    padding: [8, 12, 0, 0],
    scales: { x: { time: false } },
    cursor: { sync: { key: "images" }, y: false, points: { size: 7 } },
    axes: [
      { ...axis, size: 28, values: (_, ticks) => ticks.map((tick) => short.format(tick)) },
      {
        ...axis,
        size: (_, texts) => 16 + 7 * Math.max(0, ...(texts ?? []).map((text) => text.length)),
        values: (_, ticks) => ticks.map(write),
      },
    ],
    series: [
      { label: "images", value: (_, seen) => (seen == null ? "–" : images.format(seen)) },
      ...chart.lines.map((line) => ({
        label: line.label || chart.title,
        stroke: () => colour(line.place ? "--of-b" : "--of-a"),
        width: 1.5,
        spanGaps: true,
        points: { show: isSparse, size: 5 },
        value: (_, value) => write(value),
      })),
    ],
    hooks: { ready: [settle], setCursor: [settle] },
  }, [chart.images, ...chart.lines.map((line) => line.values)], box);
  const last = chart.lines.map((line) => `${line.label} ${write(line.values.at(-1))}`.trim());
  plot.root.querySelector("canvas").setAttribute("role", "img");
  plot.root.querySelector("canvas").setAttribute(
    "aria-label", `${chart.title} over the images seen; at the end ${last.join(", ")}`);
  plots.push([plot, box]);
}

const curves = JSON.parse(document.getElementById("curves").textContent);
for (const place of document.querySelectorAll(".charts")) {
  for (const chart of curves[place.dataset.section]) draw(chart, place);
}
addEventListener("resize", () => {
  for (const [plot, box] of plots) plot.setSize({ width: box.clientWidth - 24, height: HEIGHT });
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const [plot] of plots) plot.redraw(false, true);
});

/* How old the page is, and whether the next one should have come. */
const time = document.querySelector("time");
const tell = () => {
  const age_s = (Date.now() - Date.parse(time.dateTime)) / 1000;
  const [unit, length_s] = [["day", 86400], ["hour", 3600], ["minute", 60]].find((each) => age_s >= each[1]) ?? ["minute", 60];
  const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-Math.floor(age_s / length_s), unit);
  document.getElementById("age").textContent = age_s < 60 ? "" : `, ${ago}`;
  const next_s = Number(time.dataset.nextS);
  document.getElementById("overdue").hidden = !(next_s && age_s > 2 * next_s + 60);
};
tell();
setInterval(tell, 30_000);
