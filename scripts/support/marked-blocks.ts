// Text of a page between two marks, which a script writes.

/** Replaces what is between the marks of each name that a script has in the page. Throws where it lacks one, or has one that is not known. */
export function withBlocks(page: string, script: string, blocks: Readonly<Record<string, string>>): string {
  const begin = (name: string) => `<!-- ${script}: ${name} -->`;
  const last = `<!-- /${script} -->`;
  const marked = [...page.matchAll(new RegExp(begin('([\\w-]+)'), 'g'))].map(([, name]) => name);
  const missing = Object.keys(blocks).filter((name) => !marked.includes(name));
  const unknown = marked.filter((name) => !Object.hasOwn(blocks, name));
  if (missing.length + unknown.length > 0) {
    throw new Error(`marks missing in the page: ${missing.join(', ') || 'none'}; not known: ${unknown.join(', ') || 'none'}`);
  }
  return Object.entries(blocks).reduce((text, [name, block]) => {
    const start = text.indexOf(begin(name)) + begin(name).length;
    const end = text.indexOf(last, start);
    if (end < 0) {
      throw new Error(`the mark ${begin(name)} has no end: expected ${last}`);
    }
    return `${text.slice(0, start)}\n${block}\n${text.slice(end)}`;
  }, page);
}
