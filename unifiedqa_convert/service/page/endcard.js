/** The result card at the end of a quiz. */

import { copy } from "./copy.js";
import { counted, h, letter } from "./dom.js";

/** The card; `again` and `change` start a new quiz. */
export function endCard(score, again, change) {
  const { right, answers } = score;
  const share = () => copy(asText(score), "the result");
  return h("article", { class: "card end" },
    h("h2", { tabindex: "-1", "aria-label": `${right} of ${answers.length} right` },
      h("span", { class: "big", text: right }), h("span", { class: "of", text: `/ ${answers.length}` })),
    h("p", { class: "sentence-text", text: verdict(score) }),
    h("div", { class: "duel" },
      strip("You", answers, answers.map((answer) => answer.right)),
      score.rival ? strip("Vera", answers, score.picks) : null),
    h("dl", { class: "figures" }, figures(score).map(([name, value]) =>
      h("div", {}, h("dt", { text: name }), h("dd", { text: value })))),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "primary", text: "Play again", on: { click: again } }),
      h("button", { type: "button", text: "Copy the result", on: { click: share } }),
      h("button", { type: "button", class: "quiet", text: "Other questions", on: { click: change } })),
    review(answers));
}

/** The result as text to paste. */
export function asText(score) {
  const squares = (rights) => rights.map((right) => SQUARE[right]).join("");
  const lines = [
    `unifiedqa-convert quiz: ${score.right} of ${score.answers.length}`,
    squares(score.answers.map((answer) => answer.right)),
    ...(score.rival ? [`${squares(score.picks)} Vera`] : []),
  ];
  return [...lines, figures(score).map(([name, value]) => `${name} ${value}`).join(", ")].join("\n");
}

const SQUARE = { true: "🟩", false: "🟥", null: "⬜" };
const MARK = { true: ["right", "✓"], false: ["wrong", "✗"], null: ["none", "–"] };

function verdict(score) {
  const missed = score.answers.length - score.right;
  const model = score.rival;
  const you = missed === 0 ? "All answers are right."
    : missed === score.answers.length ? "No answer is right."
    : `${counted(missed, "wrong answer")}.`;
  if (!model || model.of < score.answers.length) return you;
  if (model.right === score.right) return `${you} Vera has as many right as you.`;
  const ahead = Math.abs(model.right - score.right);
  return `${you} ${model.right > score.right ? "Vera is" : "You are"} ahead by ${ahead}.`;
}

function figures(score) {
  return [
    ["points", String(score.points)],
    ["best streak", String(score.best)],
    ["seconds each", score.pace.toFixed(1)],
    ...(score.rival ? [["Vera", `${score.rival.right} of ${score.rival.of}`]] : []),
  ];
}

function strip(who, answers, rights) {
  const tiles = rights.map((right, place) => {
    const [word, glyph] = MARK[right];
    return h("li", { class: word, title: answers[place].question.dataset },
      h("span", { "aria-hidden": "true", text: glyph }), h("span", { class: "hidden", text: word }));
  });
  return h("div", {}, h("span", { class: "who", text: who }),
    h("ol", { class: "strip", "aria-label": who, vars: { "--columns": String(Math.min(tiles.length, 10)) } }, tiles));
}

function review(answers) {
  return h("details", { class: "review" }, h("summary", { text: "Show the answers" }),
    h("ol", {}, answers.map(({ question, number, right, seconds }) => {
      const [gold] = question.golds;
      const answered = number === null ? "no answer in time" : `${letter(number)} ${question.choices[number]}`;
      return h("li", { class: right ? "right" : "wrong" },
        h("p", { class: "question", text: question.question }),
        h("p", {}, right ? "✓ your answer and the gold: " : "✗ your answer: ", h("b", { text: answered }),
          right ? null : [", the gold: ", h("b", { text: `${letter(gold)} ${question.choices[gold]}` })]),
        h("p", { class: "from" }, h("span", { text: question.dataset }),
          h("span", { text: `${seconds.toFixed(1)} s` })));
    })));
}
