/** The view Convert: a row of a dataset in an editor, and its conversion. */

import { get, post } from "./api.js";
import { AS, copy } from "./copy.js";
import { $, h } from "./dom.js";
import { Editor } from "./editor.js";
import { parsed } from "./json.js";
import { exampleSteps, skeleton, tally } from "./show.js";

const TYPING = 300; // milliseconds after the last key press until the row is sent

export const PARTITIONS = {
  seen: "Seen by Vera in training",
  "unseen-1": "Unseen, type 1",
  "unseen-2": "Unseen, type 2",
  none: "Not in Vera's evaluation",
};

/** The datasets as select options, grouped by Vera's partitions. */
export function grouped(datasets) {
  return Object.entries(PARTITIONS).flatMap(([partition, label]) => {
    const those = datasets.filter((one) => one.partition === partition);
    if (!those.length) return [];
    return h("optgroup", { label }, those.map((one) => h("option", { value: one.name, text: one.name })));
  });
}

/** The view: the chosen dataset, sample and row, and the last conversion. */
export class Convert {
  #facts = null;
  #sample = null;
  #place = 0;
  #made = null;
  #timer;
  #loading = null;
  #running = null;

  constructor(datasets, opened) {
    this.editor = new Editor($("row"), $("row-shown"), $("row-error"), () => this.#typed());
    $("dataset").replaceChildren(...grouped(datasets));
    $("dataset").addEventListener("change", () => opened($("dataset").value));
    $("sample").addEventListener("change", () => this.#choose(Number($("sample").value)));
    $("profile").addEventListener("change", () => this.#convert());
    $("row-before").addEventListener("click", () => this.#show(this.#place - 1));
    $("row-after").addEventListener("click", () => this.#show(this.#place + 1));
    $("row-reset").addEventListener("click", () => this.#show(this.#place));
    for (const button of document.querySelectorAll("[data-copy]")) {
      const as = button.dataset.copy;
      button.addEventListener("click", () => copy(AS[as](this.#made), `as ${button.textContent}`));
    }
    this.#offer(null);
    $("convert-result").replaceChildren(skeleton(4));
    // Open if the window is wide enough.
    $("fields").open = matchMedia("(min-width: 60rem)").matches;
  }

  /** The name of the dataset that is open. */
  get name() {
    return this.#facts?.name;
  }

  /** Show a dataset, its first sample row and its conversion. */
  async open(name) {
    this.#loading?.abort(); // also if the visitor went back while another dataset was loading
    $("dataset").value = name;
    if (this.#facts?.name === name) return;
    this.#loading = new AbortController();
    try {
      this.#facts = await get(`/v1/datasets/${encodeURIComponent(name)}`, this.#loading.signal);
    } catch (error) {
      if (error.name !== "AbortError") this.#complain(error.first ?? { detail: String(error) });
      return;
    }
    this.#describe();
    this.#choose(0);
  }

  #describe() {
    const facts = this.#facts;
    const sizes = Object.entries(facts.splits).map(([n, size]) => `${n} ${size?.toLocaleString("en") ?? "?"}`);
    $("facts").replaceChildren(
      h("p", { class: "about", text: facts.about }),
      h("p", { class: "from" },
        h("span", { text: sizes.join(" · ") }), h("span", { text: `license ${facts.license}` }),
        h("span", { text: `verified by ${facts.verified}` }),
        facts.homepage ? h("a", { href: facts.homepage, rel: "noreferrer", text: "homepage" }) : null));
    const options = facts.samples.map(({ split, shape }, place) =>
      h("option", { value: place, text: `${split}, ${shape}` }));
    $("sample").replaceChildren(...options);
    $("sample").disabled = options.length < 2;
  }

  #choose(place) {
    const none = { split: Object.keys(this.#facts.splits)[0], shape: this.#facts.shapes[0].shape, rows: [{}] };
    this.#sample = this.#facts.samples[place] ?? none;
    $("sample").value = String(place);
    const shape = this.#facts.shapes.find((one) => one.shape === this.#sample.shape);
    $("field-list").replaceChildren(...shape.fields.map(({ raw, goes }) =>
      h("div", { "data-field": raw }, h("dt", { text: raw }), h("dd", { text: goes || "is not used" }))));
    this.#show(0);
  }

  #show(place) {
    const rows = this.#sample.rows;
    this.#place = (place + rows.length) % rows.length;
    $("row-place").textContent = `${this.#place + 1} of ${rows.length}`;
    $("row-before").disabled = $("row-after").disabled = rows.length < 2;
    $("row-reset").disabled = true;
    this.editor.text = JSON.stringify(rows[this.#place], null, 2);
    this.#convert();
  }

  #typed() {
    $("row-reset").disabled = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#convert(), TYPING);
  }

  async #convert() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    if (!this.#sample) return;
    const { row, detail, at } = parsed(this.editor.text);
    if (!row) return this.#complain({ detail }, at);
    const body = { dataset: this.#facts.name, split: this.#sample.split, rows: [row], profile: $("profile").value };
    const running = (this.#running = new AbortController());
    $("convert-result").setAttribute("aria-busy", "true");
    try {
      const answer = await post("/v1/convert", body, running.signal);
      this.#offer({ body, answer });
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!error.first) throw error;
      this.#complain(error.first);
    }
  }

  #offer(made) {
    this.#made = made;
    for (const button of document.querySelectorAll("[data-copy]")) button.disabled = !made;
    if (!made) return;
    this.editor.clear();
    this.#mark(null);
    const [item] = made.answer.items;
    $("convert-status").textContent = tally(item.examples);
    $("convert-result").replaceChildren(...steps(item));
    this.#settle(false);
  }

  #complain({ detail, field }, at) {
    this.#offer(null);
    this.editor.complain(detail, field, at);
    this.#mark(field, detail);
    $("convert-status").textContent = "Shown below: the result for the last valid row";
    this.#settle(true);
  }

  #settle(stale) {
    $("convert-result").setAttribute("aria-busy", "false");
    $("convert-result").classList.toggle("stale", stale);
  }

  /** Mark the field in the list of fields, too. */
  #mark(field, detail) {
    for (const entry of $("field-list").children) {
      const name = entry.dataset.field;
      const it = Boolean(field) && (field === name || field.startsWith(`${name}.`) || name.startsWith(`${field}.`));
      entry.classList.toggle("wrong", it);
      entry.querySelector(".why")?.remove();
      if (it && !/no raw shape/.test(detail)) entry.append(h("dd", { class: "why", text: detail }));
    }
  }
}

function steps(item) {
  if (!item.examples.length) {
    const why = `This row gives no example: ${item.skipped ?? "the adapter skips it"}.`;
    return [h("p", { class: "empty", text: why })];
  }
  if (item.examples.length === 1) return exampleSteps(item.examples[0]);
  return item.examples.flatMap((example, place) => [
    h("h2", { class: "nth", text: `Example ${place + 1} of ${item.examples.length}` }),
    ...exampleSteps(example),
  ]);
}
