/** A conversion as elements: examples, records with their separators, statements. */

import { counted, h, letter } from "./dom.js";

const SEPARATOR = " \\n "; // a space, the two characters backslash and n, a space
const GLYPH = { true: "✓", false: "✗", null: "?" };
const WORD = { true: "True", false: "False", null: "Unknown" };

/** A section of the flow, with its number and title. */
export function step(number, title, note, ...children) {
  return h("section", { class: "step" },
    h("h2", {}, h("span", { class: "number", text: number }), title,
      note ? h("span", { class: "note", text: note }) : null),
    ...children);
}

/** An example's four steps: example, question record, statements, declarative records. */
export function exampleSteps(example) {
  return [
    step(2, "Example", example.kind.replace("_", " "), exampleCard(example)),
    step(3, "Question record", null, questionRecord(example)),
    step(4, "Statements", null, statements(example)),
    step(5, "Declarative records", null, declaratives(example)),
  ];
}

/** A question record, its parts coloured and its separators visible. */
export function questionRecord(example, reserved = true) {
  const roles = ["question", ...(hasChoices(example) ? ["choices"] : []), "context"];
  return h("div", { class: "record" },
    h("p", { class: "text" }, parts(example.input, roles)),
    reserved ? output(example.output) : null);
}

/** How a choice is named: (a); a reference of free text 1; yes and no have no name. */
const nameOf = (kind, place) => ({ multiple_choice: letter(place), free_text: String(place + 1) })[kind];

/** A sentence with its choice and converter, an optional tag, and more elements below. */
export function sentenceCard(statement, kind, tag = null, ...more) {
  const name = nameOf(kind, statement.choice);
  return h("li", { class: "sentence" },
    h("p", { class: "sentence-text", text: statement.sentence }),
    h("p", { class: "from" },
      name ? h("span", { text: name }) : null,
      h("span", { text: statement.via, title: `made by: ${statement.via}` }),
      doubt(statement.confidence),
      statement.masked ? h("span", { class: "flag", text: "masked from the loss" }) : null,
      tag ? h("span", { class: "tag", text: tag }) : null),
    ...more);
}

/** The confidence in a sentence that was made, marked where it is low; nothing if it is given. */
function doubt(confidence) {
  if (confidence === null || confidence === undefined || confidence === 1) return null;
  return h("span", { class: confidence < 0.5 ? "flag" : null, text: `confidence ${confidence.toFixed(2)}`,
    title: "the probability that a careful person would have written it" });
}

function exampleCard(example) {
  const golds = new Set(example.golds ?? []);
  return h("div", { class: "card example" },
    h("p", { class: "question", text: example.question || "(no question)" }),
    example.choices.length ? h("ol", { class: "options" }, example.choices.map((choice, place) =>
      h("li", { class: golds.has(place) ? "gold" : null },
        h("span", { class: "letter", text: nameOf(example.kind, place) }),
        h("span", { text: choice || "(empty)" }),
        golds.has(place) ? h("span", { class: "tag", text: goldTag(example) }) : null))) : null,
    noAnswer(example) ? h("p", { class: "hint", text: noAnswer(example) }) : null,
    example.context ? h("p", { class: "context" },
      h("span", { class: "label", text: "context" }), example.context) : null,
    h("p", { class: "from" }, h("span", { text: example.id }),
      example.flags.map((flag) => h("span", { class: "flag", text: flag }))));
}

const inParts = ({ flags }) => flags.includes("answer-in-parts");

function goldTag({ kind, flags }) {
  if (kind !== "free_text") return "gold";
  return inParts({ flags }) ? "part of the answer" : "right";
}

/** Why an example has no gold; null if it has one. */
function noAnswer({ kind, golds }) {
  if (golds === null) return "The answer is hidden in this split.";
  if (golds.length) return null;
  return kind === "free_text" ? "The question is unanswerable: its output is <No Answer>." : "None of the choices is right.";
}

function statements(example) {
  if (!example.statements.length) {
    const why = noAnswer(example);
    return h("p", { class: "empty", text: why ? `No statements. ${why}` : "No statements." });
  }
  // Of free text only true ones are made, of a yes/no question the one that says yes.
  const made = [true, false].filter((l) => example.statements.some((one) => one.label === l));
  if (!hasChoices(example) && made.length) return h("div", { class: "sides" }, made.map((label) => side(example, label)));
  const labels = example.statements.some((one) => one.label === null)
    ? [null, ...[true, false].filter((l) => example.statements.some((one) => one.label === l))]
    : [true, false];
  return h("div", { class: "sides" }, labels.map((label) => side(example, label)));
}

function side(example, label) {
  const those = example.statements.filter((one) => one.label === label);
  return h("div", { class: `side is-${label}` },
    h("h3", {}, h("span", { "aria-hidden": "true", class: "glyph", text: GLYPH[label] }),
      WORD[label], h("span", { class: "count", text: those.length })),
    those.length
      ? h("ul", {}, those.map((one) => sentenceCard(one, inParts(example) ? null : example.kind)))
      : h("p", { class: "empty", text: `No ${WORD[label].toLowerCase()} statements.` }));
}

function declaratives(example) {
  if (!example.statements.length) {
    return h("p", { class: "empty", text: "No declarative records, since there are no statements." });
  }
  return h("ul", { class: "record lines" }, example.statements.map((one) =>
    h("li", {}, h("span", { class: "text" }, parts(one.input, ["sentence", "context"])),
      output(one.output))));
}

function output(text) {
  return text === null
    ? h("p", { class: "output unknown" }, h("b", { "aria-label": "gives", text: "→" }), "no output: the answer is hidden")
    : h("p", { class: "output" }, h("b", { "aria-label": "gives", text: "→" }), h("span", { text: text }));
}

function parts(text, roles) {
  const pieces = text.split(SEPARATOR);
  // If a text of the dataset contains the separator, the parts can't be told apart.
  const named = pieces.length <= roles.length;
  return pieces.flatMap((piece, place) => [
    ...(place ? [separator()] : []),
    h("span", { class: named ? `as-${roles[place]}` : null, title: named ? roles[place] : null,
      text: piece }),
  ]);
}

function separator() {
  const space = () => h("span", { class: "space", text: " " });
  return h("span", { class: "separator", title: "the separator: space, backslash, n, space" },
    space(), "\\n", space());
}

const hasChoices = (example) => example.kind === "multiple_choice";

/** "1 example, 2 statements". */
export function tally(examples) {
  const made = examples.reduce((sum, example) => sum + example.statements.length, 0);
  return `${counted(examples.length, "example")}, ${counted(made, "statement")}`;
}

/** Grey placeholder lines, so that the layout does not shift when the answer arrives. */
export function skeleton(count) {
  const lines = () => [h("span", { class: "bone" }), h("span", { class: "bone short" })];
  return h("div", { class: "skeleton", "aria-hidden": "true" },
    Array.from({ length: count }, () => h("div", { class: "card" }, lines())));
}
