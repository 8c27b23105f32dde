// Every link of a page that leads to a file leads to one, and every anchor to a heading.
import { existsSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { PAGES, pageText, PROJECT } from './support/blocks';

const ALL_PAGES = [...PAGES, 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'examples/README.md'];

/** As GitHub makes it from a heading. */
function anchorOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
  return text.trim().toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
}

function anchors(text: string): string[] {
  const withoutCode = text.replace(/^```[^]*?^```$/gm, '');
  const counts = new Map<string, number>();
  return [...withoutCode.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => {
    const anchor = anchorOf(heading);
    const before = counts.get(anchor) ?? 0;
    counts.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

/** Where links lead that stay within the project: path in it, and anchor. */
function linksOf(page: string): { link: string; file: string; anchor?: string }[] {
  const text = pageText(page).replace(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link).filter((link) => !/^[a-z]+:/.test(link)).map((link) => {
    const [target, anchor] = link.split('#');
    return { link, anchor, file: target === '' ? page : path.normalize(path.join(path.dirname(page), target)) };
  });
}

test.each(ALL_PAGES)('%s', (page) => {
  const links = linksOf(page);
  const broken = links.filter(({ file, anchor }) => {
    const isThere = existsSync(path.join(PROJECT, file));
    return !isThere || (anchor !== undefined && (statSync(path.join(PROJECT, file)).isDirectory() || !anchors(pageText(file)).includes(anchor)));
  });
  expect(broken.map(({ link }) => link)).toEqual([]);
});

test('links are found at all', () => {
  expect(PAGES.flatMap(linksOf).length).toBeGreaterThan(80);
  expect(PAGES.flatMap(linksOf).filter(({ anchor }) => anchor !== undefined).length).toBeGreaterThan(40);
});

test('the README leads to every guide', () => {
  const linked = linksOf('README.md').map(({ file }) => file);
  expect(PAGES.filter((page) => page !== 'README.md' && !linked.includes(page))).toEqual([]);
});

test.each([
  ['Why not …', 'why-not-'],
  ['See it run, without an account', 'see-it-run-without-an-account'],
  ['`grantRead` and **others**', 'grantread-and-others'],
])('the anchor of %p is %p', (heading, anchor) => {
  expect(anchorOf(heading)).toBe(anchor);
});
