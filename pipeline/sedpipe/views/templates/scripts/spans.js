/* Spans of time on a lane, each drawn as an element that is kept while it is in view. */

class Spans {
  constructor(lane, create) {
    this.lane = lane;
    this.create = create;
    this.elements = new Map();
  }

  draw(view, items) {
    const inSight = new Set(items.filter((item) => item.offset >= view.start && item.onset <= view.end));
    for (const [item, element] of this.elements) {
      if (inSight.has(item)) continue;
      element.remove();
      this.elements.delete(item);
    }
    for (const item of inSight) {
      if (!this.elements.has(item)) {
        this.elements.set(item, this.create(item));
        this.lane.append(this.elements.get(item));
      }
      const { style } = this.elements.get(item);
      style.left = `${view.place(item.onset)}%`;
      style.width = `${(100 * (item.offset - item.onset)) / view.length}%`;
    }
  }
}
