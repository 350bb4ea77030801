/* Saving of lists, and a draft in the browser's local storage, so that nothing is lost when the page is closed. */

class Saving {
  constructor(card, status) {
    this.card = card;
    this.status = status;
    this.key = `sedpipe ${card.data.key}`;
    this.base = "";
    this.kept = card.corrections.state;
    this.isServed = false;
    this.hasStore = true;
    card.corrections.watchers.push((isStep) => isStep && this.keepDraft());
    window.addEventListener("beforeunload", (event) => this.isAtRisk && event.preventDefault());
  }

  /* Whether to ask before leaving: events of a served page belong in its folder; a page alone has its draft. */
  get isAtRisk() {
    return (this.isServed || !this.hasStore) && !hasSameEvents(this.kept, this.card.corrections.state);
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
    this.kept = corrections.state;
    const { length } = corrections.events;
    const what = `${name} with ${length} ${length === 1 ? "event" : "events"}`;
    this.status.textContent = `${what}: ${link.download}, where your browser keeps downloads.`;
  }

  keepDraft() {
    const { state, labels } = this.card.corrections;
    this.store({ ...state, labels, base: this.base });
  }

  store(draft) {
    try {
      localStorage.setItem(this.key, JSON.stringify(draft));
      this.hasStore = true;
    } catch {
      this.hasStore = false; // there is no storage, or it is full
    }
  }

  forgetDraft() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // there is no storage, so there is no draft
    }
  }

  readDraft() {
    try {
      const draft = JSON.parse(localStorage.getItem(this.key));
      return isState(draft, this.card.corrections.state) ? draft : null;
    } catch {
      return null;
    }
  }

  /* Note that `state` was saved to the list, the `base` from now on; return whether no events have changed since. */
  keep(state, base) {
    this.kept = state;
    this.base = base;
    const isAll = hasSameEvents(state, this.card.corrections.state);
    if (isAll) this.forgetDraft();
    else this.keepDraft();
    return isAll;
  }

  /* Start with the list that is `shown` and unsaved corrections of an earlier visit, each as a step that can be undone.
     `base` is the state of that list: corrections of another state come before it, not after. */
  begin({ base = "", shown = null, what = "", more = "" } = {}) {
    const { corrections } = this.card;
    const draft = this.readDraft();
    this.base = base;
    const isNews = draft && !isSame(draft, shown ?? corrections.state);
    const isOvertaken = isNews && shown && (draft.base ?? "") !== base;
    for (const { label } of shown?.events ?? []) corrections.labelled(label);
    for (const label of isNews ? draft.labels : []) corrections.labelled(label);
    const { shifts, gate, events, handled } = draft ?? {};
    const corrected = isNews ? [{ shifts, gate, events, handled }] : [];
    const listed = shown ? [shown] : [];
    for (const state of isOvertaken ? [...corrected, ...listed] : [...listed, ...corrected]) corrections.follow(state);
    this.kept = shown ?? corrections.first;
    if (isOvertaken) this.store(draft);
    else if (!isNews) this.forgetDraft();
    const restored = "Your unsaved corrections of an earlier visit are restored";
    if (isOvertaken) {
      const undone = "It has changed since your unsaved corrections of an earlier visit, which undo shows.";
      this.status.textContent = `Shown: ${what}${more}. ${undone}`;
    } else if (isNews) this.status.textContent = shown ? `${restored}. Undo shows ${what}.` : `${restored}; undo removes them.`;
    else if (shown) this.status.textContent = `Shown: ${what}${more}. Undo shows what the model predicted.`;
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

function hasSameEvents(a, b) {
  const told = ({ events }) => JSON.stringify(inOrder(events).map(({ onset, offset, label }) => [onset, offset, label]));
  return a === b || told(a) === told(b);
}

function isSame(a, b) {
  return hasSameEvents(a, b) && a.gate === b.gate && a.shifts.every((shift, k) => shift === b.shifts[k]);
}
