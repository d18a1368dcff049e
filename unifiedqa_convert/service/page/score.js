/** The quiz's score: what was answered, how fast, how many in a row. */

const RIGHT = 100;
const FAST = 50; // at most, for an answer in no time

/** Points for one answer: for being right, and for the time that was left. */
export function points({ right, seconds }, clock) {
  if (!right) return 0;
  return RIGHT + (clock ? Math.round(FAST * Math.max(0, 1 - seconds / clock)) : 0);
}

/** The answers to a deck's questions, in order. */
export class Score {
  answers = []; // {question, number, right, seconds}

  constructor(questions, clock) {
    this.questions = questions;
    this.clock = clock;
  }

  /** Note an answer, null for none in time, and give it back. */
  add(number, seconds) {
    const question = this.questions[this.answers.length];
    const answer = { question, number, seconds, right: question.golds.includes(number) };
    this.answers.push(answer);
    return answer;
  }

  get right() {
    return this.answers.filter((answer) => answer.right).length;
  }

  get points() {
    return this.answers.reduce((sum, answer) => sum + points(answer, this.clock), 0);
  }

  /** Right answers in a row up to now. */
  get streak() {
    return this.answers.length - 1 - this.answers.findLastIndex((answer) => !answer.right);
  }

  /** The longest such row. */
  get best() {
    let [best, now] = [0, 0];
    for (const { right } of this.answers) {
      now = right ? now + 1 : 0;
      best = Math.max(best, now);
    }
    return best;
  }

  /** Seconds per answer. */
  get pace() {
    return this.answers.reduce((sum, { seconds }) => sum + seconds, 0) / this.answers.length;
  }

  /** Whether the model's pick is the gold, by question; null where it has none. */
  get picks() {
    return this.questions.map(({ golds, pick }) => (pick === null ? null : golds.includes(pick)));
  }

  /** How often the model's pick is the gold, of the questions it has one for; null without any. */
  get rival() {
    const picked = this.picks.filter((right) => right !== null);
    return picked.length ? { right: picked.filter(Boolean).length, of: picked.length } : null;
  }
}
