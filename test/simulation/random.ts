// The one source of chance: two linear congruential generators combined (L'Ecuyer, 1988), so that a seed replays exactly.

const [MULTIPLIER_A, MODULUS_A] = [40_014, 2_147_483_563];
const [MULTIPLIER_B, MODULUS_B] = [40_692, 2_147_483_399];

export class Random {
  private a: number;
  private b: number;

  public constructor(seed: number) {
    this.a = 1 + seed % (MODULUS_A - 1);
    this.b = 1 + (seed * 69_069 + 12_345) % (MODULUS_B - 1);
    for (let i = 0; i < 8; i++) {
      this.next(); // neighbouring seeds begin close together
    }
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  public next(): number {
    this.a = this.a * MULTIPLIER_A % MODULUS_A;
    this.b = this.b * MULTIPLIER_B % MODULUS_B;
    const difference = this.a - this.b;
    return (difference < 0 ? difference + MODULUS_A : difference) / MODULUS_A;
  }

  /** A whole number from `least` to `most`, both inclusive. */
  public int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** As {@link int}, but each order of magnitude is as likely as the next: for spans from milliseconds to days. */
  public spread(least: number, most: number): number {
    return Math.round(least * (most / least) ** this.next());
  }

  public chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  public pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)];
  }

  /** One of the values, each as likely as its weight says. */
  public weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) {
      left -= weight;
      if (left < 0) {
        return value;
      }
    }
    return choices[choices.length - 1][1];
  }

  public shuffle<T>(values: readonly T[]): T[] {
    const shuffled = [...values];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
    }
    return shuffled;
  }

  /** In the shape of a UUID. */
  public uuid(): string {
    const hex = () => Math.floor(this.next() * 2 ** 32).toString(16).padStart(8, '0');
    const text = hex() + hex() + hex() + hex();
    return [text.slice(0, 8), text.slice(8, 12), `4${text.slice(13, 16)}`, `a${text.slice(17, 20)}`, text.slice(20)].join('-');
  }
}
