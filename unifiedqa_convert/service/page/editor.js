/** The row's text area: highlighted JSON, with errors shown at their line. */

import { h } from "./dom.js";
import { placeOf, tokens } from "./json.js";

/** A text area over a highlighted copy of its text, which also determines its height. */
export class Editor {
  #area;
  #shown;
  #error;
  #wrong = null;

  constructor(area, shown, error, changed) {
    this.#area = area;
    this.#shown = shown;
    this.#error = error;
    area.addEventListener("input", () => {
      this.#paint();
      changed();
    });
  }

  get text() {
    return this.#area.value;
  }

  set text(text) {
    this.#area.value = text;
    this.#area.scrollTop = 0;
    this.clear();
  }

  /** Remove the error. */
  clear() {
    this.#wrong = null;
    this.#error.replaceChildren();
    this.#area.removeAttribute("aria-invalid");
    this.#paint();
  }

  /** Show an error at a field of the row, or at a character of the text. */
  complain(detail, field, at) {
    const token = field ? placeOf(field, this.text) : null;
    this.#wrong = token ?? (at === undefined ? null : { start: at, end: at });
    this.#area.setAttribute("aria-invalid", "true");
    const go = () => this.#area.setSelectionRange(token.start, token.end);
    const name = token
      ? h("button", { type: "button", class: "name", text: field, title: "Go to the field",
          on: { click: () => { this.#area.focus(); go(); } } })
      : field && field !== "-" ? h("code", { class: "name", text: field }) : null;
    this.#error.replaceChildren(h("p", {}, name, name ? " " : null, detail));
    this.#paint();
  }

  #paint() {
    const text = this.text;
    const lines = [];
    let line = h("span", { class: "line" });
    const put = (part, kind) => {
      part.split("\n").forEach((piece, place) => {
        if (place > 0) {
          lines.push(line);
          line = h("span", { class: "line" });
        }
        if (piece) line.append(kind ? h("span", { class: `j-${kind}`, text: piece }) : piece);
      });
    };
    let end = 0;
    for (const token of tokens(text)) {
      put(text.slice(end, token.start));
      put(text.slice(token.start, token.end), token.kind);
      end = token.end;
    }
    put(text.slice(end));
    lines.push(line);
    if (this.#wrong) {
      const number = text.slice(0, this.#wrong.start).split("\n").length - 1;
      lines[number]?.classList.add("wrong");
    }
    this.#shown.replaceChildren(...lines);
  }
}
