/** The view Ask: a free question, its answers, a statement for each, and Vera's scores. */

import { post } from "./api.js";
import { $, counted, h, letter } from "./dom.js";
import { questionRecord, sentenceCard, skeleton, step } from "./show.js";

const MOST = 26;
const EXAMPLES = [
  { question: "Where would you put a wet umbrella?", choices: ["in the hall", "in bed", "on the bookshelf"] },
  { question: "What do people usually do before they go to sleep?", choices: ["brush their teeth", "mow the lawn"] },
  { question: "Can a penguin fly?", kind: "yes_no" },
  { question: "What do bees make?", kind: "free_text", choices: ["honey", "wax"] },
];

/** The view: the inputs of the choices, and the running request. */
export class Ask {
  #vera;
  #running = null;

  constructor(models) {
    this.#vera = models.score !== null;
    $("choice-add").addEventListener("click", () => this.#add("").focus());
    for (const radio of document.querySelectorAll("input[name=kind]")) {
      radio.addEventListener("change", () => this.#switch());
    }
    $("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    $("question").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      $("ask").requestSubmit();
    });
    this.#fill({ question: "", choices: ["", ""] });
    this.#invite();
  }

  get #inputs() {
    return [...$("choices").querySelectorAll("input")];
  }

  /** choices, yes_no or free_text. */
  get #kind() {
    return document.querySelector("input[name=kind]:checked").value;
  }

  get #yesNo() {
    return this.#kind === "yes_no";
  }

  #fill({ question, choices = ["", ""], kind = "choices" }) {
    $("question").value = question;
    document.querySelector(`input[value=${kind}]`).checked = true;
    $("choices").replaceChildren();
    choices.forEach((choice) => this.#add(choice));
    this.#switch();
  }

  #switch() {
    $("choices").hidden = $("choice-add").hidden = this.#yesNo;
    this.#letter();
  }

  #add(text) {
    const input = h("input", { type: "text", value: text, autocomplete: "off" });
    const remove = h("button", { type: "button", class: "small quiet", text: "×" });
    const row = h("div", { class: "choice" }, h("span", { class: "letter", "aria-hidden": "true" }),
      input, remove, h("div", { class: "error" }));
    input.addEventListener("keydown", (event) => this.#keyed(event, input));
    remove.addEventListener("click", () => {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      this.#letter();
      next.querySelector("input").focus();
    });
    $("choices").append(row);
    this.#letter();
    return input;
  }

  #letter() {
    const rows = [...$("choices").children];
    const free = this.#kind === "free_text";
    rows.forEach((row, place) => {
      const name = free ? String(place + 1) : letter(place);
      row.querySelector(".letter").textContent = name;
      const [input, remove, error] = [row.querySelector("input"), row.querySelector("button"), row.querySelector(".error")];
      error.id = `choice-${place}-error`;
      input.setAttribute("aria-label", `${free ? "Answer" : "Choice"} ${name}`);
      input.setAttribute("aria-describedby", error.id);
      remove.setAttribute("aria-label", `Remove ${free ? "answer" : "choice"} ${name}`);
      remove.disabled = rows.length < 2;
    });
    $("choice-add").disabled = rows.length >= MOST;
  }

  /** Enter moves to the next choice; in the last one it submits. */
  #keyed(event, input) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const inputs = this.#inputs;
    const next = inputs[inputs.indexOf(input) + 1];
    if (next && !next.value) next.focus();
    else $("ask").requestSubmit();
  }

  #invite() {
    $("ask-result").replaceChildren(h("div", { class: "empty invite" },
      h("p", { text: "The statements will be shown here. Examples to try:" }),
      EXAMPLES.map((example) => h("button", { type: "button", class: "quiet", text: example.question,
        on: { click: () => { this.#fill(example); $("ask").requestSubmit(); } } }))));
  }

  async #ask() {
    this.#running?.abort();
    this.#clear();
    const question = $("question").value;
    const answers = this.#yesNo ? ["yes", "no"] : this.#inputs.map((input) => input.value);
    if (this.#missing(question, answers)) return;
    const context = $("context").value.trim() || null;
    const running = (this.#running = new AbortController());
    if (!$("ask-result").querySelector(".step")) $("ask-result").replaceChildren(skeleton(3));
    $("ask-result").setAttribute("aria-busy", "true");
    try {
      const made = await this.#made(question, answers, context, running.signal);
      this.#show(made);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!error.first) throw error;
      if ($("ask-result").querySelector(".skeleton")) this.#invite();
      this.#complain(error.first);
    } finally {
      if (running === this.#running) $("ask-result").setAttribute("aria-busy", "false");
    }
  }

  async #made(question, answers, context, signal) {
    const kind = this.#kind === "choices" ? "multiple_choice" : this.#kind;
    const example = { question, context, ...(kind === "multiple_choice" && { choices: answers }) };
    const items = answers.map((answer) => ({ question, answer }));
    const [declared, encoded] = await Promise.all([
      post("/v1/declare", { items }, signal),
      post("/v1/encode", { items: [example] }, signal),
    ]);
    const statements = declared.items.map((item, choice) => ({
      choice, answer: answers[choice], sentence: item.statement ?? "", via: item.via ?? "", confidence: item.confidence, problem: item.problem,
    }));
    const good = statements.filter((one) => !one.problem);
    if (this.#vera && good.length) {
      const toScore = good.map((one) => ({ statement: one.sentence, context }));
      const scored = await post("/v1/score", { items: toScore }, signal);
      scored.items.forEach((item, place) => { Object.assign(good[place], { score: item.calibrated ?? item.score, unseen: unseen(item) }); });
    }
    return { record: { ...encoded.items[0], kind }, statements };
  }

  #show({ record, statements }) {
    const best = Math.max(...statements.map((one) => one.score ?? -1));
    const cards = statements.filter((one) => !one.problem).map((one) =>
      one.score === undefined ? sentenceCard(one, record.kind)
        : sentenceCard(one, record.kind, one.score === best ? "most plausible" : null, bar(one.score, one.score === best),
          one.unseen && h("p", { class: "hint", text: one.unseen })));
    $("ask-result").replaceChildren(
      step(1, "Question record", null, questionRecord(record, false)),
      step(2, "Statements", this.#vera ? "with plausibility scores" : null,
        h("ul", { class: "answers" }, cards),
        this.#vera ? null : h("p", { class: "hint" }, "To score how plausible each statement is: ",
          h("code", { text: "uqa model fetch smol" }), ", then start the service again, or start it with ",
          h("code", { text: "--vera MODEL" }), ".")));
    $("ask-status").textContent = counted(cards.length, "statement");
    const failed = statements.find((one) => one.problem);
    if (failed) this.#complain(failed.problem);
  }

  #missing(question, answers) {
    if (!question.trim()) return this.#complain({ field: "question", detail: "Write a question." });
    const empty = answers.findIndex((answer) => !answer.trim());
    if (empty >= 0) return this.#complain({ field: "answer", item: empty, detail: "Write an answer, or remove it." });
    return false;
  }

  #clear() {
    for (const error of $("ask").querySelectorAll(".error")) error.replaceChildren();
    for (const input of $("ask").querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
    $("ask-status").textContent = "";
  }

  /** Show an error at the input that it concerns. */
  #complain({ field, item, detail }) {
    const input = field === "answer" || field === "choices" ? this.#inputs[item ?? 0]
      : field === "question" || field === "context" ? $(field) : null;
    const place = input && $(input.getAttribute("aria-describedby"));
    (place ?? $("ask-error")).replaceChildren(h("p", { text: detail }));
    input?.setAttribute("aria-invalid", "true");
    input?.closest("details")?.setAttribute("open", "");
    input?.focus();
    return true;
  }
}

/** What the model did not see of a text, in words; null if it saw all. */
function unseen({ tokens_cut_off: lost, tokens, unknown_tokens: unknown, same_tokens: same }) {
  const said = [
    lost ? `too long for the model: ${lost} of its ${lost + tokens} tokens were cut off` : null,
    unknown ? `${unknown} of its ${tokens} tokens are unknown to the model` : null,
    same ? "another statement has the same tokens, and so the same score" : null,
  ].filter(Boolean).join("; ");
  return said ? `${said[0].toUpperCase()}${said.slice(1)}.` : null;
}

function bar(score, best) {
  const percent = (score * 100).toFixed(1);
  return h("div", { class: best ? "score best" : "score" },
    h("div", { class: "bar", role: "meter", "aria-label": "plausible", "aria-valuemin": "0",
      "aria-valuemax": "100", "aria-valuenow": percent, vars: { "--share": String(score) } }),
    h("span", { class: "percent", text: `${percent} %` }));
}
