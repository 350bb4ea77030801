/* The keys of a card, and the list of them that the question mark shows. */

const stride = (event) => (event.shiftKey ? 0.1 : 0.5);

const KEYS = [
  { keys: [" ", "Enter"], shown: "space", does: "play, pause", act: (card) => card.player.toggle() },
  { keys: ["ArrowLeft"], shown: "←", does: "half a second back; with shift a tenth", act: (card, event) => card.goBy(-stride(event)) },
  { keys: ["ArrowRight"], shown: "→", does: "half a second forward; with shift a tenth", act: (card, event) => card.goBy(stride(event)) },
  { keys: ["Home"], shown: "Home", does: "to the beginning", act: (card) => card.goTo(0) },
  { keys: ["End"], shown: "End", does: "to the end", act: (card) => card.goTo(card.data.duration) },
  { keys: ["+", "="], shown: "+", does: "zoom in", act: (card) => card.zoom(2) },
  { keys: ["-", "_"], shown: "−", does: "zoom out", act: (card) => card.zoom(1 / 2) },
  { keys: ["0"], shown: "0", does: "show all", act: (card) => card.view.showAll() },
  { keys: ["l"], shown: "l", does: "loop the selection, else what is in view; again to stop looping", act: (card) => card.toggleLoop() },
  { keys: ["<"], shown: "<", does: "slower", act: (card) => card.changeSpeed(-1) },
  { keys: [">"], shown: ">", does: "faster", act: (card) => card.changeSpeed(1) },
  { keys: ["?"], shown: "?", does: "show the keys", act: () => showKeys() },
];

function startKeys(card, bindings = KEYS, element = card.element) {
  element.addEventListener("keydown", (event) => {
    if (event.altKey || isTaken(event)) return;
    const isHeld = event.ctrlKey || event.metaKey;
    const binding = bindings.find(({ keys, control }) => keys.includes(event.key) && Boolean(control) === isHeld);
    if (!binding) return;
    event.preventDefault();
    binding.act(card, event);
  });
}

/* Return whether a key is meant for a field or a button, not for the card. */
function isTaken(event) {
  if (event.target.closest("input, select, textarea, dialog")) return true;
  return (event.key === " " || event.key === "Enter") && event.target.closest("button, a, summary") !== null;
}

function showKeys() {
  document.querySelector("dialog.help").showModal();
}

function listKeys(bindings = KEYS) {
  const list = document.querySelector("dialog.help dl");
  for (const { shown, does } of bindings) list.append(make("dt", {}, make("kbd", {}, shown)), make("dd", {}, does));
}
