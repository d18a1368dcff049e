/** The quiz's score: answers, times, points and streaks. */

const RIGHT = 100;
const FAST = 50; // maximum, for an immediate answer

/** Points for one answer: for being right, and for the time left. */
export function points({ right, seconds }, clock) {
  if (!right) return 0;
  return RIGHT + (clock ? Math.round(FAST * Math.max(0, 1 - seconds / clock)) : 0);
}

/** The answers to the questions, in order. */
export class Score {
  answers = []; // {question, number, right, seconds}

  constructor(questions, clock) {
    this.questions = questions;
    this.clock = clock;
  }

  /** Add an answer (null: none in time) and return it. */
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

  /** Number of right answers in a row at the end. */
  get streak() {
    return this.answers.length - 1 - this.answers.findLastIndex((answer) => !answer.right);
  }

  /** The longest streak. */
  get best() {
    let [best, now] = [0, 0];
    for (const { right } of this.answers) {
      now = right ? now + 1 : 0;
      best = Math.max(best, now);
    }
    return best;
  }

  /** Mean seconds per answer. */
  get pace() {
    return this.answers.reduce((sum, { seconds }) => sum + seconds, 0) / this.answers.length;
  }

  /** For each question whether the model's pick is the gold; null if it has none. */
  get picks() {
    return this.questions.map(({ golds, pick }) => (pick === null ? null : golds.includes(pick)));
  }

  /** The model's right picks and number of picks; null if it has none. */
  get rival() {
    const picked = this.picks.filter((right) => right !== null);
    return picked.length ? { right: picked.filter(Boolean).length, of: picked.length } : null;
  }
}
