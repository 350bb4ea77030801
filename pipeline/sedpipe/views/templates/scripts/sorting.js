/* Sorting of tables, by the buttons in their headers. */

function startSorting(table) {
  table.tHead.addEventListener("click", (event) => {
    const key = event.target.closest("[data-sort]");
    if (key) sortBy(table, key);
  });
}

function sortBy(table, key) {
  const head = key.closest("th");
  const before = head.getAttribute("aria-sort");
  const isFalling = before ? before === "ascending" : "falling" in key.dataset;
  for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", isFalling ? "descending" : "ascending");
  const items = [...table.querySelectorAll("[data-item]")];
  const value = (item) => item.dataset[key.dataset.sort];
  const compare = "text" in key.dataset
    ? (a, b) => value(a).localeCompare(value(b), undefined, { numeric: true })
    : (a, b) => Number(value(a)) - Number(value(b));
  const sign = isFalling ? -1 : 1;
  items.sort((a, b) => {
    if (value(a) === "" || value(b) === "") return (value(a) === "") - (value(b) === ""); // unknown values come last
    return sign * compare(a, b);
  });
  items[0]?.parentElement.append(...items);
}
