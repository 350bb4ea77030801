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
    const href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    const link = make("a", { href, download: `${stem}${ends}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(href), 60000);
    window.removeEventListener("beforeunload", this.warn);
    const { length } = corrections.events;
    const what = `${name} with ${length} ${length === 1 ? "event" : "events"}`;
    this.status.textContent = `${what}: ${link.download}, where your browser keeps downloads.`;
  }

  keepDraft() {
    const { state, labels } = this.card.corrections;
    try {
      localStorage.setItem(this.key, JSON.stringify({ ...state, labels }));
    } catch {
      window.addEventListener("beforeunload", this.warn); // there is no store, or it is full
    }
  }

  forgetDraft() {
    window.removeEventListener("beforeunload", this.warn);
    try {
      localStorage.removeItem(this.key);
    } catch {
      // there is no store, so there is no draft
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
    this.status.textContent = "Your unsaved corrections of an earlier visit are restored; undo removes them.";
  }
}

function isState(draft, state) {
  const areAll = (list, test) => Array.isArray(list) && list.every(test);
  const isText = (each) => typeof each === "string";
  const isSpan = (each) => Number.isFinite(each?.onset) && Number.isFinite(each.offset) && isText(each.label);
  return areAll(draft?.labels, isText)
    && areAll(draft.events, isSpan)
    && areAll(draft.handled, isSpan)
    && areAll(draft.shifts, Number.isFinite)
    && draft.shifts.length === state.shifts.length
    && typeof draft.gate === "boolean";
}

function sameEvents(a, b) {
  const cells = ({ onset, offset, label }) => [onset, offset, label];
  const told = ({ events, shifts, gate }) => JSON.stringify([shifts, gate, inOrder(events).map(cells)]);
  return told(a) === told(b);
}
