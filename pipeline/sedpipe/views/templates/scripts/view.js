/* The span of time that a card shows. */

const SHORTEST_VIEW = 0.2;

class View {
  constructor(duration) {
    this.duration = duration;
    this.start = 0;
    this.end = duration;
    this.watchers = [];
  }

  get length() {
    return this.end - this.start;
  }

  get isWhole() {
    return this.length >= this.duration - 1e-9;
  }

  /* Return where a time lies, in percent of the width. */
  place(time) {
    return (100 * (time - this.start)) / this.length;
  }

  /* Return the time at a fraction of the width. */
  time(share) {
    return between(0, this.start + share * this.length, this.duration);
  }

  show(start, end) {
    const length = between(Math.min(SHORTEST_VIEW, this.duration), end - start, this.duration);
    this.start = between(0, start, this.duration - length);
    this.end = this.start + length;
    for (const watcher of this.watchers) watcher();
  }

  showAll() {
    this.show(0, this.duration);
  }

  /* Magnify by a factor; the time `around` stays at its place. */
  zoom(factor, around) {
    const length = Math.max(this.length / factor, SHORTEST_VIEW);
    const share = (around - this.start) / this.length;
    this.show(around - share * length, around + (1 - share) * length);
  }

  pan(seconds) {
    this.show(this.start + seconds, this.end + seconds);
  }

  /* If a time is out of view, turn the page: show the time near the start of the view. */
  reveal(time) {
    if (time >= this.start && time <= this.end) return;
    this.show(time - 0.05 * this.length, time + 0.95 * this.length);
  }
}

/* Return the times of the ticks of an axis, and the step between them. */
function ticks(view, width) {
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
  const fits = (step) => (width * step) / view.length >= 46;
  const step = steps.find(fits) ?? steps[steps.length - 1];
  const times = [];
  for (let k = Math.ceil(view.start / step - 1e-6); k * step <= view.end + 1e-6; k += 1) times.push(k * step);
  return { step, times };
}
