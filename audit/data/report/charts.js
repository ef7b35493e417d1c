// Draws every chart of the page from the JSON beside it; the template follows the colour scheme of the reader.
"use strict";
(() => {
  const { figures, templates } = JSON.parse(document.getElementById("charts").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const config = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, typesetMath: false };
  const draw = (name, template, width) => {
    const figure = figures[name];
    Plotly.react("chart-" + name, figure.data, { ...figure.layout, template, width }, config);
  };
  const names = Object.keys(figures);
  const onScreen = () => names.forEach((name) => draw(name, dark.matches ? templates.dark : templates.light));
  dark.addEventListener("change", onScreen);

  // Paper is white, and how wide it is no script can know: charts are drawn at one width and scaled as pictures.
  const PAPER = 860;
  const pictures = () => document.querySelectorAll(".plot .main-svg");
  window.addEventListener("beforeprint", () => {
    names.forEach((name) => draw(name, templates.light, PAPER));
    for (const svg of pictures()) svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
  });
  window.addEventListener("afterprint", () => {
    for (const svg of pictures()) svg.removeAttribute("viewBox");
    onScreen();
  });
  onScreen();
  performance.mark("charts-drawn");
})();
