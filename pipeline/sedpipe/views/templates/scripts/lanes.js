/* A lane in which events can be drawn, moved and resized. Nothing changes until the pointer is released. */

const EDGE_PX = 7;
const SHORTEST_EVENT = 0.02;

class Lane {
  constructor(label, editor) {
    this.label = label;
    this.editor = editor;
    this.element = make("div", { class: "lane editable" });
    this.spans = new Spans(this.element, (event) => this.create(event));
    dragOn(this.element, (pressed) => this.press(pressed));
  }

  draw(view, events) {
    this.spans.draw(view, events);
  }

  create(event) {
    const { label } = this;
    const sure = event.peak === undefined ? "" : `, up to ${percent(1e4 * event.peak)}`;
    const element = make("div", {
      class: `bar by-${event.by}`,
      role: "button",
      tabindex: -1,
      "data-label": label,
      "data-onset": event.onset.toFixed(3),
      "data-offset": event.offset.toFixed(3),
      "aria-label": `${label}, ${event.onset} to ${event.offset} seconds`,
      title: `${label}: ${event.onset} to ${event.offset} s${sure}`,
    });
    element.addEventListener("focus", () => this.editor.select(event));
    return element;
  }

  press(pressed) {
    const bar = pressed.target.closest(".bar");
    const event = bar && [...this.spans.elements].find(([, element]) => element === bar)[0];
    const time = this.editor.card.timeAt(pressed);
    if (!event) return this.startNew(time);
    this.editor.select(event);
    return this.drag(event, time, this.movement(event, bar.getBoundingClientRect(), pressed.clientX));
  }

  /* Return a function: seconds of a drag -> times of the event. Its start, its end or all of it moves, depending on
     where it was grabbed. */
  movement({ onset, offset }, box, x) {
    const reach = Math.min(EDGE_PX, box.width / 3);
    const last = this.editor.card.data.duration - (offset - onset);
    if (x - box.left <= reach) return (by) => ({ onset: Math.min(onset + by, offset - SHORTEST_EVENT), offset });
    if (box.right - x <= reach) return (by) => ({ onset, offset: Math.max(offset + by, onset + SHORTEST_EVENT) });
    return (by) => {
      const moved = between(0, onset + by, last) - onset;
      return { onset: onset + moved, offset: offset + moved };
    };
  }

  drag(event, from, moved) {
    let place = null;
    const follow = (move) => {
      place = this.editor.within(moved(this.editor.card.timeAt(move) - from));
      const element = this.spans.elements.get(event);
      if (element) this.show(element, place);
    };
    follow.end = () => {
      if (place && (place.onset !== event.onset || place.offset !== event.offset)) this.editor.change(event, place);
    };
    return follow;
  }

  /* Handle a press where there is no event: a click moves the playhead, a drag draws a new event. */
  startNew(from) {
    const drawn = make("div", { class: "bar by-person" });
    let place = null;
    const follow = (move) => {
      const to = this.editor.card.timeAt(move);
      place = this.editor.within({ onset: Math.min(from, to), offset: Math.max(from, to) });
      this.element.append(drawn);
      this.show(drawn, place);
    };
    follow.end = () => {
      drawn.remove();
      if (place && place.offset - place.onset >= SHORTEST_EVENT) this.editor.add({ ...place, label: this.label });
      else {
        this.editor.select(null);
        this.editor.card.player.seek(from);
      }
    };
    return follow;
  }

  show(element, { onset, offset }) {
    const { view } = this.editor.card;
    element.style.left = `${view.place(onset)}%`;
    element.style.width = `${(100 * (offset - onset)) / view.length}%`;
  }
}
