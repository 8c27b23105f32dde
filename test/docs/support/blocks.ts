// The code blocks of the README and the guides.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';

export const PROJECT = path.join(__dirname, '..', '..', '..');

/** Every page, by its path in the project. */
export const PAGES = ['README.md', ...readdirSync(path.join(PROJECT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

export interface Block {
  /** Page and line of its first line: `docs/message.md:12`. */
  readonly place: string;
  readonly page: string;
  /** The word behind the backticks. */
  readonly language: string;
  /** What stands behind the language: `nofixture`. */
  readonly options: string;
  readonly code: string;
}

export function pageText(page: string): string {
  return readFileSync(path.join(PROJECT, page), 'utf8');
}

/** All blocks, of all pages. */
export function blocks(): Block[] {
  return PAGES.flatMap((page) => {
    const text = pageText(page);
    return [...text.matchAll(/^```([\w-]*) *(.*)\n([^]*?)^```$/gm)].map(({ 1: language, 2: options, 3: code, index }) => (
      { place: `${page}:${text.slice(0, index).split('\n').length + 1}`, page, language, options, code }
    ));
  });
}

export const blocksOf = (...languages: string[]): Block[] => blocks().filter(({ language }) => languages.includes(language));
