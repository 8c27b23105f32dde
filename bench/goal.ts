// What a work is to achieve, and whether it does.
import type { Figures, Percentiles } from './measure';
import type { SenderName } from './work';

export interface Goal {
  /** Whose figures. */
  readonly sender: SenderName;
  readonly figure: 'lateMs' | 'answeredMs';
  readonly percentile: keyof Percentiles;
  readonly atMost: number;
  /** What {@link atMost} counts: milliseconds, or times the same figure of the bare HTTP client, or of what is measured beside it. */
  readonly of: 'ms' | 'floor' | 'beside';
}

export interface Verdict {
  /** In words. */
  readonly goal: string;
  /** What was measured, in the unit of the goal; absent where something is missing to say so. */
  readonly value?: number;
  readonly met?: boolean;
}

/** What was measured of a work, by sender, and of what it is compared with. */
export type Measured = Readonly<Partial<Record<SenderName | `${SenderName} beside`, Figures>>>;

export function verdictOn(goal: Goal, measured: Measured): Verdict {
  const { sender, figure, percentile, atMost, of } = goal;
  const late = measured[sender]?.[figure]?.[percentile];
  const base = of === 'ms' ? 1 : measured[of === 'beside' ? `${sender} beside` as const : of]?.[figure]?.[percentile];
  const value = late === undefined || base === undefined ? undefined : ratio(late, base);
  return { goal: textOf(goal), ...(value === undefined ? {} : { value, met: value <= atMost }) };
}

/** How many times `base` a figure is, to the hundredth. A base below a millisecond, the unit of all figures, counts as one. */
export function ratio(figure: number, base: number): number {
  return Math.round(figure / Math.max(base, 1) * 100) / 100;
}

const UNITS: Readonly<Record<Goal['of'], string>> = { ms: 'ms', floor: '× the bare HTTP client', beside: '× what is beside it' };

function textOf({ sender, figure, percentile, atMost, of }: Goal): string {
  const whose = sender === 'deliver' ? ' of the deliver path' : '';
  return `${figure === 'answeredMs' ? 'answered, ' : ''}${percentile}${whose} ≤ ${atMost} ${UNITS[of]}`;
}
