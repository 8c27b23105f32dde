// A function that schedules webhooks, wherever the scheduler is: in this stack, in another one, or in another account.
import * as path from 'node:path';
import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Construct } from 'constructs';
import { IWebhookScheduler } from 'cdk-webhook-scheduler';

export interface InvoiceRemindersProps {
  readonly scheduler: IWebhookScheduler;
}

export class InvoiceReminders extends Construct {
  constructor(scope: Construct, id: string, props: InvoiceRemindersProps) {
    super(scope, id);
    const remind = new NodejsFunction(this, 'Remind', {
      description: 'Schedules reminders of invoices',
      entry: path.join(__dirname, 'remind.ts'),
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: 256,
      timeout: Duration.seconds(10),
      environment: { REMINDER_URL: 'https://api.example.com/invoice-reminders' },
    });
    props.scheduler.connect(remind);
  }
}
