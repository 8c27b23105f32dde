// The message rows of one minute, made up as they are asked for, in pages as DynamoDB makes them.
import { cursorItem, Item, openingItem } from '../../src/adapters/table-schema';

export interface DueRowsOptions {
  /** Start of the minute in which all of them are due, in milliseconds since the epoch. */
  readonly from: number;
  readonly count: number;
  readonly partitions: number;
  /** Bytes of a row, for the size of a page. */
  readonly rowBytes: number;
}

export interface Query {
  readonly ExpressionAttributeValues: Readonly<Record<':pk' | ':from' | ':to', { readonly S: string }>>;
  readonly Limit?: number;
  readonly ExclusiveStartKey?: { readonly sk: { readonly S: string } };
}

export interface Page {
  readonly Items: readonly { readonly sk: { readonly S: string } }[];
  readonly LastEvaluatedKey?: { readonly pk: { readonly S: string }; readonly sk: { readonly S: string } };
}

const MINUTE_MS = 60_000;
/** A page ends here. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html */
const PAGE_BYTES = 1024 ** 2;

export class DueRows {
  public constructor(private readonly options: DueRowsOptions) {}

  /** That the partitions are there, and everything up to this minute is loaded. */
  public cursor(): Item[] {
    const { from, partitions } = this.options;
    const loadedTo = new Map(Array.from({ length: partitions }, (_, partition) => [partition, from]));
    return [openingItem(partitions, from), cursorItem({ version: 1, loadedTo })];
  }

  /** All rows, whole, for a table that keeps them. */
  public items(): Item[] {
    const { from, partitions, rowBytes } = this.options;
    return Array.from({ length: partitions }, (_, partition) => partition).flatMap((partition) => (
      Array.from({ length: this.rowsOf(partition) }, (_, number) => ({
        pk: { S: `${from / MINUTE_MS}#${partition}` }, sk: { S: this.sortKey(partition, number) }, m: { S: '.'.repeat(rowBytes - 100) },
      }))
    ));
  }

  public query({ ExpressionAttributeValues: values, Limit = Infinity, ExclusiveStartKey }: Query): Page {
    const [minute, partition] = values[':pk'].S.split('#').map(Number);
    if (minute !== Math.floor(this.options.from / MINUTE_MS)) {
      return { Items: [] };
    }
    const rowsLeft = this.rowsOf(partition) - this.numberAfter(ExclusiveStartKey?.sk.S);
    const size = Math.min(Limit, Math.ceil(PAGE_BYTES / this.options.rowBytes), rowsLeft);
    const first = this.rowsOf(partition) - rowsLeft;
    const keys = Array.from({ length: size }, (_, i) => this.sortKey(partition, first + i));
    const isLast = size === rowsLeft;
    return {
      Items: keys.filter((key) => key >= values[':from'].S && key < values[':to'].S).map((key) => ({ sk: { S: key } })),
      ...(isLast ? {} : { LastEvaluatedKey: { pk: values[':pk'], sk: { S: keys[size - 1] } } }),
    };
  }

  private rowsOf(partition: number): number {
    const { count, partitions } = this.options;
    return Math.floor(count / partitions) + (partition < count % partitions ? 1 : 0);
  }

  /** The number of a row is the end of its id. */
  private numberAfter(sortKey: string | undefined): number {
    return sortKey === undefined ? 0 : Number(sortKey.slice(-8)) + 1;
  }

  private sortKey(partition: number, number: number): string {
    const due = this.options.from + Math.floor(number * MINUTE_MS / this.rowsOf(partition));
    return `${due}#00000000-0000-4000-8000-${String(partition).padStart(4, '0')}${String(number).padStart(8, '0')}`;
  }
}
