/* Charts: each is drawn from the table that stands under it, so that both always say the same. A click, or Enter on a value
   that the arrow keys have reached, opens the rows behind it. The colours are the stylesheet's and follow the theme. */

import { announce } from "./dom.js";

const Chart = window.Chart;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const PALETTE = 6;
const drawn = [];

/** What the table says: the labels, and for each series its name and points. */
function read(figure) {
  const heads = [...figure.querySelectorAll("thead th")].slice(1);
  const rows = [...figure.querySelectorAll("tbody tr")];
  const series = heads.map((head, at) => ({
    name: head.textContent,
    tone: head.dataset.tone,
    points: rows.map((row) => {
      const cell = row.querySelectorAll("td")[at];
      return { value: Number(cell.dataset.value), text: cell.textContent.trim(), url: cell.querySelector("a")?.href };
    }),
  }));
  const labels = rows.map((row) => row.querySelector("th"));
  return { labels: labels.map((th) => th.textContent.trim()), titles: labels.map((th) => th.title || th.textContent.trim()), series };
}

/** A colour of the stylesheet as the canvas takes it, in the theme as it is now. */
function colour(name, figure) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  figure.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Give the bars, lines and slices their colours. */
function tint(sets, figure, data) {
  const own = (tone) => colour(`--chart-${tone}`, figure);
  const ring = figure.dataset.chart === "doughnut";
  sets.forEach((set, at) => {
    const fill = ring ? data.labels.map((_label, place) => own((place % PALETTE) + 1)) : own(data.series[at].tone);
    set.backgroundColor = set.hoverBackgroundColor = fill;
    set.borderColor = set.hoverBorderColor = ring ? colour("--ground", figure) : fill;
  });
}

/** Bring the chart into the colours of the theme as it is now. */
function paint(chart, figure, data) {
  tint(chart.data.datasets, figure, data);
  tone(chart.options, figure);
  chart.update("none");
}

function tone(options, figure) {
  const muted = colour("--text-muted", figure);
  for (const scale of Object.values(options.scales ?? {})) {
    scale.ticks.color = muted;
    scale.grid.color = colour("--line-soft", figure);
    scale.border.color = colour("--line", figure);
  }
  const { legend, tooltip } = options.plugins;
  legend.labels.color = colour("--text", figure);
  tooltip.backgroundColor = colour("--text", figure);
  tooltip.titleColor = tooltip.bodyColor = colour("--ground", figure);
}

function settings(kind, data, figure, open) {
  const ring = kind === "doughnut";
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12 };
  const short = new Intl.NumberFormat(document.documentElement.lang || "en", { notation: "compact", maximumFractionDigits: 1 });
  const unit = figure.dataset.unit ? ` ${figure.dataset.unit}` : "";
  const axis = { border: {}, grid: {}, ticks: { font } };
  return {
    responsive: true,
    maintainAspectRatio: false,
    animation: still.matches ? false : { duration: 120 },
    cutout: ring ? "68%" : undefined,
    layout: { padding: ring ? 4 : { top: 8 } },
    interaction: { mode: ring ? "nearest" : "index", intersect: ring },
    onClick: (event, _active, chart) => {
      const [hit] = chart.getElementsAtEventForMode(event, "nearest", { intersect: ring, axis: ring ? undefined : "x" }, false);
      if (hit) open(hit.datasetIndex, hit.index, event.native);
    },
    onHover: (event, active) => {
      const leads = active.some(({ datasetIndex, index }) => data.series[datasetIndex].points[index].url);
      event.native.target.style.cursor = leads ? "pointer" : "default";
    },
    plugins: {
      colors: { enabled: false },
      legend: { display: !ring && data.series.length > 1, position: "bottom", labels: { boxWidth: 10, boxHeight: 10, font } },
      tooltip: {
        titleFont: { ...font, weight: 600 },
        bodyFont: font,
        padding: 8,
        cornerRadius: 4,
        displayColors: !ring && data.series.length > 1,
        callbacks: {
          title: ([item]) => (item ? data.titles[item.dataIndex] : ""),
          label: ({ datasetIndex, dataIndex }) => {
            const series = data.series[datasetIndex];
            return `${series.name}: ${series.points[dataIndex].text}${unit}`;
          },
        },
      },
    },
    scales: ring
      ? undefined
      : {
          x: { ...structuredClone(axis), stacked: kind === "stacked", grid: { display: false }, ticks: { font, maxRotation: 0, autoSkipPadding: 8 } },
          y: {
            ...structuredClone(axis),
            stacked: kind === "stacked",
            beginAtZero: true,
            ticks: { font, precision: 0, maxTicksLimit: 5, callback: (value) => short.format(value) },
          },
        },
  };
}

function draw(figure) {
  const kind = figure.dataset.chart;
  const data = read(figure);
  const frame = figure.querySelector(".chart-canvas");
  const canvas = frame.querySelector("canvas");
  frame.hidden = false;
  figure.classList.add("is-drawn");
  const open = (series, index, event) => {
    const url = data.series[series].points[index].url;
    if (!url) return;
    if (event?.ctrlKey || event?.metaKey) window.open(url, "_blank", "noopener");
    else location.assign(url);
  };
  const line = kind === "line" ? { tension: 0.25, pointRadius: 3, pointHoverRadius: 5, borderWidth: 2 } : {};
  const bar = kind === "bar" || kind === "stacked" ? { borderRadius: 3, maxBarThickness: 44, categoryPercentage: 0.72 } : {};
  const ring = kind === "doughnut" ? { borderWidth: 2 } : {};
  const datasets = data.series.map((each) => ({ label: each.name, data: each.points.map((point) => point.value), ...line, ...bar, ...ring }));
  const options = settings(kind, data, figure, open);
  tint(datasets, figure, data);
  tone(options, figure);
  const chart = new Chart(canvas, { type: kind === "stacked" ? "bar" : kind, data: { labels: data.labels, datasets }, options });
  drawn.push({ chart, figure, data });
  walk(canvas, chart, data, open);
  choose(figure, frame, canvas);
}

/** The arrow keys go from value to value; Enter opens the rows behind the one reached. */
function walk(canvas, chart, data, open) {
  let at = null;
  const show = () => {
    const active = at === null ? [] : [{ datasetIndex: at.series, index: at.index }];
    chart.setActiveElements(active);
    chart.tooltip.setActiveElements(active, { x: 0, y: 0 });
    chart.update("none");
    if (at !== null) announce(`${data.titles[at.index]}, ${data.series[at.series].name}: ${data.series[at.series].points[at.index].text}`);
  };
  canvas.addEventListener("keydown", (event) => {
    const last = data.labels.length - 1;
    const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, -last], End: [0, last] };
    if (event.key === "Enter" && at !== null) open(at.series, at.index, event);
    else if (event.key === "Escape" && at !== null) at = null;
    else if (moves[event.key]) {
      const [series, index] = moves[event.key];
      const clamp = (value, most) => Math.max(0, Math.min(most, value));
      at = at === null ? { series: 0, index: event.key === "ArrowLeft" || event.key === "End" ? last : 0 } : { series: clamp(at.series + series, data.series.length - 1), index: clamp(at.index + index, last) };
    } else return;
    event.preventDefault();
    show();
  });
  canvas.addEventListener("blur", () => {
    if (at === null) return;
    at = null;
    show();
  });
}

/** The picture or the table: the one that is not shown is out of the way of eye and keyboard, not of a screen reader. */
function choose(figure, frame, canvas) {
  const button = figure.querySelector("[data-chart-switch]");
  const table = figure.querySelector(".chart-table");
  const links = [...table.querySelectorAll("a")];
  const legend = figure.dataset.chart === "doughnut"; // its table is its legend, and always there
  const show = (asTable) => {
    table.classList.toggle("sr", !asTable && !legend);
    for (const link of links) if (!legend) link.tabIndex = asTable ? 0 : -1;
    frame.hidden = asTable;
    canvas.hidden = asTable;
    button.setAttribute("aria-pressed", String(asTable));
    button.textContent = asTable ? button.dataset.picture : button.dataset.table;
  };
  button.hidden = legend;
  button.addEventListener("click", () => show(!frame.hidden));
  show(false);
}

const repaint = () => drawn.forEach(({ chart, figure, data }) => paint(chart, figure, data));

if (Chart) {
  document.querySelectorAll("[data-chart]").forEach(draw);
  new MutationObserver(repaint).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("beforeprint", () => drawn.forEach(({ chart }) => chart.resize()));
  addEventListener("afterprint", () => drawn.forEach(({ chart }) => chart.resize()));
}
