/* Editing of events, by pointer or by keys, and the form that shows the selected event. */

const NEW_EVENT_S = 1;
const NUDGE_S = 0.05;

class Editor {
  constructor(card, corrections) {
    this.card = card;
    this.corrections = corrections;
    this.selected = null;
    this.last = null;
    this.form = document.querySelector("form.inspector");
    this.status = document.querySelector(".status");
    this.startForm();
  }

  /* Return a span limited to the recording, in whole milliseconds. */
  within({ onset, offset }) {
    const { duration } = this.card.data;
    const start = between(0, onset, duration - SHORTEST_EVENT);
    const end = between(start + SHORTEST_EVENT, offset, duration);
    return { onset: Number(start.toFixed(3)), offset: Number(end.toFixed(3)) };
  }

  select(event) {
    if (event === this.selected) return;
    this.selected = event;
    if (event) this.last = event.label;
    this.draw();
  }

  say(text) {
    this.status.textContent = text;
  }

  add(event) {
    this.corrections.labelled(event.label);
    this.take(this.corrections.add({ ...this.within(event), label: event.label }));
    this.say(`New: ${this.told()}.`);
  }

  addAtPlayhead() {
    const { time } = this.card.player;
    const label = this.selected?.label ?? this.last ?? this.corrections.labels[0];
    this.add({ onset: time, offset: Math.min(time + NEW_EVENT_S, this.card.data.duration), label });
  }

  /* Change an event, unless it is gone, as can happen before a drag of it ends. */
  change(event, changes) {
    if (!this.corrections.has(event)) {
      this.say(`Not changed: ${event.label}, ${event.onset} to ${event.offset} s, is no longer there.`);
      return;
    }
    const place = "onset" in changes || "offset" in changes ? this.within({ ...event, ...changes }) : {};
    this.take(this.corrections.change(event, { ...changes, ...place }));
    this.say(`Changed: ${this.told()}.`);
  }

  relabel(label) {
    if (this.selected && label && label !== this.selected.label) this.change(this.selected, { label });
  }

  /* Change the class of the selected event to the one whose track has this number before its name. */
  relabelBy(number) {
    this.relabel(this.corrections.labels[number - 1]);
  }

  remove() {
    const event = this.selected;
    if (!event) return;
    this.selected = null;
    this.corrections.remove(event);
    this.say(`Deleted: ${event.label}, ${event.onset} to ${event.offset} s.`);
    this.card.slider.focus({ preventScroll: true });
  }

  /* Select the event that results from an edit. */
  take(event) {
    this.selected = event;
    this.last = event.label;
    this.card.draw();
    this.focus();
  }

  told() {
    const { label, onset, offset } = this.selected;
    return `${label}, ${onset} to ${offset} s`;
  }

  /* Go to the next event in time, or to the previous one. */
  step(by) {
    const events = inOrder(this.corrections.events);
    if (!events.length) return;
    const at = events.indexOf(this.selected);
    const { time } = this.card.player;
    const after = events.findIndex((event) => event.onset > time);
    const next = at >= 0 ? at + by : by > 0 ? (after < 0 ? 0 : after) : (after < 0 ? events.length : after) - 1;
    this.goTo(events[(next + events.length) % events.length]);
  }

  goTo(event) {
    this.select(event);
    this.card.goTo(event.onset);
    if (event.offset > this.card.view.end) this.card.view.reveal(event.offset);
    this.card.draw();
    this.focus();
  }

  nudge(by) {
    const event = this.selected;
    if (!event) return;
    const length = event.offset - event.onset;
    const onset = between(0, event.onset + by, this.card.data.duration - length);
    this.change(event, { onset, offset: onset + length });
  }

  /* Move an edge of the selected event to the playhead. */
  setEdge(name) {
    const event = this.selected;
    const { time } = this.card.player;
    if (!event) return;
    const fits = name === "onset" ? time < event.offset : time > event.onset;
    if (fits) this.change(event, { [name]: time });
    else this.say(`The playhead is ${name === "onset" ? "after the end" : "before the beginning"} of ${this.told()}.`);
  }

  /* Set a time that was typed, if it is valid. */
  setTime(name, typed) {
    const { duration } = this.card.data;
    const time = Number(typed);
    const { onset, offset } = { ...this.selected, [name]: time };
    const isWithin = time >= 0 && Number(time.toFixed(3)) <= Number(duration.toFixed(3));
    if (typed === "") this.say("Not changed: expected a number of seconds.");
    else if (!isWithin) this.say(`Not changed: ${typed} s is not in the recording, which lasts from 0 to ${clock(duration, 0.01)} s.`);
    else if (onset >= offset) this.say(`Not changed: an event begins before it ends, here from ${onset} to ${offset} s.`);
    else this.change(this.selected, { [name]: time });
  }

  undo() {
    this.corrections.undo();
    this.selected = null;
    this.say("Undone.");
    this.card.draw();
  }

  redo() {
    this.corrections.redo();
    this.selected = null;
    this.say("Redone.");
    this.card.draw();
  }

  focus() {
    this.barOf(this.selected)?.focus({ preventScroll: true });
  }

  barOf(event) {
    return event && this.card.byLabel.get(event.label)?.lane.spans.elements.get(event);
  }

  /* Redraw; if the selected event is gone, the one that corresponds to it is selected instead. */
  draw() {
    this.selected = this.selected && this.corrections.successor(this.selected);
    for (const bar of this.card.stage.querySelectorAll(".bar.selected")) bar.classList.remove("selected");
    this.barOf(this.selected)?.classList.add("selected");
    this.drawForm();
    this.drawTable?.();
  }

  startForm() {
    const { elements } = this.form;
    const changed = (name) => {
      const field = elements[name];
      if (this.selected) this.setTime(name, field.value);
      this.drawForm();
      field.focus();
    };
    for (const name of ["onset", "offset"]) elements[name].addEventListener("change", () => changed(name));
    elements.label.addEventListener("change", () => {
      const label = elements.label.value;
      if (this.selected) this.relabel(label);
      else this.last = label;
      elements.label.focus();
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    const acts = {
      new: () => this.addAtPlayhead(),
      remove: () => this.remove(),
      undo: () => this.undo(),
      redo: () => this.redo(),
      name: () => this.nameClass(),
    };
    this.form.addEventListener("click", (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.());
  }

  /* Add a class by its name, without tabs and semicolons, which separate the cells and the classes of lists. */
  nameClass() {
    const field = this.form.elements.own;
    const label = field.value.replace(/[\s;]+/g, " ").trim();
    if (!label) {
      field.focus();
      return;
    }
    field.value = "";
    this.corrections.labelled(label);
    this.card.shown.add(label);
    if (this.selected) this.relabel(label);
    this.last = label;
    this.card.draw();
    this.say(`Class: ${label}.`);
  }

  drawForm() {
    const { elements } = this.form;
    const { labels, past, future } = this.corrections;
    if (elements.label.options.length !== labels.length) {
      elements.label.replaceChildren(...labels.map((label) => make("option", { value: label }, label)));
    }
    const event = this.selected;
    elements.label.value = event?.label ?? this.last ?? labels[0];
    for (const name of ["onset", "offset"]) {
      elements[name].disabled = !event;
      elements[name].value = event ? event[name].toFixed(3) : "";
      elements[name].max = this.card.data.duration.toFixed(3);
    }
    this.form.querySelector("[data-act=remove]").disabled = !event;
    this.form.querySelector("[data-act=undo]").disabled = !past.length;
    this.form.querySelector("[data-act=redo]").disabled = !future.length;
  }
}

const EDIT_KEYS = [
  { keys: ["ArrowDown"], shown: "↓", does: "next event", act: ({ editor }) => editor.step(1) },
  { keys: ["ArrowUp"], shown: "↑", does: "previous event", act: ({ editor }) => editor.step(-1) },
  { keys: ["n"], shown: "n", does: "new event at the playhead", act: ({ editor }) => editor.addAtPlayhead() },
  { keys: ["["], shown: "[", does: "start the event at the playhead", act: ({ editor }) => editor.setEdge("onset") },
  { keys: ["]"], shown: "]", does: "end the event at the playhead", act: ({ editor }) => editor.setEdge("offset") },
  { keys: [","], shown: ",", does: "move the event a little earlier", act: ({ editor }) => editor.nudge(-NUDGE_S) },
  { keys: ["."], shown: ".", does: "move the event a little later", act: ({ editor }) => editor.nudge(NUDGE_S) },
  { keys: [..."123456789"], shown: "1-9", does: "change the class of the event", act: ({ editor }, { key }) => editor.relabelBy(Number(key)) },
  { keys: ["Delete", "Backspace"], shown: "Delete", does: "delete the event", act: ({ editor }) => editor.remove() },
  { keys: ["Escape"], shown: "Esc", does: "clear the selection", act: ({ editor }) => editor.select(null) },
  { keys: ["u"], shown: "u", does: "undo", act: ({ editor }) => editor.undo() },
  { keys: ["r"], shown: "r", does: "redo", act: ({ editor }) => editor.redo() },
  { keys: ["z"], control: true, shown: "Ctrl+z", does: "undo", act: ({ editor }) => editor.undo() },
  { keys: ["y", "Z"], control: true, shown: "Ctrl+y", does: "redo", act: ({ editor }) => editor.redo() },
];
