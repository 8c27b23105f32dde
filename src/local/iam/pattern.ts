// Wildcards of IAM: `*` for any text, `?` for one character.

export function pattern(text: string, flags: 's' | 'si' = 's'): RegExp {
  return new RegExp(`^${text.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`, flags);
}
