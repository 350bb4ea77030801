/* What can be pressed and is lower or narrower than 24 px, as [kind, width, height, text]. A box of a label counts by
   itself. Events are as long as they last: each has a row in the table of events, too, so only their height counts. */
(() => {
  const pressed = "a[href], button, select, input, summary, label:has(> input), [tabindex='0']";
  return [...document.querySelectorAll(pressed)].filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([element, { width, height }]) => width > 0 && (height < 24 || (width < 24 && !element.matches(".bar"))))
    .map(([element, { width, height }]) => [`${element.tagName} ${element.className}`, width, height, element.textContent.trim().slice(0, 40)]);
})();
