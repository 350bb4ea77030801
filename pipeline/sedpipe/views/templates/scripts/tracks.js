/* One class of a card: its reference events, and for each run the probabilities and the predicted events. */

const percent = (tenThousandths) => `${Math.round(tenThousandths / 100)} %`;

class Track {
  constructor(data, card) {
    this.data = data;
    this.reference = make("div", { class: "lane reference-lane" });
    this.voices = data.voices.map((voice) => new Voice(voice, data, card));
    this.element = make(
      "div",
      { class: "track", "data-label": data.label },
      make("div", { class: "name" }, make("span", {}, data.label), ...this.gateNote()),
      this.reference,
      ...this.voices.map((voice) => voice.element),
    );
    this.spans = new Spans(this.reference, (event) => bar(event, "reference", data.label));
  }

  /* Return a note if the clip gate is closed: why a class has no events although its curve is high. */
  gateNote() {
    const [voice] = this.data.voices;
    if (this.data.voices.length > 1 || voice.clip >= voice.gate) return [];
    return [make("small", {}, `gate closed: ${percent(1e4 * voice.clip)} of ${percent(1e4 * voice.gate)}`)];
  }

  draw(view) {
    this.spans.draw(view, this.data.reference);
    for (const voice of this.voices) voice.draw(view);
  }

  tell(time) {
    for (const voice of this.voices) voice.tell(time);
  }
}

class Voice {
  constructor(voice, track, card) {
    this.voice = voice;
    this.values = probabilities(voice.probs);
    this.wrong = track.wrong;
    this.now = make("output", { class: "now" });
    this.lane = make("div", { class: "lane estimated-lane" });
    this.graph = new Graph();
    const letter = card.page.runs.length > 1 ? [make("b", { class: "letter" }, card.page.runs[voice.run].letter)] : [];
    const closed = voice.clip < voice.gate ? " closed" : "";
    this.probs = make("div", { class: `probs${closed}` }, this.graph.element);
    this.element = make(
      "div",
      { class: `voice run-${voice.run}`, "data-run": voice.run },
      make("div", { class: "tag" }, ...letter, this.now),
      this.probs,
      this.lane,
    );
    this.bars = new Spans(this.lane, (event) => bar(event, "estimated", track.label, voice.run));
    const title = { false: "false alarm", missed: "missed" };
    this.wrongs = new Spans(this.probs, ({ kind }) => make("i", { class: `wrong ${kind}`, title: title[kind] }));
  }

  draw(view) {
    this.graph.draw(curve(this.values, this.voice.step, view), this.voice.high, this.voice.low);
    this.bars.draw(view, this.voice.events);
    this.wrongs.draw(view, this.wrong);
  }

  tell(time) {
    const frame = Math.min(Math.floor(time / this.voice.step), this.values.length - 1);
    this.now.textContent = percent(this.values[frame]);
  }
}

/* A curve from 0 to 1, drawn over its threshold and the band in which hysteresis continues an event. */
class Graph {
  constructor() {
    this.area = drawing("path", { class: "area" });
    this.band = drawing("path", { class: "band" });
    this.threshold = drawing("path", { class: "threshold" });
    this.line = drawing("path", { class: "curve" });
    this.element = drawing(
      "svg",
      { viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" },
      this.band,
      this.area,
      this.threshold,
      this.line,
    );
  }

  draw(path, high, low) {
    this.line.setAttribute("d", path);
    this.area.setAttribute("d", areaBelow(path));
    this.threshold.setAttribute("d", `M0,${100 - 100 * high}H1000`);
    this.band.setAttribute("d", low < high ? `M0,${100 - 100 * high}H1000V${100 - 100 * low}H0Z` : "");
  }
}

function bar(event, kind, label, run) {
  const [peak, mean] = [event.peak, event.mean].map((probability) => percent(1e4 * probability));
  const sure = event.peak === undefined ? "" : `, probability up to ${peak}, mean ${mean}`;
  return make("i", {
    class: `bar ${kind}`,
    "data-run": run,
    "data-label": label,
    "data-onset": event.onset.toFixed(3),
    "data-offset": event.offset.toFixed(3),
    title: `${label}, ${kind === "estimated" ? "predicted" : kind}: ${event.onset} to ${event.offset} s${sure}`,
  });
}
