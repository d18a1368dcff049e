/** Copying a conversion: as text, JSON, a curl command or Python. */

import { keyed } from "./api.js";
import { $ } from "./dom.js";

/** What each button copies; `made` is `{body, answer}`, the request and its answer. */
export const AS = {
  text: ({ answer }) => records(answer).map(([input, output]) => `${input}\t${output}`).join("\n"),
  json: ({ answer }) => JSON.stringify(answer.items, null, 2),
  curl: ({ body }) => {
    const key = keyed() ? ' \\\n  -H "Authorization: Bearer $UQA_API_KEY"' : "";
    const data = JSON.stringify(body).replaceAll("'", "'\\''");
    return `curl -s ${address()} \\\n  -H 'Content-Type: application/json'${key} \\\n  -d '${data}'`;
  },
  python: ({ body }) => {
    const key = keyed() ? ', "Authorization": "Bearer " + os.environ["UQA_API_KEY"]' : "";
    return [
      `import json${key ? "\nimport os" : ""}`,
      "from urllib.request import Request, urlopen",
      "",
      `body = json.loads(${JSON.stringify(JSON.stringify(body))})`,
      `headers = {"Content-Type": "application/json"${key}}`,
      `request = Request("${address()}", json.dumps(body).encode(), headers)`,
      "for item in json.load(urlopen(request))[\"items\"]:",
      "    for example in item[\"examples\"]:",
      '        print(example["input"], "->", example["output"])',
      '        for statement in example["statements"]:',
      '            print(statement["label"], statement["sentence"])',
    ].join("\n");
  },
};

/** Copy a text to the clipboard and show a message. */
export async function copy(text, what) {
  toast((await written(text)) ? `Copied ${what}.` : "The browser does not allow this page to copy.");
}

async function written(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return selected(text); // navigator.clipboard does not exist over plain HTTP
  }
}

function selected(text) {
  const area = document.createElement("textarea");
  const focused = document.activeElement;
  area.className = "hidden";
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}

let fading;

function toast(text) {
  clearTimeout(fading);
  $("toast").textContent = text;
  $("toast").classList.add("shown");
  fading = setTimeout(() => $("toast").classList.remove("shown"), 2500);
}

const address = () => `${location.origin}/v1/convert`;

function records(answer) {
  return answer.items.flatMap((item) => item.examples).flatMap((example) => [
    [example.input, example.output ?? "-"],
    ...example.statements.map((statement) => [statement.input, statement.output]),
  ]);
}
