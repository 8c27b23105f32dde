// A log that keeps its lines.
import { Log, LogFields } from '../../src/core/ports';

export class RecordingLog implements Log {
  public readonly lines: { level: 'info' | 'warn' | 'error'; message: string; fields: LogFields }[] = [];

  public info(message: string, fields: LogFields): void {
    this.lines.push({ level: 'info', message, fields });
  }

  public warn(message: string, fields: LogFields): void {
    this.lines.push({ level: 'warn', message, fields });
  }

  public error(message: string, fields: LogFields): void {
    this.lines.push({ level: 'error', message, fields });
  }
}
