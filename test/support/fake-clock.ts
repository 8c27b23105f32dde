// A clock that stands still until something sleeps on it or a test moves it.
import { Clock } from '../../src/core/clock';

export class FakeClock implements Clock {
  public constructor(private instant: number) {}

  public now(): number {
    return this.instant;
  }

  public async sleepUntil(instant: number): Promise<void> {
    this.instant = Math.max(this.instant, instant);
  }

  public advance(ms: number): void {
    this.instant += ms;
  }
}
