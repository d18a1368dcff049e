/** Requests to the service's API. Every failure is an ApiError, with the field at fault if known. */

import { $ } from "./dom.js";

const KEY = "uqa-key";
const TRIES = 3;
const LONGEST_WAIT = 10;

/** A problem document (RFC 9457), or no answer at all. */
export class ApiError extends Error {
  constructor(problem) {
    super(problem.detail);
    this.kind = (problem.type ?? "").split(":").at(-1);
    this.errors = problem.errors ?? [];
    if (problem.field !== undefined) this.errors = [problem];
  }

  /** The first error of an item or field, else the problem as a whole. */
  get first() {
    return this.errors[0] ?? { detail: this.message };
  }
}

/** GET a JSON document. */
export const get = (path, signal) => send(path, { signal });

/** POST a JSON document and return the answer. */
export const post = (path, body, signal) =>
  send(path, {
    signal,
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });

/** Whether an API key was entered. */
export const keyed = () => key() !== null;

async function send(path, options) {
  for (let attempt = 1; ; attempt += 1) {
    const used = key();
    const response = await answer(path, options, used);
    if (response.ok) return response.json();
    const wait = Number(response.headers.get("retry-after"));
    if (response.status === 401) {
      // If the key was entered for another request meanwhile, try again without a second dialog.
      if (key() === used) await askForKey(options.signal);
    } else if (wait && wait <= LONGEST_WAIT && attempt < TRIES) {
      await new Promise((done) => setTimeout(done, wait * 1000));
    } else {
      throw new ApiError(await problem(response));
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
    throw new ApiError({ detail: "The service does not answer. Is uqa serve still running?" });
  }
}

async function problem(response) {
  const plain = { detail: `The service answered ${response.status}.` };
  return (response.headers.get("content-type") ?? "").includes("json") ? response.json() : plain;
}

let asking = null;

/** Ask for the key, in one dialog for all requests that wait for it. */
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
