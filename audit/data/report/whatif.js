// What the traffic of the page would save under other settings. The arithmetic is that of audit/savings/whatif.py,
// formula by formula; a test holds the two together to the cent.
"use strict";
const whatIf = (() => {
  const data = JSON.parse(document.getElementById("what-if-data").textContent);
  if (data === null) return null;
  const { workloads } = data;
  // A candidate may be given the whole of a workload, or as much of it as `moved` says.
  const candidates = data.candidates.map((each) => ({
    ...each,
    requests: workloads.map((workload, i) => each.moved[i]?.[0] ?? workload.requests),
    list_cost: workloads.map((workload, i) => each.moved[i]?.[1] ?? workload.list_cost),
  }));
  const usual = {
    candidate: candidates[0].model,
    escalation_rate: data.escalation_rate,
    output_ratio: data.output_ratio,
    growth: 0,
    discount: 0,
    kept: [],
  };

  const costsOf = (settings) => candidates.find((each) => each.model === settings.candidate);
  // Verdicts and measured output ratios are those of the candidate that the report is about, and of no other.
  const isPair = (settings) => settings.candidate === usual.candidate;
  const measuredRatio = (settings, i) => (isPair(settings) ? workloads[i].output_ratio : null);

  // Signed saving in the window, before growth. An escalated answer is paid twice; nobody discounts the router.
  const netSaving = (i, ratio, settings) => {
    const costs = costsOf(settings);
    const lost = settings.escalation_rate + data.check_cost_share;
    const candidate = costs.input_cost[i] + ratio * costs.output_cost[i];
    const router = (data.router_cost_per_1k_requests * costs.requests[i]) / 1000;
    return (1 - settings.discount) * ((1 - lost) * costs.list_cost[i] - candidate) - router;
  };
  const saves = (i, settings) => netSaving(i, measuredRatio(settings, i) ?? settings.output_ratio, settings);
  // At the ceiling, answers are no longer than today's where nobody has measured how long they are.
  const savesAtMost = (i, settings) =>
    netSaving(i, measuredRatio(settings, i) ?? Math.min(1, settings.output_ratio), settings);

  const totals = (given) => {
    const settings = { ...usual, ...given };
    const [costs, kept] = [costsOf(settings), new Set(settings.kept)];
    const [grown, left] = [1 + settings.growth, 1 - settings.discount];
    const sums = {};
    for (const name of ["measured", "expected", "ceiling", "proven", "unproven"]) {
      sums[name] = { saving: 0, requests: 0, cost: 0 };
    }
    const add = (name, i, saving, weight = 1) => {
      sums[name].saving += weight * saving;
      sums[name].requests += weight * costs.requests[i];
      sums[name].cost += weight * left * costs.list_cost[i];
    };
    workloads.forEach((workload, i) => {
      if (kept.has(workload.id) || !costs.requests[i]) return;
      const verdict = isPair(settings) ? workload.verdict : "keep";
      const [saving, most] = [saves(i, settings), savesAtMost(i, settings)];
      add(verdict === "route" ? "proven" : "unproven", i, saving);
      if (verdict === "route" && saving > 0) add("measured", i, saving);
      if (verdict === "route" && saving > 0) add("expected", i, saving);
      if (verdict === "pilot" && saving > 0) add("expected", i, saving, workload.pass_probability);
      if (most > 0) add("ceiling", i, most);
    });

    const spend = grown * left * data.list_cost;
    const monthly = (window) => (data.monthly_multiplier === null ? null : data.monthly_multiplier * window);
    const share = (part, whole) => (whole ? part / whole : 0);
    const line = (...parts) => {
      const sum = (key) => grown * parts.reduce((all, part) => all + sums[part][key], 0);
      const [window, requests, cost] = [sum("saving"), sum("requests"), sum("cost")];
      return {
        window,
        monthly: monthly(window),
        share_of_spend: share(window, spend),
        requests,
        request_share: share(requests, grown * data.requests),
        cost,
        cost_share: share(cost, spend),
      };
    };
    return {
      spend,
      monthly_spend: monthly(spend),
      measured: isPair(settings) ? line("measured") : null,
      expected: isPair(settings) ? line("expected") : null,
      ceiling: line("ceiling"),
      choice: line("proven", "unproven"),
      choice_measured: line("proven"),
      choice_unmeasured: line("unproven"),
    };
  };
  return { data, usual, costsOf, saves, totals };
})();
