/* The page of a scored run, or of several. */

function startReport() {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  startTheme();
  listKeys();
  for (const table of document.querySelectorAll("table.sortable")) startSorting(table);
  for (const toggle of document.querySelectorAll("[data-hides]")) {
    toggle.addEventListener("change", () => {
      document.documentElement.classList.toggle(`hide-${toggle.dataset.hides}`, !toggle.checked);
    });
  }
  const table = document.querySelector("table.clips");
  if (!table) return;
  const clips = new ClipTable(table, document.querySelector(".tools"), page);
  if (location.hash.startsWith("#clip")) clips.goToAddress();
  else if (clips.rows.length) clips.open(clips.rows[0]);
}

startReport();
