/** The service's API. Every failure is a Trouble, which knows the field that it concerns. */

import { $ } from "./dom.js";

const KEY = "uqa-key";
const TRIES = 3;
const LONGEST_WAIT = 10;

/** A problem document (RFC 9457), or that nobody answered. */
export class Trouble extends Error {
  constructor(problem) {
    super(problem.detail);
    this.kind = (problem.type ?? "").split(":").at(-1);
    this.errors = problem.errors ?? [];
    if (problem.field !== undefined) this.errors = [problem];
  }

  /** The first fault that names a field, else the problem as a whole. */
  get first() {
    return this.errors[0] ?? { detail: this.message };
  }
}

/** GET a document. */
export const get = (path, signal) => send(path, { signal });

/** POST a document, and get one. */
export const post = (path, body, signal) =>
  send(path, {
    signal,
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });

/** Whether the visitor had to give a key. */
export const keyed = () => key() !== null;

async function send(path, options) {
  for (let attempt = 1; ; attempt += 1) {
    const used = key();
    const response = await answer(path, options, used);
    if (response.ok) return response.json();
    const wait = Number(response.headers.get("retry-after"));
    if (response.status === 401) {
      // Another request may have got the key while this refusal was on its way: no second dialog.
      if (key() === used) await askForKey(options.signal);
    } else if (wait && wait <= LONGEST_WAIT && attempt < TRIES) {
      await new Promise((done) => setTimeout(done, wait * 1000));
    } else {
      throw new Trouble(await problem(response));
    }
  }
}

async function answer(path, options, used) {
  const headers = { ...options.headers };
  if (used !== null) headers.Authorization = `Bearer ${used}`;
  try {
    return await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble({ detail: "The service does not answer. Is uqa serve still running?" });
  }
}

async function problem(response) {
  const plain = { detail: `The service answered ${response.status}.` };
  return (response.headers.get("content-type") ?? "").includes("json") ? response.json() : plain;
}

let asking = null;

/** One dialog, however many requests wait for the key. */
function askForKey(signal) {
  asking ??= new Promise((done) => {
    const form = $("key-form");
    const given = (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEY, $("key-value").value.trim());
      $("key-value").value = "";
      form.removeEventListener("submit", given);
      $("key").close();
      asking = null;
      done();
    };
    form.addEventListener("submit", given);
    $("key").showModal();
  });
  return Promise.race([
    asking,
    new Promise((_, fail) => signal?.addEventListener("abort", () => fail(signal.reason))),
  ]);
}

const key = () => sessionStorage.getItem(KEY);
