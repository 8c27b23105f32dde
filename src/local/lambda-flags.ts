// How Lambda starts Node.js.

/**
 * The flags that the bootstrap script of Lambda's Node.js images starts Node.js with, by the memory of the function in MiB: a tenth is for what is
 * new, in two halves, and the rest for what has lasted.
 */
export function lambdaFlags(memoryMb: number): readonly string[] {
  const newSpace = Math.floor(memoryMb / 10);
  return ['--expose-gc', `--max-semi-space-size=${Math.floor(newSpace / 2)}`, `--max-old-space-size=${memoryMb - newSpace}`];
}
