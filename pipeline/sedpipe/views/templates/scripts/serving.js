/* For a page that a server on this machine shows: lists are saved beside the recording and shown on the next visit. */

function startServing(card, server, saving) {
  const { corrections, data } = card;
  const key = document.querySelector("[data-serve]");
  let state = server.state;
  saving.isServed = true;
  saving.begin(shownList(server, corrections));
  const save = async () => {
    if (key.disabled) return;
    key.disabled = true;
    try {
      const saved = corrections.state;
      const events = inOrder(saved.events).map(({ onset, offset, label }) => ({ onset, offset, label }));
      const answer = await fetch(server.save, { method: "POST", body: JSON.stringify({ events, state }) });
      if (!answer.ok) throw new Error(await answer.text());
      const written = await answer.json();
      state = written.state;
      const isAll = saving.keep(saved, state);
      const count = `${events.length} ${events.length === 1 ? "event" : "events"}`;
      const more = isAll ? "" : ". What you have changed since then is not saved yet.";
      const kept = written.kept ? `; what was there before is ${written.kept} now` : "";
      saving.status.textContent = `Saved ${count}: ${written.list}${kept}${more}`;
    } catch (error) {
      saving.status.textContent = `Not saved: ${error.message}`;
    }
    key.disabled = false;
  };
  key.addEventListener("click", save);
  startKeys(card, [{ keys: ["s"], control: true, shown: "Ctrl+s", does: "save beside the recording", act: save }], document.body);
  listKeys([{ shown: "Ctrl+s", does: "save beside the recording" }]);
  document.title = `${data.file}, in its folder`;
}

/* Return what is beside the recording: the events, the state of their list, and what to call it. */
function shownList(server, { state }) {
  const base = server.state || server.found;
  if (!server.events) return { base };
  const events = server.events.map(([onset, offset, label]) => ({ onset, offset, label, by: "person" }));
  const what = server.found || `${server.list}, as you saved it`;
  const kept = server.kept ? ` and keeps what is there now as ${server.kept}` : "";
  const more = server.found ? `: for you to correct; saving writes ${server.list}${kept}` : "";
  return { base, shown: { ...state, events }, what, more };
}
