// Brings the lists in public/index.html up to date: every module of the program, so that the browser asks for all of them at
// once instead of one import after another, and every element's style. `npm run head`; a test says when it is due.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export const PUBLIC = new URL('../public/', import.meta.url);
const PAGE = new URL('index.html', PUBLIC);
const IMPORT = /^(?:import|export)\s[^'"]*?['"](\.[^'"]+)['"]/gm;

/** Every module that the program consists of, the one that begins apart. */
export async function modules() {
  const found = new Set([new URL('main.js', PUBLIC).href]);
  for (const module of found) {
    const text = await readFile(new URL(module), 'utf8');
    for (const [, name] of text.matchAll(IMPORT)) found.add(new URL(name, module).href);
  }
  const [program, ...others] = [...found].map((module) => `/${module.slice(PUBLIC.href.length)}`);
  return { program, others: others.sort() };
}

/** Every style, the general ones first; those of calls and rooms come with their programs. */
export async function styles() {
  const all = (await readdir(new URL('ui/', PUBLIC), { recursive: true })).filter((name) => name.endsWith('.css') && !/^(?:call|room)-/.test(name)).sort();
  const general = ['tokens.css', 'base.css'];
  return [...general, ...all.filter((name) => !general.includes(name))].map((name) => `/ui/${name}`);
}

/** The page with these lists in place of those that it has. */
export async function page() {
  const text = await readFile(PAGE, 'utf8');
  const { program, others } = await modules();
  const links = [
    ...(await styles()).map((href) => `<link rel="stylesheet" href="${href}" />`),
    ...others.map((href) => `<link rel="modulepreload" href="${href}" />`),
    `<script type="module" src="${program}"></script>`,
  ];
  const lists = /(?: *<link rel="(?:stylesheet|modulepreload)"[^\n]*\n)+ *<script type="module"[^\n]*\n/;
  return { text, wanted: text.replace(lists, links.map((link) => `    ${link}\n`).join('')) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(PAGE, (await page()).wanted);
