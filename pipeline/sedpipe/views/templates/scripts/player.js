/* Playback. A player keeps its own time, so that the playhead moves even if there is no audio. */

const SPEEDS = [0.25, 0.5, 0.75, 1, 1.5, 2];
const players = [];

class Player {
  constructor(duration, audio) {
    this.duration = duration;
    this.audio = audio;
    this.time = 0;
    this.loop = null;
    this.watchers = [];
    players.push(this);
    if (audio) for (const name of ["play", "pause", "seeked"]) audio.addEventListener(name, () => this.follow());
    audio?.addEventListener("ended", () => this.again());
  }

  get isPlaying() {
    return Boolean(this.audio) && !this.audio.paused;
  }

  seek(time) {
    this.time = between(0, time, this.duration);
    if (this.audio) this.audio.currentTime = this.time;
    this.tell();
  }

  toggle() {
    if (!this.audio) return;
    if (this.isPlaying) {
      this.audio.pause();
      return;
    }
    for (const other of players) if (other !== this && other.isPlaying) other.audio.pause();
    if (this.loop && (this.time < this.loop.start || this.time >= this.loop.end - 0.02)) this.seek(this.loop.start);
    else if (this.time >= this.duration - 0.02) this.seek(0);
    this.audio.play();
  }

  /* Set the speed, also as the default: audio that is loaded later would otherwise play at normal speed. */
  setSpeed(speed) {
    if (this.audio) this.audio.defaultPlaybackRate = this.audio.playbackRate = speed;
  }

  /* Loop a span of time, or, with null, nothing. */
  setLoop(loop) {
    this.loop = loop;
    this.tell();
  }

  again() {
    if (!this.loop) {
      this.follow();
      return;
    }
    this.seek(this.loop.start);
    this.audio.play();
  }

  follow() {
    this.time = Math.min(this.audio.currentTime, this.duration);
    if (this.isPlaying && this.loop && this.time >= this.loop.end) this.seek(this.loop.start);
    this.tell();
    if (!this.isPlaying || this.isFollowing) return;
    this.isFollowing = true;
    requestAnimationFrame(() => {
      this.isFollowing = false;
      this.follow();
    });
  }

  tell() {
    for (const watcher of this.watchers) watcher();
  }
}
