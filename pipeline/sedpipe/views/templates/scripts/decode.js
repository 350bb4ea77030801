/* Frame probabilities -> events, in the same steps as sedpipe's `postprocess`; a test checks that the two agree.
   A class: { values, high, low (ten-thousandths), median, gap, shortest, closed [[first, end]] (frames) }. */

function activity({ values, high, low, median, gap, shortest, closed }) {
  const active = Uint8Array.from(values, (value) => value >= high);
  if (low < high) holdOn(active, values, low);
  const filtered = shortEnough(closeGaps(medianOf(active, median), gap), shortest);
  for (const [first, end] of closed) filtered.fill(0, first, end);
  return filtered;
}

/* Hysteresis: make frames active that are connected to an active one and reach `low`. */
function holdOn(active, values, low) {
  for (let t = 1; t < active.length; t += 1) if (active[t - 1] && values[t] >= low) active[t] = 1;
  for (let t = active.length - 2; t >= 0; t -= 1) if (active[t + 1] && values[t] >= low) active[t] = 1;
}

/* Median filter: active where more than half of a centred window is; outside the array nothing is active. */
function medianOf(active, width) {
  if (width < 3) return active;
  const half = (width - 1) / 2;
  const filtered = new Uint8Array(active.length);
  let inside = 0;
  for (let t = -half; t < active.length; t += 1) {
    inside += active[t + half] ?? 0;
    inside -= active[t - half - 1] ?? 0;
    if (t >= 0) filtered[t] = inside > half;
  }
  return filtered;
}

function runsOf(active) {
  const runs = [];
  for (let t = 0; t < active.length; t += 1) {
    if (!active[t]) continue;
    const first = t;
    while (t < active.length && active[t]) t += 1;
    runs.push([first, t]);
  }
  return runs;
}

function closeGaps(active, longest) {
  if (longest < 1) return active;
  const runs = runsOf(active);
  for (let k = 1; k < runs.length; k += 1) {
    const [from, to] = [runs[k - 1][1], runs[k][0]];
    if (to - from <= longest) active.fill(1, from, to);
  }
  return active;
}

function shortEnough(active, shortest) {
  for (const [first, end] of runsOf(active)) if (end - first < shortest) active.fill(0, first, end);
  return active;
}

/* Round seconds to 3 decimals as Python does: a tie, possible only for sixteenths, goes to the even digit. */
function milliseconds(seconds) {
  const sixteenths = 16 * seconds;
  if (Number.isInteger(sixteenths) && sixteenths % 2 !== 0) {
    const below = Math.floor(1000 * seconds);
    return (below + (below % 2)) / 1000;
  }
  return Number(seconds.toFixed(3));
}

/* Return the events of a class; `grid` is { hop, rate, duration }. */
function decode(settings, grid) {
  const end = milliseconds(grid.duration);
  const edge = (k) => Math.min(milliseconds((k * grid.hop) / grid.rate), end);
  return runsOf(activity(settings))
    .map(([first, last]) => ({ onset: edge(first), offset: edge(last), ...sureness(settings.values, first, last) }))
    .filter(({ onset, offset }) => onset < offset);
}

/* Return the highest and the mean probability of a run of frames. */
function sureness(values, first, end) {
  let [highest, sum] = [0, 0];
  for (let t = first; t < end; t += 1) {
    highest = Math.max(highest, values[t]);
    sum += values[t];
  }
  return { peak: highest / 1e4, mean: end > first ? sum / (end - first) / 1e4 : 0 };
}
