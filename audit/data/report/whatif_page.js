// The controls of the what-if, the totals they lead to, and the address that keeps them. whatif.js does the arithmetic.
"use strict";
if (whatIf !== null) {
  const { data, usual, costsOf, saves, totals } = whatIf;
  const { workloads, candidates: offered } = data;
  const ids = workloads.map((each) => each.id);
  const LEVELS = ["measured", "expected", "ceiling"];
  const LINES = [...LEVELS, "choice"];

  // ---- words: as audit/report/words.py writes them ----
  const digits = (count) =>
    new Intl.NumberFormat("en-US", { minimumFractionDigits: count, maximumFractionDigits: count });
  const [whole, cents] = [digits(0), digits(2)];
  const amount = (value) => {
    if (value >= 0.9995) return (value >= 99.995 ? whole : cents).format(value);
    if (value < 1e-12) return "0";
    const [units, decimals = ""] = value.toFixed(2 - Math.floor(Math.log10(value))).replace(/0+$/, "").split(".");
    return `${units}.${decimals.padEnd(2, "0")}`;
  };
  const money = (value) => {
    const shown = amount(Math.abs(value));
    return (value < 0 && shown !== "0" ? "-" : "") + data.prefix + shown;
  };
  const percent = (share) => {
    const value = Number((share * 100).toFixed(9));
    if (value === 0 || value === 100) return `${value}%`;
    if (Math.abs(value) < 0.05) return value > 0 ? "<0.1%" : ">-0.1%";
    return value >= 99.95 && value < 100 ? ">99.9%" : `${value.toFixed(1)}%`;
  };
  const shown = (line) => (data.is_monthly ? line.monthly : line.window);
  const plain = (code) => code.replaceAll("_", " ");
  const short = (share) => `${Number((share * 100).toFixed(1))}%`;
  const WRITTEN = {
    escalation_rate: ["escalation", short],
    output_ratio: ["output ratio", (value) => value.toFixed(2)],
    growth: ["traffic", (value) => (value > 0 ? "+" : "") + short(value)],
    discount: ["discount", short],
  };
  const SLIDERS = Object.keys(WRITTEN);

  // ---- the page ----
  const at = (id) => document.getElementById(`what-if-${id}`);
  const model = document.querySelector(".what-if-ticks tbody tr");
  const rows = workloads.map((workload) => {
    const row = model.cloneNode(true);
    row.querySelector("bdi").textContent = workload.name;
    row.querySelector(".chip").textContent = workload.verdict;
    row.querySelector(".chip").classList.add(workload.verdict);
    return row;
  });
  model.replaceWith(...rows);
  const ticks = rows.map((row) => row.querySelector("input"));
  const reset = document.querySelector("#what-if-panel button[value=reset]");
  const before = totals(usual);
  let state = usual;

  const changes = () => {
    const found = state.candidate === usual.candidate ? [] : [`candidate ${state.candidate}`];
    for (const name of SLIDERS) {
      const [title, write] = WRITTEN[name];
      if (state[name] !== usual[name]) found.push(`${title} ${write(state[name])}`);
    }
    const kept = new Set(state.kept);
    const names = workloads.filter((each) => kept.has(each.id)).map((each) => each.name);
    const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
    if (names.length) found.push(`staying on ${data.incumbent}: ${names.slice(0, 3).join("; ")}${more}`);
    return found;
  };
  const effect = (i, scale) => {
    const { requests, gates } = costsOf(state);
    if (!requests[i]) return `cannot move: ${plain(gates[i] ?? "no traffic")}`;
    return money(scale * saves(i, state)) + (gates[i] ? `; a part cannot move: ${plain(gates[i])}` : "");
  };
  const showLine = (name, line, now) => {
    const place = (part) => at(name).querySelector(`.${part}`);
    place("saving").value = line === null ? "" : String(shown(line));
    place("saving").textContent = line === null ? "not measured" : money(shown(line));
    place("per").textContent = line === null ? "" : ` ${data.per}`;
    const share = line === null ? 0 : line.share_of_spend;
    const saved = share < 0 ? `costs ${percent(-share)} of spend more` : `saves ${percent(share)} of spend`;
    place("share").textContent = line === null ? "" : saved;
    place("moves").textContent = line === null
      ? "It has no outcomes in this report."
      : `moves ${percent(line.request_share)} of requests, ${percent(line.cost_share)} of cost`;
    const parts = [now.choice_measured, now.choice_unmeasured].map((part) => money(shown(part)));
    const isSame = line !== null && Math.abs(line.window - before[name].window) < 1e-9;
    const on = state.candidate === usual.candidate ? "" : `, on ${usual.candidate}`;
    place("before").textContent = name === "choice"
      ? `measured ${parts[0]}, not measured ${parts[1]}`
      : `${isSame ? "as in the report" : `in the report ${money(shown(before[name]))}`} (${data.spans[name]})${on}`;
  };
  const show = (given) => {
    state = { ...usual, ...given };
    const [now, kept, found] = [totals(state), new Set(state.kept), changes()];
    for (const name of LINES) showLine(name, now[name], now);
    at("state").textContent =
      (found.length ? `Changed: ${found.join(", ")}. ` : "Nothing is changed: these are the totals of the report. ") +
      `Without moving anything, all traffic costs ${money(data.is_monthly ? now.monthly_spend : now.spend)} ${data.per}.`;
    reset.disabled = found.length === 0;
    at("candidate").value = state.candidate;
    for (const name of SLIDERS) {
      const text = WRITTEN[name][1](state[name]);
      at(name).value = state[name];
      at(name).setAttribute("aria-valuetext", text);
      at(name).parentElement.querySelector("output").textContent = text;
    }
    const scale = (1 + state.growth) * (data.is_monthly ? data.monthly_multiplier : 1);
    ticks.forEach((tick, i) => {
      tick.disabled = !costsOf(state).requests[i];
      tick.checked = !tick.disabled && !kept.has(ids[i]);
      const [costs, effects] = [...rows[i].cells].slice(-2);
      costs.textContent = money(scale * (1 - state.discount) * workloads[i].list_cost);
      effects.textContent = effect(i, scale);
    });
    return now;
  };

  // ---- the address: #what-if?name=value&..., of the workloads kept or moved the shorter list ----
  const address = () => {
    const said = new URLSearchParams();
    for (const name of ["candidate", ...SLIDERS]) if (state[name] !== usual[name]) said.set(name, state[name]);
    const [kept, moved] = [true, false].map((is) => ids.filter((id) => state.kept.includes(id) === is));
    if (kept.length && kept.length <= moved.length) said.set("kept", kept.join("."));
    else if (kept.length) said.set("moved", moved.join("."));
    return `#what-if${said.size ? `?${said}` : ""}`;
  };
  const understood = (fragment) => {
    const [settings, ignored] = [{ ...usual }, []];
    for (const [name, value] of new URLSearchParams(fragment.slice("#what-if?".length))) {
      const listed = value.split(".").filter((id) => id !== "");
      const number = value.trim() === "" ? NaN : Number(value);
      if (name === "candidate" && offered.some((each) => each.model === value)) settings.candidate = value;
      else if (SLIDERS.includes(name) && number >= Number(at(name).min) && number <= Number(at(name).max)) {
        settings[name] = number;
      } else if (["kept", "moved"].includes(name) && listed.every((id) => ids.includes(id))) {
        settings.kept = ids.filter((id) => listed.includes(id) === (name === "kept"));
      } else ignored.push(`${name}=${value}`.slice(0, 80));
    }
    return [settings, ignored];
  };
  const follow = () => {
    if (!location.hash.startsWith("#what-if?")) return;
    const [settings, ignored] = understood(location.hash);
    show(settings);
    at("ignored").hidden = ignored.length === 0;
    at("ignored").textContent =
      `The address holds what this page does not know. It is ignored: ${ignored.slice(0, 5).join(", ")}.`;
    document.getElementById("what-if").scrollIntoView();
  };

  let pending;
  const change = (changed) => {
    const now = show({ ...state, ...changed });
    at("ignored").hidden = true;
    clearTimeout(pending);
    // A slider that is dragged changes a hundred times; where it comes to rest is said aloud and kept in the address.
    pending = setTimeout(() => {
      history.replaceState(null, "", address());
      const said = LEVELS.map((name) => `${name} ${now[name] === null ? "not measured" : money(shown(now[name]))}`);
      at("said").textContent = `${said.join(", ")}, your choice ${money(shown(now.choice))} ${data.per}.`;
    }, 300);
  };
  const PRESETS = { all: ["route", "pilot", "keep"], route: ["route"], pilot: ["route", "pilot"], none: [] };
  const keepAllBut = (verdicts) => ids.filter((_, i) => !verdicts.includes(workloads[i].verdict));
  at("candidate").addEventListener("change", (event) => change({ candidate: event.target.value }));
  for (const name of SLIDERS) {
    at(name).addEventListener("input", (event) => change({ [name]: Number(event.target.value) }));
  }
  ticks.forEach((tick, i) => {
    tick.addEventListener("change", () => {
      const others = state.kept.filter((id) => id !== ids[i]);
      change({ kept: tick.checked ? others : [...others, ids[i]] });
    });
  });
  for (const button of document.querySelectorAll(".what-if-buttons button")) {
    button.addEventListener("click", () => change({ kept: keepAllBut(PRESETS[button.value]) }));
  }
  reset.addEventListener("click", () => change(usual));
  at("off").remove();
  at("panel").hidden = false;
  show(usual);
  follow();
  window.addEventListener("hashchange", follow);
}
