/** The quiz's questions: converted sample rows with golds, and the model's picks if it is loaded. */

import { get, post } from "./api.js";

const KEYS = 9; // choices that can be answered with a digit
const AT_ONCE = 4; // datasets loaded at once
const OF_ONE = 2; // maximum questions of one dataset in a mix

const known = new Map(); // dataset name → its questions

/**
 * Up to `count` questions of these datasets, in random order:
 * `{dataset, question, context, choices, golds, statements, pick}`; golds and pick are positions.
 */
export async function deal(names, count, vera) {
  const most = names.length > 1 ? OF_ONE : count;
  const queue = shuffled(names);
  const dealt = [];
  const spare = [];
  const seen = new Set(); // sizes and versions of a dataset share sample rows
  while (dealt.length < count && queue.length) {
    const decks = await Promise.all(queue.splice(0, AT_ONCE).map(questionsOf));
    for (const deck of decks) {
      const fresh = shuffled(deck).filter(({ key }) => !seen.has(key) && seen.add(key));
      dealt.push(...fresh.slice(0, most));
      spare.push(...fresh.slice(most));
    }
  }
  const questions = shuffled([...dealt.slice(0, count), ...shuffled(spare)].slice(0, count));
  if (vera) await Promise.all(questions.map(letVeraPick));
  return questions;
}

async function questionsOf(name) {
  if (!known.has(name)) known.set(name, await load(name));
  return known.get(name);
}

async function load(name) {
  const { samples } = await get(`/v1/datasets/${encodeURIComponent(name)}`);
  for (const { split, rows } of samples) {
    const { items } = await post("/v1/convert", { dataset: name, split, rows });
    const questions = items.flatMap((item) => item.examples ?? []).filter(playable);
    if (questions.length) {
      return questions.map((example) => ({
        ...example,
        dataset: name,
        pick: null,
        key: JSON.stringify([example.question, example.context, example.choices]),
      }));
    }
  }
  return [];
}

/** Whether an example has exactly one gold and few enough, distinct choices. */
function playable({ choices, golds, question, flags }) {
  const texts = new Set(choices.map((choice) => choice.trim().toLowerCase()));
  const clear = golds?.length === 1 && !flags.length && texts.size === choices.length && !texts.has("");
  return clear && question.trim() !== "" && choices.length >= 2 && choices.length <= KEYS;
}

async function letVeraPick(question) {
  const statements = question.statements.filter((one) => !one.masked);
  if (!statements.length || question.pick !== null) return;
  const items = statements.map((one) => ({ statement: one.sentence, context: question.context }));
  const { items: found } = await post("/v1/score", { items });
  const scores = found.map((item) => item.score ?? -1);
  const best = scores.indexOf(Math.max(...scores));
  if (statements.length === question.choices.length) question.pick = statements[best].choice;
  // A yes/no question has only the statement of "yes".
  else if (question.kind === "yes_no") question.pick = scores[0] >= 0.5 ? 0 : 1;
}

function shuffled(list) {
  const copy = [...list];
  for (let place = copy.length - 1; place > 0; place -= 1) {
    const other = Math.floor(Math.random() * (place + 1));
    [copy[place], copy[other]] = [copy[other], copy[place]];
  }
  return copy;
}
