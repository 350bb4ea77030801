/* Probabilities: read from the page (ten-thousandths, 16 bits, base64), and drawn as a curve. */

const MOST_POINTS = 1000;

function probabilities(text) {
  return new Uint16Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
}

/* Return an SVG path, 1000 by 100, of the values in a view. If several share a point, the highest is drawn. */
function curve(values, step, view) {
  const first = between(0, Math.floor(view.start / step) - 1, values.length);
  const last = between(first, Math.ceil(view.end / step) + 1, values.length);
  if (first === last) return "";
  const each = Math.max(1, Math.ceil((last - first) / MOST_POINTS));
  const points = [];
  for (let k = first; k < last; k += each) {
    let highest = values[k];
    for (let j = k + 1; j < Math.min(k + each, last); j += 1) highest = Math.max(highest, values[j]);
    const middle = (k + Math.min(k + each, last)) / 2;
    points.push([middle * step, highest]);
  }
  points.unshift([first * step, points[0][1]]);
  points.push([Math.min(last * step, view.duration), points[points.length - 1][1]]);
  const written = points.map(([time, value]) => `${(10 * view.place(time)).toFixed(1)},${(100 - value / 100).toFixed(1)}`);
  return `M${written.join("L")}`;
}

function areaBelow(path) {
  return path ? `${path}V100H${path.slice(1, path.indexOf(","))}Z` : "";
}
