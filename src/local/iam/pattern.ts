// Wildcards of IAM: `*` for any text, `?` for one character.

const patterns = new Map<string, RegExp>();

/** Compiled once: the patterns of a template are few, and each is asked about at every request. */
export function pattern(text: string, flags: 's' | 'si' = 's'): RegExp {
  const key = `${flags} ${text}`;
  let compiled = patterns.get(key);
  if (!compiled) {
    compiled = new RegExp(`^${text.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`, flags);
    patterns.set(key, compiled);
  }
  return compiled;
}
