/* The page of a folder: its recordings, and an area on which another one can be dropped. */

function startRecordings() {
  const { add } = JSON.parse(document.getElementById("page-data").textContent);
  startTheme();
  startDrop(document.querySelector(".drop"), add);
  const table = document.querySelector("table.recordings");
  if (!table) return;
  startSorting(table);
  startSearch(table, document.querySelector(".tools"));
}

function startDrop(place, add) {
  const status = place.querySelector(".status");
  const send = async (file) => {
    if (!file) return;
    status.textContent = `Copying ${file.name} …`;
    try {
      const answer = await fetch(`${add}?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
      if (!answer.ok) throw new Error(await answer.text());
      const { page } = await answer.json();
      status.textContent = `Predicting events in ${file.name} …`;
      location.assign(page);
    } catch (error) {
      status.textContent = `Not added: ${error.message}`;
    }
  };
  place.querySelector("input").addEventListener("change", (event) => send(event.target.files[0]));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    place.classList.add("over");
  });
  document.addEventListener("dragleave", () => place.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    send(event.dataTransfer.files[0]);
  });
}

function startSearch(table, tools) {
  const [words, open] = tools.querySelectorAll("input");
  const rows = [...table.querySelectorAll("[data-item]")];
  const show = () => {
    const asked = words.value.trim().toLowerCase();
    for (const row of rows) {
      const { name, list } = row.dataset;
      row.hidden = !name.toLowerCase().includes(asked) || (open.checked && list !== "");
    }
    tools.querySelector("output").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  };
  tools.addEventListener("input", show);
  show();
}

startRecordings();
