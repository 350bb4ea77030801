/* Pointer and wheel on a card: drag to move the playhead, with shift to mark a loop; wheel with ctrl to zoom. */

function startGestures(card) {
  const timeAt = (event) => {
    const box = card.slider.getBoundingClientRect();
    return card.view.time((event.clientX - box.left) / box.width);
  };
  card.timeAt = timeAt;
  dragOn(card.stage, (event) => {
    if (event.target.closest("summary, .overview, .name, .editable, button")) return null;
    if (event.clientX < card.slider.getBoundingClientRect().left) return null;
    const from = timeAt(event);
    card.slider.focus({ preventScroll: true });
    if (event.shiftKey) {
      return (moved) => {
        const to = timeAt(moved);
        if (Math.abs(to - from) > 0.02) card.player.setLoop({ start: Math.min(from, to), end: Math.max(from, to) });
      };
    }
    card.player.seek(from);
    return (moved) => card.player.seek(timeAt(moved));
  });
  dragOn(card.overview, (event) => {
    const box = card.overview.getBoundingClientRect();
    const centre = (moved) => {
      const time = ((moved.clientX - box.left) / box.width) * card.data.duration;
      card.view.show(time - card.view.length / 2, time + card.view.length / 2);
    };
    centre(event);
    return centre;
  });
  card.stage.addEventListener("wheel", (event) => turn(card, event, timeAt(event)), { passive: false });
}

/* Handle drags: on a press, `start` returns a function to call on each move, or null for no drag. If this
   function has an `end`, that is called when the drag ends. */
function dragOn(element, start) {
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const follow = start(event);
    if (!follow) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    const finish = (last) => {
      element.removeEventListener("pointermove", follow);
      element.removeEventListener("pointerup", finish);
      element.removeEventListener("pointercancel", finish);
      follow.end?.(last);
    };
    element.addEventListener("pointermove", follow);
    element.addEventListener("pointerup", finish);
    element.addEventListener("pointercancel", finish);
  });
}

function turn(card, event, time) {
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 30;
  const sideways = event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    card.view.zoom(Math.exp(-0.003 * unit * event.deltaY), time);
  } else if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
    if (card.view.isWhole) return;
    event.preventDefault();
    card.view.pan((unit * sideways * card.view.length) / card.slider.clientWidth);
  }
}
