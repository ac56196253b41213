(({ draw, json }) => {
  const panes = document.getElementById("map-panes");
  if (!panes) return;
  const { maps, pages } = json("map-data");
  const shots = json("map-shots");
  const [page, device, layer, compare] = ["page", "device", "layer", "compare"].map((name) =>
    document.getElementById(`map-${name}`)
  );
  const words = new Intl.NumberFormat("en-US");
  const percent = (share) => `${(100 * share).toFixed(1)}%`;
  const seconds = (ms) => `${words.format(Math.round(ms / 1000))} s`;
  const PARTS = { early: 1, left: 2, converted: 3 };
  const PLACES = { click: ["click", "clicks"], inert: ["click", "clicks on nothing clickable"], move: ["move", "moves"], rest: ["move", "moves"] };
  const HALVES = {
    early: ["the second half of the days", "the first half"],
    left: ["those who left after it", "those who stayed"],
    converted: ["sessions that converted", "those that did not"],
  };
  const views = new Map();

  const option = (value, text) => Object.assign(document.createElement("option"), { value, textContent: text });
  const offer = (select, options) => {
    const kept = select.value;
    select.replaceChildren(...options);
    if (options.some((one) => one.value === kept)) select.value = kept;
  };
  const onPage = () => maps.filter((map) => map.page === pages[page.value]);
  const mapOf = (name) => onPage().find((map) => map.device === name);

  const offerChoices = () => {
    offer(device, onPage().map((map) => option(map.device, map.device)));
    const split = compare.dataset.split;
    offer(compare, [
      option("", "with nothing"),
      ...(layer.value === "inert" || layer.value === "rest" ? [] : [
        ...(split ? [option("early", `days after ${split} with those before`)] : []),
        option("left", "those who left with those who stayed"),
        option("converted", "sessions that converted with others"),
      ]),
      ...onPage().filter((map) => map.device !== device.value).map((map) => option(`device:${map.device}`, `with ${map.device}, side by side`)),
    ]);
  };

  // Part `how` of a total against the rest; the halves of the days the other way round: later with earlier.
  const sides = (all, part, how) => (how === "early" ? [all - part, part] : [part, all - part]);
  const share = (part, whole) => (whole ? part / whole : 0);

  // What is drawn: boxes with a value, or with a difference of shares between -1 and 1, and words.
  const places = (map, how) => {
    const [name, unit] = PLACES[layer.value];
    const flat = map[name];
    const totals = how && sides(map.totals[name][0], map.totals[name][PARTS[how]], how);
    const boxes = [];
    for (let at = 0; at < flat.length; at += 7) {
      const [x, row, points, early, left, converted, more] = flat.slice(at, at + 7);
      if (row * 16 >= map.height) continue;
      const box = { x, x2: x + 1, y: row * 16, y2: row * 16 + 16, label: "" };
      if (how) {
        const own = sides(points, { early, left, converted }[how], how);
        box.value = share(own[0], totals[0]) - share(own[1], totals[1]);
        box.about = `${percent(share(own[0], totals[0]))} against ${percent(share(own[1], totals[1]))} of ${unit}`;
      } else {
        box.value = layer.value === "inert" || layer.value === "rest" ? more : points;
        box.points = points;
        box.about = layer.value === "click" ? `${words.format(points)} clicks, ${words.format(more)} on nothing clickable`
          : layer.value === "inert" ? `${words.format(more)} of ${words.format(points)} clicks`
          : `${words.format(points)} moves, rested ${seconds(more)}`;
      }
      if (box.value !== 0) boxes.push(box);
    }
    return boxes;
  };

  const bands = (map, how) => {
    const of = (row, name, part) => row[1 + 4 * ["views", "reached", "attention"].indexOf(name) + part];
    const total = (part) => map.depths.reduce((sum, row) => sum + of(row, "attention", part), 0);
    const rate = (row, part) => (layer.value === "reach" ? share(of(row, "reached", part), of(row, "views", part)) : share(of(row, "attention", part), total(part)));
    const rest = (row, part) => (layer.value === "reach"
      ? share(of(row, "reached", 0) - of(row, "reached", part), of(row, "views", 0) - of(row, "views", part))
      : share(of(row, "attention", 0) - of(row, "attention", part), total(0) - total(part)));
    return map.depths.map((row) => {
      const depth = row[0];
      const box = { x: 0, x2: 100, y: ((depth - 5) / 100) * map.height, y2: (depth / 100) * map.height };
      if (how) {
        const own = how === "early" ? [rest(row, 1), rate(row, 1)] : [rate(row, PARTS[how]), rest(row, PARTS[how])];
        box.value = own[0] - own[1];
        box.about = `${percent(own[0])} against ${percent(own[1])}`;
        box.label = `${box.value > 0 ? "+" : box.value < 0 ? "−" : ""}${(100 * Math.abs(box.value)).toFixed(1)} pp`;
      } else {
        box.value = rate(row, 0);
        const each = share(of(row, "attention", 0), of(row, "views", 0)) / 1000;
        box.about = layer.value === "reach" ? `${depth}% reached by ${percent(box.value)} of ${words.format(of(row, "views", 0))} views`
          : `${each.toFixed(1)} s a view, ${percent(box.value)} of all attention`;
        box.label = layer.value === "reach" ? percent(box.value) : `${each.toFixed(1)} s`;
      }
      return box;
    });
  };

  const coloured = (boxes, compared, flat) => {
    const most = boxes.reduce((found, box) => Math.max(found, Math.abs(box.value)), 0) || 1;
    for (const box of boxes) {
      const part = Math.abs(box.value) / most;
      box.opacity = flat ? 0.5 : 0.9;
      // The square root keeps the many quiet places visible beside the one that everybody clicks.
      if (!compared) box.color = `var(--h${Math.max(1, Math.ceil(6 * (flat ? part : Math.sqrt(part))))})`;
      else if (!box.value) Object.assign(box, { color: "var(--track)", opacity: 0.2 });
      else box.color = `var(--${box.value > 0 ? "w" : "k"}${Math.max(1, Math.ceil(3 * Math.sqrt(part)))})`;
    }
    return most;
  };

  const legend = (pane, how, most, flat) => {
    const ramp = pane.querySelector(".ramp");
    const colours = how ? ["k3", "k2", "k1", "w1", "w2", "w3"] : [1, 2, 3, 4, 5, 6].map((step) => `h${step}`);
    const ends = how ? ["less", "more"]
      : layer.value === "rest" ? ["0 s", seconds(most)]
      : flat ? ["0%", percent(most)] : ["1", `${words.format(most)} ${PLACES[layer.value][1]}`];
    ramp.replaceChildren(ends[0], ...colours.map((name) => {
      const box = document.createElement("i");
      box.style.background = `var(--${name})`;
      return box;
    }), ends[1]);
  };

  const told = (map, boxes, how, flat) => {
    const of = `${map.views === null ? "" : `, from ${words.format(map.views)} views`}. Page of ${words.format(map.width)} × ${words.format(map.height)} px.`;
    if (how) return `Difference between ${HALVES[how][0]} and ${HALVES[how][1]}${of}`;
    if (flat) {
      if (!boxes.length) return "Scrolling is not collected here.";
      return `${map.below === null ? "" : `${percent(map.below)} of the page lies below the fold${of}`}`;
    }
    const [name, unit] = PLACES[layer.value];
    const drawn = boxes.reduce((sum, box) => sum + (layer.value === "rest" ? box.points : box.value), 0);
    const more = layer.value === "inert" || layer.value === "rest" ? 0 : map.totals[name][0] - drawn;
    return `${words.format(drawn)} ${unit} drawn${of}` +
      (more > 0 ? ` ${words.format(more)} more lie outside of the drawn part or in its quietest places.` : "");
  };

  const show = async (number, map, how, narrow) => {
    const pane = panes.children[number];
    pane.hidden = false;
    const flat = layer.value === "reach" || layer.value === "attention";
    const boxes = flat ? bands(map, how) : places(map, how);
    const most = coloured(boxes, how, flat);
    document.getElementById(`map-title-${number}`).textContent =
      `${map.page} on ${map.device}: ${layer.selectedOptions[0].textContent}`;
    const place = pane.querySelector(".map");
    const room = place.parentElement.clientWidth - 2;
    const width = Math.max(120, Math.min(room, map.width <= 480 ? 320 : map.width <= 900 ? 480 : narrow ? 520 : 760));
    const height = Math.round((map.height * width) / map.width);
    Object.assign(place.style, { width: `${width}px`, height: `${height}px` });
    const image = place.querySelector("img");
    image.hidden = map.shot === null;
    if (map.shot !== null && image.src !== shots[map.shot]) image.src = shots[map.shot];
    const fold = place.querySelector(".fold");
    fold.hidden = !map.fold || map.fold >= map.height;
    if (!fold.hidden) fold.style.top = `${(map.fold / map.height) * height}px`;
    legend(pane, how, most, flat);
    pane.querySelector(".note").textContent = told(map, boxes, how, flat);
    const spec = json("map-spec");
    Object.assign(spec, { width, height, padding: 0, datasets: { cells: boxes } });
    for (const one of spec.layer) one.encoding.y.scale.domain = [0, map.height];
    spec.description = document.getElementById(`map-title-${number}`).textContent;
    const canvas = pane.querySelector(".map-canvas");
    views.get(canvas)?.finalize();
    views.set(canvas, (await draw(canvas, spec))?.view);
  };

  const showDepths = async () => {
    const figure = document.getElementById("map-reach");
    const rows = onPage().flatMap((map) => map.depths.map((row) => ({ depth: row[0], share: share(row[5], row[1]), views: row[5], device: map.device })));
    figure.hidden = !rows.length;
    if (!rows.length) return;
    const spec = json("map-depths");
    spec.datasets = { depths: rows };
    const place = figure.querySelector(".chart");
    views.get(place)?.finalize();
    views.set(place, (await draw(place, spec))?.view);
  };

  const showAll = () => {
    const [, other] = compare.value.split("device:");
    panes.classList.toggle("two", other !== undefined);
    panes.children[1].hidden = other === undefined;
    show(0, mapOf(device.value), other === undefined ? compare.value : "", other !== undefined);
    if (other !== undefined) show(1, mapOf(other), "", true);
  };
  const turnTo = () => {
    for (const part of document.querySelectorAll(".of-page")) part.hidden = part.dataset.page !== page.value;
    offerChoices();
    showDepths();
    showAll();
  };

  page.addEventListener("change", turnTo);
  for (const select of [device, layer]) select.addEventListener("change", () => { offerChoices(); showAll(); });
  compare.addEventListener("change", showAll);
  let room = 0;
  new ResizeObserver(() => {
    const now = panes.clientWidth;
    if (Math.abs(now - room) > 8) { room = now; requestAnimationFrame(showAll); }
  }).observe(panes);
  turnTo();
})(Trail);
