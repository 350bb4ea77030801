/* A person's corrections of a model's events, with undo and redo. A state is never changed, only followed by another:
   { shifts, gate, events, handled }. `shifts` moves the threshold of each class, in log-odds; `handled` are spans in
   which a person has decided about a class, so that other thresholds bring no events back there. */

function overlap(one, other) {
  return one.onset < other.offset && other.onset < one.offset;
}

class Corrections {
  constructor(labels, heard) {
    this.labels = labels;
    this.heard = heard;
    const events = heard(labels.map(() => 0), true).map((event) => ({ ...event, by: "model" }));
    this.state = { shifts: labels.map(() => 0), gate: true, events, handled: [] };
    this.first = this.state;
    this.past = [];
    this.future = [];
    this.watchers = [];
  }

  get events() {
    return this.state.events;
  }

  has(event) {
    return this.events.includes(event);
  }

  /* Return an event if the current state has it, else the event of its class that overlaps it most, or null. */
  successor(event) {
    if (this.has(event)) return event;
    const shared = (other) => Math.min(event.offset, other.offset) - Math.max(event.onset, other.onset);
    const others = this.events.filter((other) => other.label === event.label && overlap(event, other));
    return others.sort((a, b) => shared(b) - shared(a))[0] ?? null;
  }

  /* Go to a new state; `isStep` is false while a slider is still moving. */
  follow(state, isStep = true) {
    if (isStep) {
      this.past.push(this.before ?? this.state);
      this.future = [];
      this.before = null;
    } else {
      this.before = this.before ?? this.state;
    }
    this.state = state;
    this.tell(isStep);
  }

  undo() {
    if (!this.past.length) return;
    this.future.push(this.state);
    this.state = this.past.pop();
    this.tell(true);
  }

  redo() {
    if (!this.future.length) return;
    this.past.push(this.state);
    this.state = this.future.pop();
    this.tell(true);
  }

  tell(isStep) {
    for (const watcher of this.watchers) watcher(isStep);
  }

  /* Add an event and return it. */
  add(event) {
    const added = { ...event, by: "person" };
    this.follow({ ...this.state, events: [...this.events, added] });
    return added;
  }

  /* Change an event and return the changed one. */
  change(event, changes) {
    const changed = { ...event, ...changes, by: "person" };
    if ("label" in changes) {
      this.labelled(changes.label);
      changed.peak = undefined;
      changed.mean = undefined;
    }
    const events = this.events.map((each) => (each === event ? changed : each));
    this.follow({ ...this.state, events, handled: this.handledWith(event) });
    return changed;
  }

  remove(event) {
    const events = this.events.filter((each) => each !== event);
    this.follow({ ...this.state, events, handled: this.handledWith(event) });
  }

  handledWith({ onset, offset, label, by }) {
    return by === "model" ? [...this.state.handled, { onset, offset, label }] : this.state.handled;
  }

  labelled(label) {
    if (!this.labels.includes(label)) this.labels.push(label);
  }

  /* Apply other thresholds: events that a person edited stay, and none is added where a person has decided. */
  retune(shifts, gate, isStep) {
    const nameOf = ({ onset, offset, label }) => `${onset} ${offset} ${label}`;
    const before = new Map(this.events.filter((event) => event.by === "model").map((event) => [nameOf(event), event]));
    const touched = this.events.filter((event) => event.by === "person");
    const decided = [...this.state.handled, ...touched];
    const isFree = (event) => !decided.some((span) => span.label === event.label && overlap(span, event));
    const same = (event) => before.get(nameOf(event)) ?? { ...event, by: "model" };
    const found = this.heard(shifts, gate).filter(isFree).map(same);
    this.follow({ ...this.state, shifts, gate, events: [...touched, ...found] }, isStep);
  }

  reset() {
    this.follow(this.first);
  }
}
