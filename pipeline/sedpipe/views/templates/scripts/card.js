/* A card shows one recording: player, spectrogram and a track for each class, all over the same span of time. */

const MOST_PICTURES = 6;

class Card {
  constructor(data, page) {
    this.data = data;
    this.page = page;
    this.view = new View(data.duration);
    this.audio = this.makeAudio(data.sound);
    this.player = new Player(data.duration, this.audio);
    this.tracks = this.makeTracks();
    this.element = make("article", { class: "clip", "data-clip": data.clip, "data-duration": data.duration });
    this.element.append(this.makeHeader(), this.makeControls(), this.makeStage(), ...(this.audio ? [this.audio] : []));
    this.view.watchers.push(() => this.draw());
    this.player.watchers.push(() => this.follow());
    new ResizeObserver(() => this.draw()).observe(this.stage);
    startGestures(this);
    this.startKeys();
    this.follow();
  }

  startKeys() {
    startKeys(this, KEYS, this.element);
  }

  makeAudio(src) {
    return src ? make("audio", { preload: "metadata", src }) : null;
  }

  makeTracks() {
    return this.data.tracks.map((track) => new Track(track, this));
  }

  makeHeader() {
    const { clip, summary, remark, duration } = this.data;
    const shape = drawing(
      "svg",
      { viewBox: "0 0 24 24", "aria-hidden": "true" },
      drawing("path", { class: "shape-play", d: "M8 5.5v13l10.5-6.5z" }),
      drawing("path", { class: "shape-pause", d: "M7 5.5h3.6v13H7zM13.4 5.5H17v13h-3.6z" }),
    );
    this.play = button(`Play ${clip}`, () => this.player.toggle(), { class: "play", disabled: !this.audio?.src }, shape);
    this.position = make("output", { class: "position" });
    return make(
      "header",
      {},
      this.play,
      make("div", { class: "what" }, make("h3", {}, clip), make("p", {}, [summary, remark].filter(Boolean).join(" "))),
      make("div", { class: "time" }, this.position, ` / ${clock(duration, 0.01)} s`),
    );
  }

  makeControls() {
    const speeds = SPEEDS.map((each) => make("option", { value: each, selected: each === 1 }, `${each} ×`));
    this.speed = make("select", {}, ...speeds);
    this.speed.addEventListener("change", () => this.player.setSpeed(Number(this.speed.value)));
    const help = "Loop the selection, else what is in view (l)";
    this.looping = button(help, () => this.toggleLoop(), { "aria-pressed": "false" }, "loop");
    return make(
      "div",
      { class: "controls" },
      make("label", {}, "speed ", this.speed),
      this.looping,
      make("span", { class: "zoomers" },
        button("Zoom out (−)", () => this.zoom(1 / 2), {}, "−"),
        button("Zoom in (+)", () => this.zoom(2), {}, "+"),
        button("Show all (0)", () => this.view.showAll(), {}, "all")),
      button("Keys (?)", () => showKeys(), { class: "ask" }, "?"),
    );
  }

  makeStage() {
    const { clip, pictures, duration, tracks, n_open } = this.data;
    const image = ({ src }) => make("img", { src, alt: "", draggable: "false", decoding: "async" });
    this.pictures = pictures.map((picture) => [picture, image(picture)]);
    this.slider = make("div", {
      class: "spectrogram", tabindex: 0, role: "slider", "aria-label": `Position in ${clip}, over its spectrogram`,
      "aria-valuemin": 0, "aria-valuemax": duration,
    });
    this.slider.append(...this.pictures.map(([, image]) => image));
    [this.whole] = this.makeWhole();
    if (this.whole) this.slider.append(this.whole);
    this.axis = make("div", { class: "axis", "aria-hidden": "true" });
    this.playhead = make("div", { class: "playhead", "aria-hidden": "true" });
    this.marked = make("div", { class: "marked", "aria-hidden": "true" });
    this.thumb = make("i");
    this.overview = make("div", { class: "overview", "aria-hidden": "true" }, ...this.makeWhole(), this.thumb);
    const shown = tracks.slice(0, n_open).map((_, k) => this.tracks[k].element);
    const plot = make("div", { class: "plot" }, this.marked, this.playhead);
    const folded = this.makeFold(tracks.length - n_open);
    const field = make("div", { class: "field" }, this.makeFrequencies(), this.slider, ...shown, ...folded, plot);
    this.stage = make("div", { class: "stage" }, field, this.axis, this.overview);
    return this.stage;
  }

  makeFrequencies() {
    const marks = this.page.hertz.map(([name, height]) => {
      const mark = make("span", { class: "hertz" }, name);
      mark.style.bottom = `${height}%`;
      return mark;
    });
    return make("div", { class: "frequencies", "aria-hidden": "true" }, ...marks);
  }

  /* Return the whole of a long recording as one small picture, in a list; empty if there is none. */
  makeWhole() {
    const { whole } = this.data;
    return whole ? [make("img", { src: whole, alt: "", draggable: "false" })] : [];
  }

  makeFold(count) {
    if (count <= 0) return [];
    const summary = make("summary", {}, `${count} more ${count === 1 ? "class" : "classes"}`);
    const fold = make("details", { class: "more" }, summary);
    fold.append(...this.tracks.slice(-count).map((track) => track.element));
    return [fold];
  }

  draw() {
    this.drawPictures();
    for (const track of this.tracks) track.draw(this.view);
    this.drawAxis();
    this.thumb.style.left = `${(100 * this.view.start) / this.data.duration}%`;
    this.thumb.style.width = `${(100 * this.view.length) / this.data.duration}%`;
    this.element.classList.toggle("zoomed", !this.view.isWhole);
    this.drawPlayhead();
  }

  /* Draw the spectrogram: one small picture of the whole, if too many large ones would have to be decoded. */
  drawPictures() {
    const place = (image, start, end) => {
      image.style.left = `${this.view.place(start)}%`;
      image.style.width = `${(100 * (end - start)) / this.view.length}%`;
    };
    const inSight = this.pictures.filter(([{ start, end }]) => end >= this.view.start && start <= this.view.end);
    const isFar = Boolean(this.whole) && inSight.length > MOST_PICTURES;
    for (const [, image] of this.pictures) image.hidden = true;
    for (const [picture, image] of isFar ? [] : inSight) {
      image.hidden = false;
      place(image, picture.start, picture.end);
    }
    if (!this.whole) return;
    this.whole.hidden = !isFar;
    place(this.whole, 0, this.data.duration);
  }

  drawAxis() {
    const { step, times } = ticks(this.view, this.slider.clientWidth);
    this.axis.replaceChildren(...times.map((time, k) => {
      const unit = k === 0 && time < 60 ? " s" : "";
      const tick = make("span", {}, clock(time, step) + unit);
      tick.style.left = `${this.view.place(time)}%`;
      return tick;
    }));
    this.stage.style.setProperty("--tick", `${(100 * step) / this.view.length}%`);
    this.stage.style.setProperty("--tick-start", `${this.view.place(times[0] ?? 0)}%`);
  }

  drawPlayhead() {
    const { time, loop } = this.player;
    const place = this.view.place(time);
    this.playhead.hidden = place < 0 || place > 100;
    this.playhead.style.left = `${place}%`;
    this.marked.hidden = !loop;
    if (!loop) return;
    const start = between(0, this.view.place(loop.start), 100);
    this.marked.style.left = `${start}%`;
    this.marked.style.width = `${between(0, this.view.place(loop.end), 100) - start}%`;
  }

  /* Update the card after the player has moved. */
  follow() {
    const { time, isPlaying, loop } = this.player;
    this.element.classList.toggle("playing", isPlaying);
    this.play.setAttribute("aria-label", `${isPlaying ? "Pause" : "Play"} ${this.data.clip}`);
    this.position.textContent = clock(time, 0.1);
    this.slider.setAttribute("aria-valuenow", time.toFixed(2));
    this.slider.setAttribute("aria-valuetext", `${time.toFixed(1)} seconds`);
    this.looping.setAttribute("aria-pressed", Boolean(loop));
    for (const track of this.tracks) track.tell(time);
    if (isPlaying) this.view.reveal(time);
    this.drawPlayhead();
  }

  /* Seek to a time and bring it into view. */
  goTo(time) {
    this.player.seek(time);
    this.view.reveal(this.player.time);
  }

  goBy(seconds) {
    this.goTo(this.player.time + seconds);
  }

  zoom(factor) {
    const { time } = this.player;
    const inSight = time >= this.view.start && time <= this.view.end;
    this.view.zoom(factor, inSight ? time : (this.view.start + this.view.end) / 2);
  }

  /* Return the span to loop if none was marked. */
  stretch() {
    return { start: this.view.start, end: this.view.end };
  }

  toggleLoop() {
    this.player.setLoop(this.player.loop ? null : this.stretch());
  }

  /* Set audio that is chosen after the card was made. */
  hear(src) {
    this.audio.src = src;
    this.play.disabled = false;
  }

  changeSpeed(steps) {
    this.speed.selectedIndex = between(0, this.speed.selectedIndex + steps, SPEEDS.length - 1);
    this.player.setSpeed(SPEEDS[this.speed.selectedIndex]);
  }
}
