/** The view Quiz: the visitor's answers against the gold, and against the model if it is loaded. */

import { grouped, PARTITIONS } from "./convert.js";
import { deal } from "./deck.js";
import { $, counted, h } from "./dom.js";
import { endCard } from "./endcard.js";
import { points, Score } from "./score.js";

const MIXES = { all: "A mix of all datasets", ...PARTITIONS };
const COUNTS = [5, 10, 20];
const CLOCKS = { 30: "30 s each", 15: "15 s each", 0: "No clock" };

/** The view: the questions, the current one, and the score. */
export class Quiz {
  #datasets;
  #vera;
  #chosen = { from: "all", count: 10, clock: 30 };
  #questions = [];
  #score = null;
  #open = false; // a question waits for an answer
  #since = 0;
  #ticking;

  constructor(datasets, models) {
    this.#datasets = datasets;
    this.#vera = models.score;
    document.addEventListener("keydown", (event) => this.#keyed(event));
    this.#start();
  }

  /** End a running quiz. */
  stop() {
    if (this.#score && this.#score.answers.length < this.#questions.length) this.#start();
  }

  #start(message = null) {
    this.#halt();
    this.#score = null;
    const compared = this.#vera ? "the gold answers and with Vera's" : "the gold answers";
    $("quiz").replaceChildren(
      h("p", { class: "lead", text: `Answer sample questions. Your answers are compared with ${compared}.` }),
      h("form", { class: "card setup", on: { submit: (event) => { event.preventDefault(); this.#deal(); } } },
        this.#select("Questions", "from", [
          h("optgroup", { label: "A mix" }, Object.entries(MIXES).map(([value, text]) => h("option", { value, text }))),
          ...grouped(this.#datasets)]),
        this.#select("How many", "count", COUNTS.map((value) => h("option", { value, text: value }))),
        this.#select("Clock", "clock", Object.entries(CLOCKS).reverse().map(([value, text]) => h("option", { value, text }))),
        h("div", { class: "actions" },
          h("button", { type: "submit", class: "primary", text: "Start" }),
          h("span", { class: "status", role: "status", text: message })),
        h("p", { class: "hint", text: "The questions are sample rows invented for this project. " +
          "Press 1 to 9 to answer, Enter for the next question." })));
  }

  #select(label, name, options) {
    const select = h("select", { id: `quiz-${name}`,
      on: { change: () => { this.#chosen[name] = select.value; } } }, options);
    select.value = String(this.#chosen[name]);
    return h("div", { class: "field" }, h("label", { for: `quiz-${name}`, text: label }), select);
  }

  #names() {
    const { from } = this.#chosen;
    const names = (those) => those.map((one) => one.name);
    if (from === "all") return names(this.#datasets);
    const those = this.#datasets.filter((one) => one.partition === from);
    return those.length || from in MIXES ? names(those) : [from];
  }

  async #deal() {
    const card = $("quiz").querySelector(".setup");
    const [button, status] = [card.querySelector("button"), card.querySelector(".status")];
    button.disabled = true;
    status.textContent = "Loading questions …";
    try {
      this.#questions = await deal(this.#names(), Number(this.#chosen.count), this.#vera !== null);
    } catch (error) {
      if (!error.first) throw error;
      this.#start(error.message);
      return;
    }
    // The visitor may have changed the view meanwhile.
    if (!this.#questions.length || !card.isConnected || $("view-quiz").hidden) {
      this.#start(this.#questions.length ? null : "No sample row of this dataset can be used in a quiz.");
      return;
    }
    this.#score = new Score(this.#questions, Number(this.#chosen.clock));
    this.#ask();
  }

  #ask() {
    const place = this.#score.answers.length;
    const question = this.#questions[place];
    const { clock } = this.#score;
    const options = question.choices.map((choice, number) =>
      h("button", { type: "button", class: "option", on: { click: () => this.#answer(number) } },
        h("kbd", { text: number + 1 }), h("span", { class: "choice-text", text: choice }),
        h("span", { class: "verdict" })));
    const title = h("p", { class: "quiz-question", id: "quiz-question", tabindex: "-1", text: question.question });
    $("quiz").replaceChildren(h("article", { class: "card round", "aria-labelledby": "quiz-question" },
      this.#head(place, question),
      h("div", { class: "clock", "aria-hidden": "true" },
        clock ? h("span", { class: "sand", vars: { "--clock": `${clock}s` } }) : null),
      question.context ? h("p", { class: "context", text: question.context }) : null,
      title,
      h("div", { class: "options-list", role: "group", "aria-label": "Choices" }, options),
      h("div", { class: "after" }, h("p", { class: "feedback", role: "status", text: "Which answer is right?" }),
        h("button", { type: "button", class: "primary next", disabled: true, text: "Next",
          on: { click: () => this.#next() } }))));
    title.focus({ preventScroll: true });
    this.#open = true;
    this.#since = performance.now();
    if (clock) this.#tick();
  }

  #head(place, question) {
    const { streak, points: total } = this.#score;
    return h("header", { class: "round-head" },
      h("span", { text: `${place + 1} of ${this.#questions.length}` }),
      h("span", { class: "dataset", text: question.dataset }),
      h("span", { class: "streak", text: streak > 1 ? `${streak} in a row` : "" }),
      h("span", { class: "points", text: counted(total, "point") }),
      h("span", { class: "left", "aria-hidden": "true" }));
  }

  #tick() {
    const left = $("quiz").querySelector(".left");
    const step = () => {
      const seconds = this.#score.clock - (performance.now() - this.#since) / 1000;
      left.textContent = `${Math.max(0, Math.ceil(seconds))} s`;
      if (seconds <= 0) this.#answer(null);
    };
    step();
    this.#ticking = setInterval(step, 200);
  }

  #halt() {
    clearInterval(this.#ticking);
    this.#open = false;
  }

  /** Answer with choice `number`; null: the time is up. */
  #answer(number) {
    if (!this.#open) return;
    this.#halt();
    const seconds = (performance.now() - this.#since) / 1000;
    const question = this.#questions[this.#score.answers.length];
    const answer = this.#score.add(number, seconds);
    $("quiz").querySelectorAll(".option").forEach((option, place) => {
      this.#judge(option, place, question, number);
    });
    const gained = answer.right ? `Right: ${counted(points(answer, this.#score.clock), "point")}.`
      : number === null ? "Time is up." : "Wrong.";
    const statement = question.statements.find((one) => one.label === true);
    const round = $("quiz").querySelector(".round");
    round.classList.add("done");
    round.querySelector(".feedback").replaceChildren(h("b", { text: gained }),
      ...(statement ? [" ", h("span", { class: "sentence-text", text: statement.sentence })] : []));
    const next = round.querySelector(".next");
    next.disabled = false;
    next.textContent = this.#score.answers.length < this.#questions.length ? "Next" : "See the result";
    next.focus({ preventScroll: true });
  }

  #judge(option, place, { golds, pick }, number) {
    option.disabled = true;
    const notes = [];
    if (golds.includes(place)) {
      option.classList.add("right");
      notes.push("✓ gold");
    } else if (place === number) {
      option.classList.add("wrong");
      notes.push("✗ you");
    }
    if (place === pick) notes.push("Vera");
    option.querySelector(".verdict").textContent = notes.join(" · ");
  }

  #next() {
    if (this.#score.answers.length < this.#questions.length) {
      this.#ask();
      return;
    }
    const again = () => this.#again();
    const card = endCard(this.#score, again, () => this.#start());
    $("quiz").replaceChildren(card);
    card.querySelector("h2").focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  #again() {
    this.#start();
    this.#deal();
  }

  #keyed(event) {
    if (!this.#open || $("view-quiz").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    const option = $("quiz").querySelectorAll(".option")[Number(event.key) - 1];
    if (/^[1-9]$/.test(event.key)) option?.click();
  }
}
