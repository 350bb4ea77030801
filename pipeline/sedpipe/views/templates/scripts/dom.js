/* Functions that make elements. Text is added as text, so that no label can become markup. */

function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function drawing(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function button(label, act, attributes = {}, ...children) {
  const element = make("button", { type: "button", title: label, "aria-label": label, ...attributes }, ...children);
  element.addEventListener("click", act);
  return element;
}

function between(low, value, high) {
  return Math.min(Math.max(value, low), high);
}

/* Return a time as text: 83.25 -> "1:23.3"; `step` sets the number of decimals. */
function clock(seconds, step = 0.1) {
  const decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  const whole = Number(seconds.toFixed(decimals));
  if (whole < 60) return whole.toFixed(decimals);
  const rest = (whole % 60).toFixed(decimals).padStart(decimals ? decimals + 3 : 2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}
