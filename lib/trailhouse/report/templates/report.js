"use strict";
const Trail = (() => {
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
  return { draw, json };
})();
