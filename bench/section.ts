// What one part of the bench found: tables to print, and everything as data for the file of the run.
import type { Cleanup } from '../scripts/support/cleanup';

/** Answers one question: the caption asks it, and says what was measured; the text is the table, as `table()` prints it. */
export interface Table {
  readonly caption: string;
  readonly text: string;
}

export interface Section {
  /** Key in the file of the run, in kebab case. */
  readonly name: string;
  readonly title: string;
  readonly tables: readonly Table[];
  /** All that was found, for the file; has to be serialisable as JSON. */
  readonly json: unknown;
  /** `false` ends the bench with exit code 1. Never for a time: only for what must not happen at any speed, such as a lost webhook. */
  readonly ok: boolean;
}

/** What every part gets. */
export interface SectionOptions {
  readonly cleanup: Cleanup;
  /** How often each measurement is made; medians are reported. */
  readonly repeat?: number;
  /** Told what is going on, for whoever waits. */
  readonly onProgress: (text: string) => void;
  /** Told of a table of a section as soon as it is there; for those that take minutes. The others are printed once the section is complete. */
  readonly onTable: (section: string, table: Table) => void;
}
