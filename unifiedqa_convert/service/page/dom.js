/** Building and finding elements. Text is always set as text; nothing here parses HTML. */

/** The element with that id. */
export const $ = (id) => document.getElementById(id);

/**
 * An element. `class`, `text`, `on` (event → listener) and `vars` (CSS variable → value) are
 * special; every other property is an attribute: true is one without a value, null is none.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name === "on") listen(element, value);
    else if (name === "vars") assign(element, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** The letter of a choice: (a), (b) … */
export const letter = (place) => `(${String.fromCharCode(97 + place)})`;

/** "1 example", "2 examples". */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function listen(element, listeners) {
  for (const [event, listener] of Object.entries(listeners)) {
    element.addEventListener(event, listener);
  }
}

// By CSSOM: the service's Content-Security-Policy refuses style attributes.
function assign(element, variables) {
  for (const [name, value] of Object.entries(variables)) element.style.setProperty(name, value);
}
