/* The table of all clips: its filters, and cards that open below their rows. The address can set both: #clip-NAME opens
   a clip, #clips?class=NAME&outcome=missed&as=NAME shows those of a class, or of a cell of the confusion matrix. */

class ClipTable {
  constructor(table, form, page) {
    this.table = table;
    this.form = form;
    this.page = page;
    this.rows = [...table.querySelectorAll(".clip-row")];
    this.cards = new Map();
    this.instead = null;
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
      this.instead = null;
      this.filter();
    });
    form.addEventListener("reset", () => setTimeout(() => this.showAll()));
    table.addEventListener("click", (event) => {
      const link = event.target.closest("th[scope=row] a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.toggle(link.closest(".clip-row"));
    });
    window.addEventListener("hashchange", () => this.goToAddress());
  }

  goToAddress() {
    const address = location.hash.slice(1);
    if (address.startsWith("clips?")) {
      const asked = new URLSearchParams(address.slice(6));
      for (const name of ["search", "class", "outcome", "kind"]) this.form.elements[name].value = asked.get(name) ?? "";
      this.instead = asked.get("as");
      this.filter();
      document.getElementById("clips").scrollIntoView();
    } else if (address.startsWith("clip-")) {
      const row = document.getElementById(decoded(address));
      if (!row) return;
      if (row.hidden) {
        this.form.reset();
        this.showAll(); // a hidden row cannot be scrolled to
      }
      this.open(row);
      row.scrollIntoView();
    }
  }

  /* Show all clips, after the form was reset. */
  showAll() {
    this.instead = null;
    this.filter();
  }

  filter() {
    const asked = Object.fromEntries(new FormData(this.form));
    const looked = asked.search.trim().toLowerCase();
    let shown = 0;
    for (const row of this.rows) {
      const fits = (!looked || row.rows[0].textContent.toLowerCase().includes(looked))
        && this.hasClass(row, asked.class, asked.outcome)
        && (!asked.kind || (asked.kind === "sound" ? "sound" in row.dataset : row.dataset.kind === asked.kind));
      row.hidden = !fits;
      shown += fits;
    }
    this.tell(asked, shown);
  }

  hasClass(row, label, outcome) {
    if (!label) return true;
    const k = String(this.page.labels.indexOf(label));
    const has = (name, value = k) => row.dataset[name].split(" ").includes(value);
    if (this.instead !== null) return has("taken", `${k}:${this.page.labels.indexOf(this.instead)}`);
    if (outcome === "sounds") return has("found") || has("missed");
    if (outcome) return has(outcome);
    return has("found") || has("missed") || has("false");
  }

  tell(asked, shown) {
    const status = document.querySelector(".shown");
    const counted = `${shown} of ${this.rows.length} clips`;
    const confused = `with a second in which ${asked.class} is missed and ${this.instead || "nothing"} is predicted instead`;
    status.hidden = shown === this.rows.length && this.instead === null;
    status.textContent = this.instead === null ? `${counted}.` : `${counted}, ${confused}.`;
  }

  toggle(row) {
    const opened = row.querySelector(".opened");
    if (!opened || opened.hidden) {
      this.open(row);
      try {
        history.replaceState(null, "", row.querySelector("a").getAttribute("href"));
      } catch {
        /* some browsers do not let scripts change the address of a local file */
      }
      return;
    }
    this.cards.get(row)?.audio?.pause();
    opened.hidden = true;
    row.querySelector("a").setAttribute("aria-expanded", "false");
  }

  open(row) {
    row.querySelector("a").setAttribute("aria-expanded", "true");
    const opened = row.querySelector(".opened");
    if (opened) {
      opened.hidden = false;
      return;
    }
    const data = row.querySelector("script");
    const cell = make("td", { colspan: row.rows[0].cells.length });
    row.append(make("tr", { class: "opened" }, cell));
    if (!data) {
      cell.append("This clip's spectrogram and probabilities were left out to keep the page small: ask for fewer clips with audio (--clips).");
      return;
    }
    const card = new Card(JSON.parse(data.textContent), this.page);
    this.cards.set(row, card);
    cell.append(card.element);
  }
}

/* Return an address with its escapes decoded, or unchanged if they are invalid. */
function decoded(address) {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}
