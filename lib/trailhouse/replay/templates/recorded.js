"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.getElementById("replay");
  const list = document.getElementById("marks");
  const only = document.getElementById("signals");
  const chooser = document.getElementById("window");
  let player = null, marks = [], rows = [];

  const clock = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000));
    return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  };

  const told = () => {
    list.replaceChildren();
    rows = marks.filter((mark) => !only.checked || mark.colour).map((mark) => {
      const row = document.createElement("li"), button = document.createElement("button");
      const at = document.createElement("time"), kind = document.createElement("b"), text = document.createElement("span");
      at.textContent = clock(mark.at);
      kind.textContent = mark.kind.replaceAll("_", " ");
      text.textContent = mark.text;
      if (mark.colour) { row.className = "signal"; kind.style.background = mark.colour; }
      button.type = "button";
      button.append(at, kind, text);
      // A little before, so that what led to it is seen.
      button.addEventListener("click", () => player.goto(Math.max(0, mark.at - 1500), true));
      row.append(button);
      list.append(row);
      return [mark.at, row];
    });
  };

  const show = (number) => {
    const chosen = data.windows[number];
    if (player) { player.pause(); player.$destroy(); }
    const target = document.getElementById("player");
    target.replaceChildren();
    const width = Math.min(1024, target.clientWidth || 1024);
    const events = chosen.events.slice().sort((a, b) => a.timestamp - b.timestamp);
    marks = chosen.marks;
    told();
    const Player = window.rrwebPlayer.Player || window.rrwebPlayer.default || window.rrwebPlayer;
    player = new Player({
      target,
      props: {
        events, width, height: Math.round(width * 0.58), autoPlay: true, skipInactive: true,
        tags: data.colours, showWarning: false, mouseTail: { strokeStyle: "#d0782a" },
      },
    });
    root.dataset.window = String(number);
    root.dataset.state = "playing";
    player.addEventListener("ui-update-current-time", ({ payload }) => {
      root.dataset.at = String(Math.round(payload));
      for (const [at, row] of rows) row.classList.toggle("now", at <= payload && payload < at + 1000);
    });
    player.addEventListener("ui-update-progress", ({ payload }) => { root.dataset.progress = payload.toFixed(3); });
    player.addEventListener("finish", () => {
      root.dataset.state = "finished";
      // One window after another, as they were opened.
      if (number + 1 < data.windows.length && chooser) { chooser.value = String(number + 1); show(number + 1); }
    });
  };

  only.addEventListener("change", told);
  if (chooser) {
    data.windows.forEach((one, number) => chooser.add(new Option(one.name, String(number))));
    chooser.addEventListener("change", () => show(Number(chooser.value)));
  }
  show(0);
})();
