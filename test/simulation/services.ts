// The services as a worker's SDK clients see them: commands that take time, fail, are repeated, or take effect without an answer.
import { EventLoop } from './event-loop';
import { Fate, Faults, ServiceName } from './faults';
import { Random } from './random';
import { PERMISSIONS, TABLE_NAME } from './settings';
import { short, Trace } from './trace';
import { timeoutOfSignal } from './virtual-timeout';
import { Worker } from './worker';
import { BatchStatement, readInsert } from '../../src/local/partiql';

/** A service, or a part of one. */
export interface Resource {
  /** Carries out a command; throws what the SDK throws. */
  execute(command: string, input: object, by: Worker): object;
}

export interface CallObserver {
  /** A function does what its role does not allow, or what the service refuses as invalid whenever it is asked. */
  misused(worker: Worker, what: string): void;
  /** A function goes on after it has answered, when its worker may be frozen. */
  outlived(worker: Worker, command: string): void;
  /** A call of a disturbed worker ended in an error, or it is not known how. */
  unanswered(worker: Worker, command: string, input: object): void;
}

interface Command {
  readonly input: object;
}

interface SendOptions {
  readonly abortSignal?: AbortSignal;
}

/** What the SDK's clients have in common. */
export interface SimClient {
  send(command: Command, options?: SendOptions): Promise<object>;
}

/** What becomes of a call, in milliseconds from its start: when it takes effect, and when an answer or an error comes. */
interface Course {
  readonly effects: readonly number[];
  readonly answer: number;
  readonly isAnswered: boolean;
}

/** Errors that a service answers with each time it is asked the same. */
const INVALID = ['ValidationException', 'InvalidParameterValue', 'ResourceNotFoundException'];
/** The same of single statements. */
const INVALID_STATEMENT = ['ValidationError', 'ResourceNotFound'];
const CONDITION_FAILED = 'ConditionalCheckFailedException';

/** What is asked for and does not exist. */
const NOTHING: Resource = {
  execute: () => {
    throw Object.assign(new Error('there is no such resource'), { name: 'ResourceNotFoundException' });
  },
};

export class SimServices {
  private readonly resources = new Map<string, Resource>();

  public constructor(
    private readonly loop: EventLoop,
    private readonly random: Random,
    private readonly faults: Faults,
    private readonly trace: Trace,
    private readonly observer: CallObserver,
    /** Has a worker die. */
    private readonly crash: (worker: Worker) => void,
  ) {}

  /** @param name the table's name, a queue's URL or a topic's ARN */
  public add(name: string, resource: Resource): void {
    this.resources.set(name, resource);
  }

  public client(service: ServiceName, worker: Worker): SimClient {
    return { send: (command, options) => this.call(service, worker, command, options) };
  }

  private call(service: ServiceName, worker: Worker, command: Command, { abortSignal }: SendOptions = {}): Promise<object> {
    if (!worker.isAlive) {
      return never();
    }
    const name = command.constructor.name;
    const target = targetOf(command.input);
    if (worker.invocation?.ended) {
      this.observer.outlived(worker, name);
    }
    if (!isAllowed(worker, name, target)) {
      this.observer.misused(worker, `${name} on ${target}`);
    }
    if (this.faults.happens('crash', worker)) {
      if (this.random.chance(0.4)) {
        this.trace.add(worker.name, () => `dies before ${name}`);
        this.crash(worker);
        return never();
      }
      this.loop.after(this.random.int(0, 15), () => this.crash(worker));
    }
    const fate = this.faults.fateOf(service, this.loop.now, worker);
    this.trace.add(worker.name, () => `${name}${fate === 'done' ? '' : ` (${fate})`} ${short(command.input)}`);
    return this.carryOut(worker, name, target, command.input, this.courseOf(fate), abortSignal && timeoutOfSignal(abortSignal));
  }

  private carryOut(worker: Worker, name: string, target: string, input: object, course: Course, timeoutMs = Infinity): Promise<object> {
    return new Promise((resolve, reject) => {
      let answer: () => void = () => undefined;
      course.effects.forEach((ms) => this.loop.after(ms, () => {
        // What a worker sent in the moment it died may or may not have reached its service.
        if (worker.isAlive || this.random.chance(0.5)) {
          answer = this.effect(worker, name, target, input, resolve, reject);
        }
      }));
      const isAnswered = course.isAnswered && course.answer <= timeoutMs;
      this.loop.after(Math.min(course.answer, timeoutMs), () => worker.goOn(() => {
        if (isAnswered) {
          answer();
        } else {
          this.trace.add(worker.name, () => `${name} unanswered`);
          this.observer.unanswered(worker, name, input);
          reject(Object.assign(new Error('gone wrong on purpose'), { name: course.isAnswered ? 'AbortError' : 'ServiceUnavailable' }));
        }
      }));
    });
  }

  /** Has a command take effect; returns what tells the worker of it. */
  private effect(
    worker: Worker, name: string, target: string, input: object, resolve: (output: object) => void, reject: (error: Error) => void,
  ): () => void {
    try {
      const output = (this.resources.get(target) ?? NOTHING).execute(name, input, worker);
      this.trace.add(worker.name, () => `${name} done ${short(output)}`);
      for (const { Code, Message } of statementErrors(output).filter((error) => INVALID_STATEMENT.includes(error.Code))) {
        this.observer.misused(worker, `${name} on ${target}: ${Code}: ${Message}`);
      }
      return () => resolve(output);
    } catch (error) {
      const { name: kind, message } = error as Error;
      this.trace.add(worker.name, () => `${name} refused: ${kind}: ${message}`);
      if (INVALID.includes(kind)) {
        this.observer.misused(worker, `${name} on ${target}: ${message}`);
      } else if (kind !== CONDITION_FAILED) {
        throw error; // no service says that: something is wrong with the simulation
      }
      return () => reject(error as Error);
    }
  }

  private courseOf(fate: Fate): Course {
    const { random } = this;
    const effect = random.int(1, 5);
    const answer = effect + random.int(1, 5);
    // The SDK tries eight times, which takes from a moment to half a minute.
    const givenUp = random.weighted([[3, random.int(5, 3_000)], [1, random.int(3_000, 40_000)]]);
    switch (fate) {
      case 'done':
        return { effects: [effect], answer, isAnswered: true };
      case 'slow': {
        const slow = random.spread(50, 34_000);
        return { effects: [random.int(1, slow)], answer: slow + 1, isAnswered: true };
      }
      case 'repeated': {
        const again = random.spread(50, 8_000);
        return { effects: [effect, again], answer: again + effect, isAnswered: true };
      }
      case 'refused':
        return { effects: [], answer: givenUp, isAnswered: false };
      case 'answerLost':
        return { effects: [random.int(1, givenUp)], answer: givenUp + 1, isAnswered: false };
      case 'lateEffect':
        return { effects: [givenUp + random.spread(1, 10_000)], answer: givenUp, isAnswered: false };
    }
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** What a command is carried out on. Of a batch of statements, it is the table of the first, which is that of all. */
export function targetOf(input: object): string {
  const { TableName, RequestItems, Statements: [first] = [], QueueUrl, TopicArn } = input as {
    TableName?: string; RequestItems?: object; Statements?: readonly BatchStatement<unknown>[]; QueueUrl?: string; TopicArn?: string;
  };
  const insert = first && readInsert(first);
  const statementTable = insert && ('invalid' in insert ? TABLE_NAME : insert.tableName);
  return String(TableName ?? statementTable ?? (RequestItems ? Object.keys(RequestItems)[0] ?? TABLE_NAME : QueueUrl ?? TopicArn));
}

function statementErrors(output: object): readonly { readonly Code: string; readonly Message: string }[] {
  const { Responses } = output as { Responses?: readonly { readonly Error?: { readonly Code: string; readonly Message: string } }[] };
  return Array.isArray(Responses) ? Responses.flatMap(({ Error: error }) => error ?? []) : [];
}

/** Batches are allowed along with what they are batches of, except for BatchGetItem. */
function isAllowed({ functionName }: Worker, command: string, target: string): boolean {
  // Inserts are the only statements that are made: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
  const action = command === 'BatchExecuteStatementCommand' ? 'PartiQLInsert' : command.replace(/Command$/, '');
  const allowed = PERMISSIONS[functionName][target] ?? [];
  return allowed.includes(action) || (action.endsWith('Batch') && allowed.includes(action.replace(/Batch$/, '')));
}
