// What became of everything that was published: webhooks accepted once, the rest told of, actions carried out or refused.
import type { Failure } from '../../../src/core/failure-notice';
import { dueOf, isSameContent, Message, Publication } from '../publication';
import { Findings } from './invariants';
import { WebhookModel } from './model';

interface Fate {
  readonly publication: Publication;
  /** The action is on the state of its webhook. */
  tookEffect: boolean;
  /** Notices that it is not valid, or was refused. */
  refusals: number;
}

/** A notice as it was published. */
export type Notice = Omit<Failure, 'message'> & { readonly message?: unknown };

export class Publications {
  private readonly fates: Fate[] = [];
  private readonly messages = new Map<string, Message>();

  public constructor(private readonly findings: Findings) {}

  public add(message: Message): void {
    this.messages.set(message.messageId, message);
    message.publications.forEach((publication) => this.fates.push({ publication, tookEffect: false, refusals: 0 }));
  }

  /** What a message holds. */
  public of(messageId: string): readonly Publication[] {
    return this.messages.get(messageId)?.publications ?? [];
  }

  /** The action that was published in a message; none comes in a list. */
  public action(messageId: string): Publication | undefined {
    return this.of(messageId).find(isAction);
  }

  /** The action that an SNS envelope holds. */
  public actionIn(body: string): Publication | undefined {
    return this.fates.find(({ publication }) => isAction(publication) && body.includes(`"MessageId":"${publication.messageId}"`))?.publication;
  }

  /** What was published first under an id as its producer knows it. */
  public known(publicId: string): Publication | undefined {
    return this.fates.find(({ publication: { id, defaultId } }) => (id ?? defaultId) === publicId)?.publication;
  }

  /** How many mean the same webhook. */
  public copiesOf({ id, fields }: Publication): number {
    return id === undefined ? 1
      : this.fates.filter(({ publication }) => publication.kind === 'webhook' && publication.id === id && isSameContent(publication.fields, fields)).length;
  }

  /** Whether a notice tells the text of a message, all of it. */
  public isMessageTold(notice: string): boolean {
    return [...this.messages.values()].some(({ text }) => notice.includes(`"message":${text}`));
  }

  /** The publication whose text a notice tells. */
  public toldBy(notice: string): Publication | undefined {
    return this.fates.find(({ publication }) => notice.includes(`"message":${publication.text}`))?.publication;
  }

  /** A webhook that was published with this key id, due at that instant. */
  public webhook(keyId: string, dueAt: number): Publication | undefined {
    return this.fates.find(({ publication: { kind, defaultId, id, fields } }) => kind === 'webhook'
      && (id === undefined ? defaultId : `.${id}`) === keyId && dueOf(fields) === dueAt)?.publication;
  }

  public tookEffect(messageId: string): void {
    const action = this.action(messageId);
    if (action) {
      this.fateOf(action).tookEffect = true;
    }
  }

  public refused(publication: Publication): void {
    this.fateOf(publication).refusals++;
  }

  /** To be called when everything is over. `modelOf` finds the webhook with an id as a producer knows it. */
  public checkEnds(modelOf: (publicId: string) => WebhookModel | undefined, isFaultless: boolean): void {
    for (const fate of this.fates) {
      const { publication: { kind, id, defaultId, fields }, refusals, tookEffect } = fate;
      const subject = id ?? defaultId;
      if (kind === 'webhook') {
        const model = modelOf(subject);
        const isAccepted = model !== undefined && isSameContent(model.accepted.fields, fields);
        this.findings.require(model !== undefined, 'everythingEnds', () => `${defaultId} was published, and nothing came of it`, subject);
        this.findings.require(isAccepted ? refusals === 0 : refusals > 0, 'acceptedOnce',
          () => `${isAccepted ? 'the accepted content' : 'other content'} of ${subject} was refused ${refusals} times`, subject);
      } else if (kind === 'invalid') {
        this.findings.require(refusals > 0, 'notices', () => `${defaultId} was not valid, and nobody was told`, subject);
      } else {
        // A copy that comes again may find what the first one did not; without faults there are no copies.
        this.findings.require(isFaultless ? tookEffect !== refusals > 0 : tookEffect || refusals > 0, 'actions',
          () => `${kind} ${defaultId} ${tookEffect ? 'took effect' : 'took no effect'} and was refused ${refusals} times`, subject);
      }
      this.findings.require(!isFaultless || refusals <= 1, 'notices', () => `${defaultId} was refused ${refusals} times, without any fault`, subject);
    }
  }

  private fateOf(publication: Publication): Fate {
    return this.fates.find((fate) => fate.publication === publication) as Fate;
  }
}

function isAction({ kind }: Publication): boolean {
  return kind !== 'webhook' && kind !== 'invalid';
}
