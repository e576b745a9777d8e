// Parses a diagram with Mermaid itself and prints what it understood, entities undone.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.cwd()}/package.json`);
const { JSDOM } = require('jsdom');
const { window } = new JSDOM('');
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import(
  `${process.cwd()}/node_modules/mermaid/dist/mermaid.core.mjs`
);
mermaid.initialize({ startOnLoad: false });
const text = readFileSync(process.argv[2], 'utf8');
const { diagramType } = await mermaid.parse(text);
const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
// Mermaid keeps `#59;` as a placeholder until it draws.
const undo = (said) => said.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(code));
console.log(
  JSON.stringify({
    type: diagramType,
    actors: [...db.getActors().values()].map((actor) => undo(actor.description)),
    messages: db.getMessages().map(({ from, to, message }) => [from, to, undo(message)]),
  }),
);
