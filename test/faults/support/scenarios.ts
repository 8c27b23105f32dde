/**
 * Declares scenarios that do not disturb each other: all of them start together, in the order given, and each is reported as a test.
 * To be called after the hooks that they rely on.
 */
export function sideBySide(scenarios: Readonly<Record<string, () => Promise<void>>>): void {
  const runs = new Map<string, Promise<void>>();
  beforeAll(() => {
    for (const [name, run] of Object.entries(scenarios)) {
      const started = run();
      started.catch(() => undefined); // its own test tells of it
      runs.set(name, started);
    }
  });
  test.each(Object.keys(scenarios))('%s', async (name) => runs.get(name));
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
