/* The card of a recording without a reference: a track for each class, with a lane in which events are corrected. */

class RecordingTrack {
  constructor(hearing, number, card) {
    this.hearing = hearing;
    this.label = hearing.label;
    this.number = number;
    this.card = card;
    this.lane = new Lane(hearing.label, card.editor);
    this.graph = new Graph();
    this.now = make("output", { class: "now" });
    const key = number < 9 ? [make("kbd", {}, String(number + 1)), " "] : [];
    this.probs = make("div", { class: "probs" }, this.graph.element);
    this.element = make(
      "div",
      { class: "track run-0", "data-label": hearing.label },
      make("div", { class: "name" }, ...key, make("span", {}, hearing.label)),
      make("div", { class: "voice" }, make("div", { class: "tag" }, this.now), this.lane.element, this.probs),
    );
    this.shut = new Spans(this.probs, () => make("i", { class: "shut", title: "suppressed by the clip gate" }));
  }

  draw(view) {
    const { hearing } = this;
    const { shifts, gate } = this.card.corrections.state;
    const { high, low } = shifted(hearing, shifts[this.number] ?? 0);
    this.graph.draw(hearing.values ? curve(hearing.values, this.card.data.step, view) : "", high / 1e4, low / 1e4);
    this.graph.threshold.classList.toggle("absent", !hearing.values);
    this.shut.draw(view, gate ? hearing.shut : []);
    this.lane.draw(view, this.card.corrections.events.filter((event) => event.label === this.label));
  }

  tell(time) {
    const { values } = this.hearing;
    const frame = values ? Math.min(Math.floor(time / this.card.data.step), values.length - 1) : -1;
    this.now.textContent = frame < 0 ? "" : percent(values[frame]);
  }
}

class RecordingCard extends Card {
  startKeys() {
    startKeys(this, [...KEYS, ...EDIT_KEYS], document.body);
  }

  makeAudio(src) {
    return make("audio", { preload: "metadata", src: src || null });
  }

  makeTracks() {
    const { page } = this;
    this.hearing = new Hearing(page, this.data);
    this.corrections = new Corrections([...page.labels], (shifts, gate) => this.hearing.events(shifts, gate));
    this.editor = new Editor(this, this.corrections);
    this.shown = new Set([...this.corrections.events.map((event) => event.label), ...this.data.near]);
    this.byLabel = new Map();
    this.corrections.watchers.push(() => this.draw());
    return [];
  }

  makeStage() {
    const stage = super.makeStage();
    this.others = button("Show every class", () => this.showAll(), { class: "others" }, "");
    this.axis.after(this.others);
    return stage;
  }

  showAll() {
    for (const label of this.corrections.labels) this.shown.add(label);
    this.draw();
  }

  /* Draw the tracks of the classes that have events, or were asked for, in the order of the labels. */
  draw() {
    const { labels, events } = this.corrections;
    for (const { label } of events) this.shown.add(label);
    const wanted = labels.filter((label) => this.shown.has(label));
    for (const label of wanted) {
      if (this.byLabel.has(label)) continue;
      this.byLabel.set(label, new RecordingTrack(this.hearing.of(label), labels.indexOf(label), this));
    }
    this.tracks = wanted.map((label) => this.byLabel.get(label));
    const elements = this.tracks.map((track) => track.element);
    const there = [...this.stage.querySelectorAll(".track")];
    const isSame = elements.length === there.length && elements.every((element, k) => element === there[k]);
    if (!isSame) this.slider.after(...elements);
    const more = labels.length - wanted.length;
    this.others.hidden = more === 0;
    this.others.textContent = `${more} more ${more === 1 ? "class" : "classes"} without events`;
    super.draw();
    for (const track of this.tracks) track.tell(this.player.time);
    this.editor.draw();
  }

  stretch() {
    const { selected } = this.editor;
    return selected ? { start: selected.onset, end: selected.offset } : super.stretch();
  }
}
