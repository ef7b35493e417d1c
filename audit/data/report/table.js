// Folds the details of the workloads away, and sorts and filters their lines; without it all of the table is open.
"use strict";
(() => {
  const place = document.getElementById("workload-table");
  if (!place) return;
  const table = place.querySelector("table");
  const controls = place.querySelector(".controls");
  const { text, verdict, evidence, all, sort: order } = Object.fromEntries(
    [...controls.querySelectorAll("[name]")].map((control) => [control.name, control]),
  );
  const heads = [...table.tHead.rows[0].cells];
  const collator = new Intl.Collator(undefined, { numeric: true });
  const folded = (text) => text.normalize("NFKC").toLowerCase();

  const madeButton = () => {
    const button = document.createElement("button");
    button.type = "button";
    return button;
  };

  // Within a column's equals the order of the page stays, which is by cost.
  const rows = [...table.tBodies].map((body, index) => {
    const [line, more] = body.rows;
    // Lines are laid out as grids, which drops what the elements mean.
    body.setAttribute("role", "rowgroup");
    for (const row of body.rows) {
      row.setAttribute("role", "row");
      for (const cell of row.cells) cell.setAttribute("role", cell.scope ? "rowheader" : "cell");
    }
    const title = line.querySelector("bdi");
    const button = madeButton();
    more.id = `workload-${index + 1}`;
    button.setAttribute("aria-controls", more.id);
    title.replaceWith(button);
    button.append(title);
    return {
      body, line, more, button,
      name: title.textContent,
      verdict: line.cells[1].textContent,
      keys: body.dataset.keys.split(" ").map(Number),
    };
  });

  const open = (row, isOpen) => {
    row.more.hidden = !isOpen;
    row.button.setAttribute("aria-expanded", String(isOpen));
    row.body.classList.toggle("open", isOpen);
  };

  // Words are sorted from A, numbers from the largest; asked again, the other way round.
  const sort = (column, isDown) => {
    const compare = column === 0
      ? (a, b) => collator.compare(a.name, b.name)
      : (a, b) => a.keys[column - 1] - b.keys[column - 1];
    const sorted = [...rows].sort(isDown ? (a, b) => compare(b, a) : compare);
    table.append(...sorted.map((row) => row.body));
    heads.forEach((head, index) => {
      if (index === column) head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    order.value = String(column);
  };
  const isNumber = (column) => heads[column].classList.contains("number");
  const ask = (column) => {
    const now = heads[column].getAttribute("aria-sort");
    sort(column, now === null ? isNumber(column) : now === "ascending");
  };

  const wordsOf = (row) => {
    row.words ??= folded([row.name, ...[...row.more.querySelectorAll("dd")].map((said) => said.textContent)].join(" "));
    return row.words;
  };
  const filter = () => {
    const terms = folded(text.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = (!verdict.value || verdict.value === row.verdict)
        && (!evidence.value || evidence.value === row.body.dataset.evidence)
        && terms.every((term) => wordsOf(row).includes(term));
      row.body.hidden = !fits;
      count += fits;
    }
    const number = (value) => value.toLocaleString("en-US");
    controls.querySelector("output").textContent = `${number(count)} of ${number(rows.length)} shown`;
  };

  heads.forEach((head, column) => {
    const button = madeButton();
    button.append(...head.childNodes);
    button.addEventListener("click", () => ask(column));
    head.append(button);
  });
  // The button of a line takes the keyboard; a mouse may click anywhere in it.
  for (const row of rows) {
    row.line.addEventListener("click", (event) => {
      const isKey = event.detail === 0;
      if (isKey || String(getSelection()) === "") open(row, row.more.hidden);
    });
    open(row, false);
  }
  all.addEventListener("click", () => {
    const isOpen = all.getAttribute("aria-pressed") === "false";
    all.setAttribute("aria-pressed", String(isOpen));
    rows.forEach((row) => open(row, isOpen));
  });
  for (const control of [text, verdict, evidence]) control.addEventListener("input", filter);
  order.addEventListener("input", () => ask(Number(order.value)));
  heads[Number(order.value)].setAttribute("aria-sort", "descending");
  controls.hidden = false;
})();
