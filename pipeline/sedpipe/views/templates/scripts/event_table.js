/* The events in view as a table: to read them, to print them, to go to them. */

const MOST_ROWS = 500;

class EventTable {
  constructor(table, card) {
    this.table = table;
    this.card = card;
    this.body = table.tBodies[0];
    this.rows = new Map();
    card.editor.drawTable = () => this.draw();
    table.addEventListener("click", (click) => {
      const row = click.target.closest("tbody tr");
      const event = row && [...this.rows].find(([, each]) => each === row)[0];
      if (event) card.editor.goTo(event);
    });
  }

  draw() {
    const { view, corrections, editor } = this.card;
    const inSight = inOrder(corrections.events).filter(({ onset, offset }) => offset >= view.start && onset <= view.end);
    const shown = inSight.slice(0, MOST_ROWS);
    const rows = new Map(shown.map((event) => [event, this.rows.get(event) ?? this.row(event)]));
    const old = [...this.body.rows];
    const next = [...rows.values()];
    if (next.length !== old.length || next.some((row, k) => row !== old[k])) this.body.replaceChildren(...next);
    this.rows = rows;
    for (const [event, row] of rows) row.classList.toggle("selected", event === editor.selected);
    const all = corrections.events.length;
    const cut = shown.length < inSight.length ? "; zoom in for the others" : "";
    const counted = `${shown.length} of ${all} ${all === 1 ? "event" : "events"}`;
    this.table.caption.lastElementChild.textContent = counted + cut;
  }

  row(event) {
    const own = event.by === "person" ? "you" : "the model";
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, make("button", { type: "button" }, event.label)),
      make("td", {}, clock(event.onset, 0.001)),
      make("td", {}, clock(event.offset, 0.001)),
      make("td", {}, event.peak === undefined ? "–" : percent(1e4 * event.peak)),
      make("td", {}, own),
    );
  }
}
