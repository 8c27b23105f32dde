// What all parts of the oracle share.
import { Faults } from '../faults';
import { Settings } from '../settings';
import { Findings } from './invariants';
import { WebhookModel } from './model';
import { Publications } from './publications';

export class Book {
  public readonly findings = new Findings();
  public readonly publications = new Publications(this.findings);
  public readonly models = new Map<string, WebhookModel>();
  private readonly byPublicId = new Map<string, WebhookModel>();

  /** @param now true time */
  public constructor(public readonly now: () => number, public readonly settings: Settings, public readonly faults: Faults) {}

  public add(model: WebhookModel): void {
    this.models.set(model.id, model);
    this.byPublicId.set(model.publicId, model);
  }

  /** The webhook with an id as its producer knows it. */
  public named(publicId: string | undefined): WebhookModel | undefined {
    return this.byPublicId.get(publicId ?? '');
  }
}
