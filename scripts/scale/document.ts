// Text of a page between two marks, which a script writes.

const begin = (name: string) => `<!-- scale: ${name} -->`;
const END = '<!-- /scale -->';

/** Replaces what is between the marks of each name. Throws where the page lacks one, or has one that is not known. */
export function withBlocks(page: string, blocks: Readonly<Record<string, string>>): string {
  const marked = [...page.matchAll(/<!-- scale: ([\w-]+) -->/g)].map(([, name]) => name);
  const missing = Object.keys(blocks).filter((name) => !marked.includes(name));
  const unknown = marked.filter((name) => !Object.hasOwn(blocks, name));
  if (missing.length + unknown.length > 0) {
    throw new Error(`marks missing in the page: ${missing.join(', ') || 'none'}; not known: ${unknown.join(', ') || 'none'}`);
  }
  return Object.entries(blocks).reduce((text, [name, block]) => {
    const start = text.indexOf(begin(name)) + begin(name).length;
    const end = text.indexOf(END, start);
    if (end < 0) {
      throw new Error(`the mark ${begin(name)} has no end: expected ${END}`);
    }
    return `${text.slice(0, start)}\n${block}\n${text.slice(end)}`;
  }, page);
}
