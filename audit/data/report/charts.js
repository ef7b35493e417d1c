// Draws every chart of the page from the JSON beside it; the template follows the colour scheme of the reader.
"use strict";
(() => {
  const { figures, templates } = JSON.parse(document.getElementById("charts").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const config = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, typesetMath: false };
  const draw = (template, width) => {
    for (const [name, figure] of Object.entries(figures)) {
      const place = document.getElementById("chart-" + name);
      Plotly.react(place, figure.data, { ...figure.layout, template, width }, config);
    }
  };
  const onScreen = () => draw(dark.matches ? templates.dark : templates.light);
  dark.addEventListener("change", onScreen);
  // Paper is white and about 680 CSS pixels wide, whatever the window was.
  window.addEventListener("beforeprint", () => draw(templates.light, 680));
  window.addEventListener("afterprint", onScreen);
  onScreen();
})();
