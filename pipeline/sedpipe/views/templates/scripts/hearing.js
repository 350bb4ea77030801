/* The model's output: the probabilities of each class, and the events that some thresholds make from them. */

class Hearing {
  constructor(page, data) {
    this.grid = { hop: data.hop, rate: data.rate, duration: data.duration };
    this.classes = page.classes.map((each, k) => ({
      ...each,
      tuned: data.events
        .filter((event) => event[2] === k)
        .map(([onset, offset, , peak, mean]) => ({ onset, offset, label: each.label, peak, mean })),
      values: each.probs ? probabilities(each.probs) : null,
      shut: each.closed.map(([first, end]) => ({ onset: first * data.step, offset: end * data.step })),
    }));
    this.labels = page.labels;
  }

  /* Return a class; one that a person added has no probabilities, since the model does not know it. */
  of(label) {
    const known = this.classes.find((each) => each.label === label);
    return known ?? { label, values: null, shut: [], closed: [], high: 10000, low: 10000 };
  }

  /* Return the events; a class with unchanged settings keeps its own: tuned thresholds may be finer than `values`. */
  events(shifts, gate) {
    return this.classes.flatMap((each, k) => {
      if (shifts[k] === 0 && (gate || !each.closed.length)) return each.tuned;
      if (!each.values) return [];
      const settings = { ...each, ...shifted(each, shifts[k]), closed: gate ? each.closed : [] };
      return decode(settings, this.grid).map((event) => ({ ...event, label: each.label }));
    });
  }
}

/* Return thresholds, in ten-thousandths, shifted in log-odds; `low` stays the same share of `high`. */
function shifted({ high, low }, shift) {
  if (shift === 0) return { high, low };
  const odds = Math.log(between(1, high, 9999) / (10000 - between(1, high, 9999))) + shift;
  const moved = between(1, Math.round(10000 / (1 + Math.exp(-odds))), 9999);
  return { high: moved, low: high ? Math.ceil((moved * low) / high) : moved };
}
