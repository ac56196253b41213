"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.getElementById("replay");
  const by = (id) => document.getElementById(id);
  const list = by("marks"), only = by("signals");
  const clock = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000));
    return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  };
  const make = (kind, values) => {
    const one = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [name, value] of Object.entries(values)) one.setAttribute(name, value);
    return one;
  };
  const TAIL = 40, STILL = 3000, JUMP = 1000;
  let at = 0, view = -1, drawn = -1, timer = null, before = 0, rows = [];
  // Seeking; there is none where there is no page to draw on.
  let go = () => {};

  const told = () => {
    list.replaceChildren();
    rows = data.marks.filter((mark) => !only.checked || mark.colour).map((mark) => {
      const row = document.createElement("li"), button = document.createElement("button");
      const time = document.createElement("time"), kind = document.createElement("b"), text = document.createElement("span");
      time.textContent = clock(mark.at);
      kind.textContent = mark.kind.replaceAll("_", " ");
      text.textContent = mark.text;
      if (mark.colour) { row.className = "signal"; kind.style.background = mark.colour; }
      button.type = "button";
      button.append(time, kind, text);
      button.addEventListener("click", () => go(Math.max(0, mark.at - (mark.colour ? 1500 : 0))));
      row.append(button);
      list.append(row);
      return [mark.at, row];
    });
  };
  only.addEventListener("change", told);
  if (!data.views.length) {
    told();
    root.dataset.state = "finished";
    return;
  }

  const screen = by("screen"), page = by("page"), ink = by("ink"), shot = by("shot");
  const scale = () => screen.clientWidth / data.views[view].width;

  // The latest step at or before a time, by halving: steps are in order.
  const until = (ms) => {
    let low = 0, high = data.steps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (data.steps[middle][0] <= ms) low = middle + 1; else high = middle;
    }
    return low;
  };

  const open = (number) => {
    view = number;
    const one = data.views[number];
    by("title").textContent = one.title || "";
    by("path").textContent = one.path || one.group || "";
    const picture = data.pictures[one.group];
    shot.hidden = !picture;
    if (picture) shot.src = picture; else shot.removeAttribute("src");
    page.className = picture ? "" : "plain";
    page.style.width = `${one.width}px`;
    page.style.height = `${one.height}px`;
    root.dataset.page = one.path || "";
    fit();
  };

  const fit = () => {
    if (view < 0) return;
    const one = data.views[view];
    screen.style.height = `${Math.round(Math.min(one.fold * scale(), 720))}px`;
  };

  const draw = () => {
    const count = until(at);
    const number = count ? data.steps[count - 1][2] : 0;
    if (number !== view) { open(number); drawn = -1; }
    if (count !== drawn) {
      drawn = count;
      const one = data.views[view];
      const own = data.steps.slice(0, count).filter((step) => step[2] === view);
      const places = own.filter((step) => step[3] !== null && step[4] !== null);
      const scrolled = own.findLast((step) => step[5] !== null);
      const parts = [];
      for (let y = one.fold; y < one.height; y += one.fold) {
        parts.push(make("line", { class: "fold", x1: 0, x2: one.width, y1: y, y2: y }));
      }
      const clicks = places.filter((step) => step[1] === "click");
      const named = new Set();
      for (const [, , , , , , text, box] of clicks) {
        if (!box || named.has(String(box))) continue;
        named.add(String(box));
        parts.push(make("rect", { class: "box", x: box[0], y: box[1], width: Math.max(box[2], 0), height: Math.max(box[3], 0) }));
        if (text && shot.hidden) {
          const label = make("text", { x: box[0] + 6, y: box[1] + Math.min(20, box[3]) });
          label.textContent = text.length > 40 ? `${text.slice(0, 39)}…` : text;
          parts.push(label);
        }
      }
      const tail = places.slice(-TAIL);
      if (tail.length > 1) {
        parts.push(make("polyline", { class: "path", "stroke-width": 3, points: tail.map((step) => `${step[3]},${step[4]}`).join(" ") }));
      }
      for (const step of clicks) {
        parts.push(make("circle", { class: step === places.at(-1) ? "click now" : "click", cx: step[3], cy: step[4], r: 14 }));
      }
      const last = places.at(-1) || null;
      if (last) {
        const pointer = make("path", { class: "pointer", d: "M0 0 0 22 6 17 10 26 14 24 10 16 17 16z", transform: `translate(${last[3]} ${last[4]})` });
        parts.push(pointer);
      }
      ink.replaceChildren(...parts);
      const offset = Math.min(scrolled ? scrolled[5] : 0, Math.max(one.height - one.fold, 0));
      page.style.transform = `scale(${scale()}) translateY(${-offset}px)`;
      root.dataset.clicks = String(clicks.length);
      root.dataset.offset = String(offset);
      root.dataset.pointer = last ? `${last[3]},${last[4]}` : "";
    }
    by("seek").value = String(Math.round(at));
    by("clock").textContent = `${clock(at)} / ${clock(data.length)}`;
    for (const [time, row] of rows) row.classList.toggle("now", time <= at && at < time + 1000);
    root.dataset.at = String(Math.round(at));
  };

  const state = (name) => {
    clearInterval(timer);
    timer = name === "playing" ? setInterval(tick, 33) : null;
    before = performance.now();
    root.dataset.state = name;
    by("play").textContent = timer ? "Pause" : "Play";
  };

  go = (ms) => { at = Math.min(Math.max(ms, 0), data.length); draw(); };

  const tick = () => {
    const now = performance.now();
    at += (now - before) * Number(by("speed").value);
    before = now;
    const next = data.steps[until(at)];
    // Where nothing happens for long, the time until shortly before the next event is passed over.
    if (by("skip").checked && next && next[0] - at > STILL) at = next[0] - JUMP;
    at = Math.min(at, data.length);
    draw();
    if (at === data.length) state("finished");
  };

  by("seek").max = String(data.length);
  by("seek").addEventListener("input", () => go(Number(by("seek").value)));
  by("play").addEventListener("click", () => {
    if (!timer && at >= data.length) at = 0;
    state(timer ? "paused" : "playing");
  });
  addEventListener("resize", () => { drawn = -1; fit(); draw(); });
  const flags = by("flags");
  for (const mark of data.marks) {
    const pageMark = mark.kind === "page_view" || mark.kind === "screen_view";
    if (!mark.colour && !pageMark) continue;
    const flag = document.createElement("button");
    flag.type = "button";
    flag.title = `${clock(mark.at)} ${mark.kind.replaceAll("_", " ")} ${mark.text}`;
    flag.style.left = `${(100 * mark.at) / data.length}%`;
    if (mark.colour) flag.style.background = mark.colour; else flag.className = "page";
    flag.addEventListener("click", () => go(Math.max(0, mark.at - (mark.colour ? 1500 : 0))));
    flags.append(flag);
  }
  told();
  draw();
  state("playing");
})();
