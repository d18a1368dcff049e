/** A tolerant JSON tokenizer, for highlighting and for the position of a field's name. */

const TOKEN = /"(?:[^"\\\n]|\\.)*"?|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;

/**
 * The tokens of a text that may be incomplete JSON, in order: `{kind, start, end, path}`; kind is
 * key, string, number, word or mark; path (of keys only) is the field's, nested ones with dots.
 */
export function tokens(text) {
  const found = [];
  const open = []; // the enclosing objects and arrays: {array, name: key or index}
  for (const match of text.matchAll(TOKEN)) {
    const token = { start: match.index, end: match.index + match[0].length, text: match[0] };
    token.kind = kindOf(token, text, open.at(-1));
    if (token.kind === "key") {
      open.at(-1).name = unquoted(token.text);
      token.path = open.map((level) => level.name).join(".");
    }
    if (token.kind === "mark") follow(token.text, open);
    found.push(token);
  }
  return found;
}

/** The token of the field's name, or of the nearest enclosing field; null if there is none. */
export function placeOf(field, text) {
  const keys = tokens(text).filter((token) => token.kind === "key");
  const parts = field.split(".");
  for (let length = parts.length; length > 0; length -= 1) {
    const path = parts.slice(0, length).join(".");
    const token = keys.find((key) => key.path === path);
    if (token) return token;
  }
  return null;
}

/** The row as `{row}`, or the error as `{detail, at}`. */
export function parsed(text) {
  let row;
  try {
    row = JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec(error.message);
    const reason = error.message.split(/ in JSON| \(line|, "|, \.\.\."/)[0];
    return { detail: `Not JSON: ${reason}`, at: at ? Number(at[1]) : text.length };
  }
  const fine = row !== null && typeof row === "object" && !Array.isArray(row);
  return fine ? { row } : { detail: "A row is a JSON object: { … }", at: 0 };
}

function kindOf(token, text, around) {
  const first = token.text[0];
  if (first === '"') {
    const names = around && !around.array && /^\s*:/.test(text.slice(token.end));
    return names ? "key" : "string";
  }
  if (/[-\d]/.test(first)) return "number";
  return /[a-z]/.test(first) ? "word" : "mark";
}

function follow(mark, open) {
  if (mark === "{") open.push({ array: false, name: "" });
  else if (mark === "[") open.push({ array: true, name: 0 });
  else if (mark === "}" || mark === "]") open.pop();
  else if (mark === "," && open.at(-1)?.array) open.at(-1).name += 1;
}

function unquoted(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
