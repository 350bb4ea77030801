/* Lists to keep, and a draft in the browser's own store, so that a closed page loses nothing. */

class Saving {
  constructor(card, status) {
    this.card = card;
    this.status = status;
    this.key = `sedpipe ${card.data.key}`;
    this.warn = (event) => event.preventDefault();
    card.corrections.watchers.push((isStep) => isStep && this.keepDraft());
  }

  save(form) {
    const { name, ends, write } = LISTS[form];
    const { data, corrections } = this.card;
    const text = write(data.file, corrections.events, data.rate_heard / 2);
    const stem = data.file.split("/").pop().replace(/\.[^.]*$/, "");
    const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain" })), download: `${stem}${ends}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    window.removeEventListener("beforeunload", this.warn);
    const count = corrections.events.length;
    this.status.textContent = `${name} with ${count} ${count === 1 ? "event" : "events"}: ${link.download}, where your browser keeps downloads.`;
  }

  keepDraft() {
    const { state, labels } = this.card.corrections;
    try {
      localStorage.setItem(this.key, JSON.stringify({ ...state, labels }));
    } catch {
      window.addEventListener("beforeunload", this.warn); // there is no store, or it is full
    }
  }

  /* Corrections of an earlier visit, as one step that can be undone. */
  restoreDraft() {
    let draft;
    try {
      draft = JSON.parse(localStorage.getItem(this.key));
    } catch {
      return;
    }
    const { corrections } = this.card;
    if (!isState(draft, corrections.state) || sameEvents(draft, corrections.state)) return;
    for (const label of draft.labels) corrections.labelled(label);
    const { shifts, gate, events, handled } = draft;
    corrections.follow({ shifts, gate, events, handled });
    this.status.textContent = "Your corrections of an earlier visit are back; undo takes them away.";
  }
}

function isState(draft, state) {
  const isSpan = (each) => Number.isFinite(each?.onset) && Number.isFinite(each?.offset) && typeof each.label === "string";
  return Array.isArray(draft?.labels) && draft.labels.every((label) => typeof label === "string")
    && Array.isArray(draft.events) && draft.events.every(isSpan) && Array.isArray(draft.handled) && draft.handled.every(isSpan)
    && draft.shifts?.length === state.shifts.length && draft.shifts.every(Number.isFinite) && typeof draft.gate === "boolean";
}

function sameEvents(a, b) {
  const told = ({ events, shifts, gate }) => JSON.stringify([shifts, gate, inOrder(events).map(({ onset, offset, label }) => [onset, offset, label])]);
  return told(a) === told(b);
}
