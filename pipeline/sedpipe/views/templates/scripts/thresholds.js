/* Controls that determine what becomes an event: thresholds of all classes, or of one, and the clip gate. */

class Thresholds {
  constructor(form, card) {
    this.form = form;
    this.card = card;
    const { labels } = card.hearing;
    form.elements.whose.append(...labels.map((label, k) => make("option", { value: k }, label)));
    form.elements.shift.addEventListener("input", () => this.preview());
    form.elements.shift.addEventListener("change", () => this.retune(true));
    form.elements.gate.addEventListener("change", () => this.follow(card.corrections.state.shifts, true));
    form.elements.whose.addEventListener("change", () => this.draw());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      card.corrections.retune(labels.map(() => 0), true, true);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    if (card.hearing.classes.every((each) => !each.closed.length)) form.elements.gate.parentElement.hidden = true;
    card.corrections.watchers.push(() => this.draw());
    this.draw();
  }

  /* Indices of the classes that the slider moves. */
  get whose() {
    const { value } = this.form.elements.whose;
    return value === "" ? this.card.hearing.classes.map((_, k) => k) : [Number(value)];
  }

  /* Apply the slider at most once per animation frame, however fast it moves. */
  preview() {
    this.isDue = true;
    requestAnimationFrame(() => {
      if (this.isDue) this.retune(false);
    });
  }

  /* Apply the slider; a change of the gate alone leaves all thresholds as they are. */
  retune(isStep) {
    this.isDue = false;
    const shifts = [...this.card.corrections.state.shifts];
    for (const k of this.whose) shifts[k] = Number(this.form.elements.shift.value);
    this.follow(shifts, isStep);
  }

  follow(shifts, isStep) {
    this.card.corrections.retune(shifts, this.form.elements.gate.checked, isStep);
  }

  draw() {
    const { shifts, gate } = this.card.corrections.state;
    const { shift, gate: box } = this.form.elements;
    shift.value = shifts[this.whose[0]];
    box.checked = gate;
    const now = this.range(shifts);
    const tuned = this.range(shifts.map(() => 0));
    const text = now === tuned ? `${now}, as tuned` : `${now} (tuned: ${tuned})`;
    this.form.elements.told.value = text;
    shift.setAttribute("aria-valuetext", text);
  }

  range(shifts) {
    const { classes } = this.card.hearing;
    const highs = this.whose.map((k) => shifted(classes[k], shifts[k]).high / 1e4);
    const [least, most] = [Math.min(...highs), Math.max(...highs)].map(written);
    return least === most ? least : `${least} to ${most}`;
  }
}

/* Return a threshold with two digits of its distance from 0 or 1, whichever is nearer: 0.9976 is far from 1. */
function written(threshold) {
  const rest = Number(Math.min(threshold, 1 - threshold).toPrecision(2));
  return String(Number((threshold < 0.5 ? rest : 1 - rest).toFixed(4)));
}
