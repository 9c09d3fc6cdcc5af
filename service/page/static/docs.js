// Draws /openapi.json: every route with its parameters, bodies, answers, and a curl line to start from.

const make = (tag, text, attributes = {}) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

/** Text with `code` in it, as nodes; line breaks inside a paragraph are only the source's. */
function prose(text) {
  const holder = make("div", "", { class: "prose" });
  for (const paragraph of (text ?? "").trim().split(/\n\s*\n/)) {
    const p = make("p");
    paragraph.split("`").forEach((part, i) => p.append(i % 2 ? make("code", part) : part.replace(/\s*\n\s*/g, " ")));
    holder.append(p);
  }
  return holder;
}

const api = await (await fetch("/openapi.json")).json();
const resolve = (schema) =>
  schema?.$ref ? resolve(api.components.schemas[schema.$ref.split("/").pop()]) : (schema ?? {});

/** A schema's type in a few words. */
function type(schema) {
  const name = schema?.$ref?.split("/").pop();
  const found = resolve(schema);
  if (found.anyOf) return [...new Set(found.anyOf.map(type))].filter((one) => one !== "null").join(" or ");
  if (found.enum) return found.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (found.type === "array") return `list of ${type(found.items)}`;
  if (name && found.properties) return name;
  return found.format && found.format !== "binary" ? found.format : (found.contentMediaType ? "file" : (found.type ?? "anything"));
}

/** An example of a schema: its own, else one made of its parts. */
function example(schema, depth = 0) {
  const found = resolve(schema);
  if (found.examples?.length) return found.examples[0];
  if (found.example !== undefined) return found.example;
  if (found.default !== undefined && found.default !== null && found.type !== "object") return found.default;
  if (depth > 5) return null;
  if (found.anyOf) return example(found.anyOf[0], depth + 1);
  if (found.enum) return found.enum[0];
  if (found.type === "array") return [example(found.items, depth + 1)];
  if (found.properties) {
    return Object.fromEntries(Object.entries(found.properties).map(([name, part]) => [name, example(part, depth + 1)]));
  }
  return { string: "…", integer: 1, number: 1, boolean: true, object: {} }[found.type] ?? null;
}

function limits(schema) {
  const found = resolve(schema);
  const parts = (found.anyOf ?? [found]).map(resolve);
  const one = (name) => parts.map((part) => part[name]).find((value) => value !== undefined);
  const said = [];
  const low = one("minimum") ?? one("exclusiveMinimum");
  const high = one("maximum") ?? one("exclusiveMaximum");
  if (low !== undefined || high !== undefined) said.push(`${low ?? "…"} to ${high ?? "…"}`);
  if (found.default !== undefined && found.default !== null) said.push(`default ${JSON.stringify(found.default)}`);
  return said.join(", ");
}

/** What a schema says of itself, or its first part that says something; and its limits. */
function meaning(schema, own) {
  const found = resolve(schema);
  const said = own ?? schema?.description ?? found.description ?? (found.anyOf ?? []).map((one) => resolve(one).description).find(Boolean);
  return prose([said ?? "", limits(schema)].filter(Boolean).join(" · "));
}

function table(rows) {
  const body = make("table");
  for (const cells of rows) {
    const row = body.insertRow();
    for (const cell of cells) row.insertCell().append(cell);
  }
  return body;
}

const code = (text) => make("code", text);

function fields(schema) {
  const found = resolve(schema);
  const required = new Set(found.required ?? []);
  return Object.entries(found.properties ?? {}).map(([name, part]) => [
    code(name),
    type(part) + (required.has(name) ? "" : ", optional"),
    meaning(part),
  ]);
}

function curl(method, path, operation) {
  const filled = path.replace(/\{(\w+)(:path)?\}/g, (_, name) => {
    const parameter = (operation.parameters ?? []).find((one) => one.name === name);
    return encodeURIComponent(parameter?.schema?.examples?.[0] ?? parameter?.example ?? name);
  });
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}'${location.origin}${filled}'`];
  const content = operation.requestBody?.content ?? {};
  if (content["multipart/form-data"]) lines.push("  -F photo=@photo.jpg");
  if (content["application/json"]) {
    lines.push("  -H 'Content-Type: application/json'");
    lines.push(`  -d '${JSON.stringify(example(content["application/json"].schema))}'`);
  }
  return lines.join(" \\\n");
}

function draw(path, method, operation) {
  const section = make("section", "", { class: "operation", id: operation.operationId });
  const heading = make("h3");
  heading.append(make("span", method, { class: "method" }), path);
  section.append(heading, prose(operation.description ?? operation.summary));
  const parameters = (operation.parameters ?? []).map((one) => [
    code(one.name),
    `${type(one.schema)}${one.required ? "" : ", optional"}`,
    meaning(one.schema, one.description),
  ]);
  if (parameters.length) section.append(make("h4", "Parameters"), table(parameters));
  for (const [kind, { schema, examples }] of Object.entries(operation.requestBody?.content ?? {})) {
    section.append(make("h4", `Body: ${kind}`), table(fields(schema)));
    for (const shown of Object.values(examples ?? {})) {
      const text = JSON.stringify(shown.value, null, 2);
      section.append(make("h4", `Example: ${shown.summary}`), prose(shown.description), make("pre", text, { tabindex: 0 }));
    }
  }
  section.append(make("h4", "Try"), make("pre", curl(method, path, operation), { tabindex: 0 }));
  for (const [status, answer] of Object.entries(operation.responses)) {
    const schema = answer.content?.["application/json"]?.schema;
    if (!status.startsWith("2") || !schema) continue;
    section.append(make("h4", `Answer ${status}`), make("pre", JSON.stringify(example(schema), null, 2), { tabindex: 0 }));
  }
  const failures = Object.entries(operation.responses).filter(([status]) => status >= "4");
  if (failures.length) {
    section.append(make("h4", "Failures"), table(failures.map(([status, one]) => [code(status), "", prose(one.description)])));
  }
  return section;
}

const main = document.getElementById("operations");
const contents = document.getElementById("contents");
const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);
for (const tag of api.tags) {
  const ours = operations.filter(({ operation }) => operation.tags?.includes(tag.name));
  if (!ours.length) continue;
  const group = make("section", "", { class: "group" });
  group.append(make("h2", tag.name), make("p", tag.description));
  contents.append(make("h2", tag.name));
  for (const { path, method, operation } of ours) {
    group.append(draw(path, method, operation));
    contents.append(make("a", `${method} ${path}`, { href: `#${operation.operationId}` }));
  }
  main.append(group);
}
const lead = prose(api.info.description);
lead.classList.add("lead");
document.getElementById("description").before(lead);
if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
