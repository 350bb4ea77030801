/* Events as files for people and programs. sedpipe's `rendered`, for `predict`, writes the same. */

const LISTS = {
  tsv: { name: "DCASE list", ends: ".tsv", write: dcaseList },
  audacity: { name: "Audacity labels", ends: ".txt", write: audacityLabels },
  raven: { name: "Raven table", ends: ".selections.txt", write: ravenTable },
};

function inOrder(events) {
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return [...events].sort((a, b) => a.onset - b.onset || a.offset - b.offset || order(a.label, b.label));
}

function lines(rows) {
  return rows.map((cells) => `${cells.join("\t")}\n`).join("");
}

/* Put a name that begins with a quote in quotes, as `tab_row` does. */
function quoted(name) {
  return /^ *"/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

/* Return a DCASE list; a recording without events is a row with its name alone. */
function dcaseList(file, events) {
  const times = inOrder(events).map(({ onset, offset, label }) => [onset.toFixed(3), offset.toFixed(3), quoted(label)]);
  const rows = times.length ? times : [["", "", ""]];
  const name = file.startsWith("#") ? `"${file.replaceAll('"', '""')}"` : quoted(file); // else read as a comment
  return lines([["filename", "onset", "offset", "event_label"], ...rows.map((row) => [name, ...row])]);
}

function audacityLabels(file, events) {
  return lines(inOrder(events).map(({ onset, offset, label }) => [onset.toFixed(6), offset.toFixed(6), label]));
}

function ravenTable(file, events, highest) {
  const times = ["Begin Time (s)", "End Time (s)"];
  const head = ["Selection", "View", "Channel", ...times, "Low Freq (Hz)", "High Freq (Hz)", "Begin File", "Annotation"];
  const rows = inOrder(events).map(({ onset, offset, label }, k) => [
    k + 1, "Spectrogram 1", 1, onset.toFixed(6), offset.toFixed(6), "0.0", highest.toFixed(1), file, label,
  ]);
  return lines([head, ...rows]);
}
