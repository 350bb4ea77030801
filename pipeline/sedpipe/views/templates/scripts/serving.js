/* Where a server of this machine shows the page: lists are saved beside the recording, and are there when one comes back. */

function startServing(card, server, saving) {
  const { corrections, data } = card;
  const key = document.querySelector("[data-serve]");
  let state = server.state;
  if (server.events) {
    const events = server.events.map(([onset, offset, label]) => ({ onset, offset, label, by: "person" }));
    for (const { label } of events) corrections.labelled(label);
    corrections.follow({ ...corrections.state, events });
    const shown = server.found
      ? `${server.found}, which lies beside the recording, for you to correct; saving writes ${server.list}`
      : `${server.list}, as you saved it`;
    saving.status.textContent = `Shown: ${shown}. Undo shows what the model predicted.`;
    saving.forgetDraft();
  }
  const save = async () => {
    key.disabled = true;
    try {
      const events = inOrder(corrections.events).map(({ onset, offset, label }) => ({ onset, offset, label }));
      const answer = await fetch(server.save, { method: "POST", body: JSON.stringify({ events, state }) });
      if (!answer.ok) throw new Error(await answer.text());
      const saved = await answer.json();
      state = saved.state;
      saving.forgetDraft();
      const count = `${events.length} ${events.length === 1 ? "event" : "events"}`;
      saving.status.textContent = `Saved ${count}: ${saved.list}`;
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
