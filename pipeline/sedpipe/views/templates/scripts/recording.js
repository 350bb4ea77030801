/* The page of one recording: to view it, listen to it, correct its events and save them. */

function startRecording() {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const status = document.querySelector(".status");
  startTheme();
  const card = new RecordingCard(page.recording, page);
  document.querySelector(".recording").append(card.element);
  card.element.querySelector(".controls").after(document.querySelector("form.inspector"));
  listKeys([...KEYS, ...EDIT_KEYS]);
  new EventTable(document.querySelector("table.events"), card);
  new Thresholds(document.querySelector("form.thresholds"), card);
  const saving = new Saving(card, status);
  for (const each of document.querySelectorAll("[data-save]")) {
    each.addEventListener("click", () => saving.save(each.dataset.save));
  }
  document.querySelector("[data-reset]").addEventListener("click", () => card.corrections.reset());
  if (page.server) startServing(card, page.server, saving);
  else saving.begin();
  startOwnSound(card, document.querySelector("input[type=file]"));
  document.querySelector("table.classes").addEventListener("click", (event) => {
    const label = event.target.closest("[data-label]")?.dataset.label;
    if (!label) return;
    card.shown.add(label);
    card.draw();
    card.byLabel.get(label).element.scrollIntoView({ block: "center" });
  });
  startSorting(document.querySelector("table.classes"));
}

/* If the page contains no audio, the recording itself can be chosen; it stays on this machine. A file of another length
   is reported, since the events shown are not its own; compressed audio may be a few frames longer. */
function startOwnSound(card, field) {
  if (!field) return;
  const { audio, data, editor } = card;
  audio.addEventListener("loadedmetadata", () => {
    const [{ name }] = field.files;
    const seconds = (time) => `${Number(time.toFixed(2))} s`;
    const isOther = Number.isFinite(audio.duration) && Math.abs(audio.duration - data.duration) > 0.25;
    const lengths = `${name} lasts ${seconds(audio.duration)}, this one ${seconds(data.duration)}.`;
    editor.say(isOther ? `Another recording? ${lengths}` : `${name} can be heard.`);
  });
  field.addEventListener("change", () => {
    const reader = new FileReader();
    reader.addEventListener("load", () => card.hear(reader.result));
    reader.addEventListener("error", () => card.editor.say("This browser cannot read so large a file."));
    reader.readAsDataURL(field.files[0]);
  });
}

startRecording();
