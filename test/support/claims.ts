// How claims travel to the table.

/** Those that have a request each, and those of first turns that are made together. */
export const CLAIM_OPERATIONS: readonly string[] = ['UpdateItem', 'BatchExecuteStatement'];

/** Whether a command of the SDK makes a claim on this webhook, if perhaps on others too. */
export function isClaimOn(id: string, command: string, input: object): boolean {
  const text = JSON.stringify(input);
  return CLAIM_OPERATIONS.includes(command.replace(/Command$/, '')) && text.includes(id) && text.includes('claimant');
}
