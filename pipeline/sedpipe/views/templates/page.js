"use strict";
(() => {
  const root = document.documentElement;
  const isDark = () => root.dataset.theme === "dark" || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.querySelector(".theme").addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; });

  const players = [];

  /* A clip keeps its own time, so that the playhead moves even where there is no audio. */
  class Player {
    constructor(clip) {
      this.clip = clip;
      this.audio = clip.querySelector("audio");
      this.stage = clip.querySelector(".stage");
      this.playhead = clip.querySelector(".playhead");
      this.position = clip.querySelector(".position");
      this.button = clip.querySelector(".play");
      this.duration = Number(clip.dataset.duration);
      this.step = Number(clip.dataset.step);
      this.time = 0;
      this.voices = [...clip.querySelectorAll(".voice")].map((voice) => ({
        percents: voice.dataset.percents.split(" ").map(Number),
        now: voice.closest(".track").querySelector(`.now[data-run="${Number(voice.dataset.run)}"]`),
      }));
      for (const probs of clip.querySelectorAll(".probs")) probs.style.setProperty("--second", `${100 / this.duration}%`);
      this.listen();
      this.draw();
    }

    listen() {
      this.button.addEventListener("click", () => this.toggle());
      this.stage.addEventListener("keydown", (event) => this.key(event));
      this.stage.addEventListener("pointerdown", (event) => {
        if (event.button !== 0 || event.target.closest("summary")) return;
        this.stage.setPointerCapture(event.pointerId);
        this.seekTo(event);
      });
      this.stage.addEventListener("pointermove", (event) => {
        if (this.stage.hasPointerCapture(event.pointerId)) this.seekTo(event);
      });
      if (!this.audio) return;
      for (const name of ["play", "pause", "ended"]) this.audio.addEventListener(name, () => this.follow());
    }

    seekTo(event) {
      const box = this.stage.getBoundingClientRect();
      if (event.clientX >= box.left) this.seek(((event.clientX - box.left) / box.width) * this.duration);
    }

    seek(time) {
      this.time = Math.min(Math.max(time, 0), this.duration);
      if (this.audio) this.audio.currentTime = this.time;
      this.draw();
    }

    toggle() {
      if (!this.audio) return;
      if (!this.audio.paused) return this.audio.pause();
      for (const other of players) if (other !== this && other.audio) other.audio.pause();
      if (this.time >= this.duration - 0.02) this.seek(0);
      this.audio.play();
    }

    key(event) {
      const move = event.shiftKey ? 0.1 : 0.5;
      const actions = {
        " ": () => this.toggle(),
        Enter: () => this.toggle(),
        ArrowLeft: () => this.seek(this.time - move),
        ArrowRight: () => this.seek(this.time + move),
        Home: () => this.seek(0),
        End: () => this.seek(this.duration),
      };
      if (event.target !== this.stage || event.ctrlKey || event.metaKey || event.altKey || !(event.key in actions)) return;
      event.preventDefault();
      actions[event.key]();
    }

    follow() {
      this.clip.classList.toggle("playing", !this.audio.paused);
      this.button.setAttribute("aria-label", `${this.audio.paused ? "Play" : "Pause"} ${this.clip.dataset.clip}`);
      this.time = Math.min(this.audio.currentTime, this.duration);
      this.draw();
      if (!this.audio.paused && !this.isFollowing) this.frame();
    }

    frame() {
      this.isFollowing = true;
      requestAnimationFrame(() => {
        this.isFollowing = false;
        this.follow();
      });
    }

    draw() {
      this.playhead.style.left = `${(100 * this.time) / this.duration}%`;
      this.position.textContent = this.time.toFixed(1);
      this.stage.setAttribute("aria-valuenow", this.time.toFixed(2));
      this.stage.setAttribute("aria-valuetext", `${this.time.toFixed(1)} seconds`);
      for (const { percents, now } of this.voices) {
        const frame = Math.min(Math.floor(this.time / this.step), percents.length - 1);
        now.textContent = `${percents[frame]}%`;
      }
    }
  }

  for (const clip of document.querySelectorAll(".clip")) players.push(new Player(clip));

  /* Classes in another order. */
  const sorters = document.querySelector(".sorters");
  if (sorters) {
    const orders = {
      f1: (a, b) => a.dataset.f1 - b.dataset.f1,
      reference: (a, b) => b.dataset.reference - a.dataset.reference,
      name: (a, b) => a.dataset.name.localeCompare(b.dataset.name),
    };
    sorters.hidden = false;
    sorters.addEventListener("click", (event) => {
      const order = orders[event.target.dataset.sort];
      if (!order) return;
      for (const button of sorters.querySelectorAll("button")) button.setAttribute("aria-pressed", button === event.target);
      const rows = [...document.querySelectorAll(".class-row:not(.head)")].sort(order);
      rows[0]?.parentElement.append(...rows);
    });
  }
})();
