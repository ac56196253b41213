"use strict";
(() => {
  const options = { actions: false, renderer: "svg", mode: "vega-lite", tooltip: { theme: "trail" } };
  const json = (id) => JSON.parse(document.getElementById(id).textContent);

  const draw = (place, spec) =>
    vegaEmbed(place, spec, options)
      .then((result) => { place.dataset.state = "drawn"; return result; })
      .catch((error) => {
        place.dataset.state = "failed";
        place.textContent = "This chart could not be drawn: " + error.message;
        console.error(error);
      });

  for (const place of document.querySelectorAll("[data-chart]")) draw(place, json(place.dataset.chart));

  const heat = document.getElementById("heat-map");
  if (!heat) return;
  const maps = json("heat-data");
  const base = json("heat-spec");
  const page = document.getElementById("heat-page");
  const device = document.getElementById("heat-device");
  const kind = document.getElementById("heat-kind");
  const note = document.getElementById("heat-note");
  const words = new Intl.NumberFormat("en-US");
  let view = null;

  const offerDevices = () => {
    const kept = device.value;
    device.replaceChildren(
      ...maps.filter((map) => map.page === maps[page.value].page).map((map) => {
        const option = document.createElement("option");
        option.value = map.device;
        option.textContent = map.device;
        return option;
      })
    );
    if ([...device.options].some((option) => option.value === kept)) device.value = kept;
  };

  const show = async () => {
    const map = maps.find((one) => one.page === maps[page.value].page && one.device === device.value);
    const inertOnly = kind.value === "inert";
    const cells = [];
    for (let at = 0; at < map.cells.length; at += 4) {
      const [x, row, clicks, inert] = map.cells.slice(at, at + 4);
      const count = inertOnly ? inert : clicks;
      if (count > 0 && row * 16 < map.height) {
        cells.push({ x, x2: x + 1, y: row * 16, y2: row * 16 + 16, clicks, inert, count });
      }
    }
    const most = Math.max(1, ...cells.map((cell) => cell.count));
    // The square root keeps the many quiet places visible beside the one that everybody clicks.
    for (const cell of cells) cell.level = Math.max(1, Math.ceil(6 * Math.sqrt(cell.count / most)));
    const room = heat.parentElement.clientWidth - 2;
    const width = Math.min(room, map.width <= 480 ? 320 : map.width <= 900 ? 480 : 760);
    const height = Math.round((map.height * width) / map.width);
    const spec = structuredClone(base);
    spec.width = width;
    spec.height = height;
    spec.padding = 0;
    spec.datasets = { cells };
    spec.encoding.y.scale.domain = [0, map.height];
    spec.description = `Click map of ${map.page} on ${map.device}`;
    if (view) view.finalize();
    heat.style.width = `${width}px`;
    heat.style.height = `${height}px`;
    const fold = document.getElementById("heat-fold");
    fold.hidden = !map.fold || map.fold >= map.height;
    if (!fold.hidden) fold.style.top = `${(map.fold / map.height) * height}px`;
    document.getElementById("heat-scale-most").textContent = words.format(most);
    const counted = cells.reduce((sum, cell) => sum + cell.count, 0);
    note.textContent =
      `${words.format(counted)} ${inertOnly ? "clicks on nothing clickable" : "clicks"} drawn` +
      (map.views === null ? "" : `, from ${words.format(map.views)} views`) +
      `. Page of ${words.format(map.width)} × ${words.format(map.height)} px.` +
      (map.clicks > counted && !inertOnly
        ? ` ${words.format(map.clicks - counted)} more lie outside of the drawn part or in its quietest places.`
        : "");
    view = await draw(document.getElementById("heat-canvas"), spec);
  };

  page.addEventListener("change", () => { offerDevices(); show(); });
  device.addEventListener("change", show);
  kind.addEventListener("change", show);
  let room = 0;
  new ResizeObserver(() => {
    const now = heat.parentElement.clientWidth;
    if (Math.abs(now - room) > 8) { room = now; requestAnimationFrame(show); }
  }).observe(heat.parentElement);
  offerDevices();
})();
