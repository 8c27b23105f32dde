// Forms for issues on GitHub: what we have to know of a bug, and of a wish.
import { Project, YamlFile } from 'projen';

const SECURITY_POLICY = 'https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler/security/policy';
const DOCUMENTATION = 'https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler/tree/main/docs';

interface Question {
  readonly id: string;
  readonly label: string;
  /** Shown below the label. */
  readonly description: string;
  readonly required?: boolean;
  /** How the answer is shown; for code and logs. @default - as Markdown */
  readonly render?: string;
}

const BUG: readonly Question[] = [
  { id: 'what', label: 'What happened', description: 'And what you had expected instead.', required: true },
  {
    id: 'code',
    label: 'The scheduler and the message',
    description: 'The props of the construct and the message as it was published, as short as they can be. Leave out what is secret.',
    render: 'ts',
    required: true,
  },
  {
    id: 'notice',
    label: 'The failure notice, or the log lines',
    description: 'What the failure topic said (docs/failures.md), or what the functions logged of the webhook\'s id (docs/monitoring.md). Leave out what is secret.',
    render: 'json',
  },
  {
    id: 'local',
    label: 'Does it happen on your machine, too?',
    description: '`npm run local` in a clone runs a scheduler without an account; `--assembly` runs that of your app.',
  },
  { id: 'versions', label: 'Versions', description: 'Of cdk-webhook-scheduler, aws-cdk-lib, and the language of your app.', required: true },
];

const WISH: readonly Question[] = [
  { id: 'task', label: 'What you want to do', description: 'The task, before any solution to it.', required: true },
  { id: 'today', label: 'How you do it today', description: 'And what is wrong with that.' },
  { id: 'solution', label: 'How it might look', description: 'A prop, a field of the message, a method; as you would write it.' },
];

/** Adds the forms, and the links beside them. */
export function issueTemplates(project: Project): void {
  const form = (file: string, name: string, description: string, label: string, questions: readonly Question[]): void => {
    new YamlFile(project, `.github/ISSUE_TEMPLATE/${file}.yml`, {
      obj: {
        name,
        description,
        labels: [label],
        body: questions.map(({ id, label: title, description: hint, render, required = false }) => ({
          type: 'textarea',
          id,
          attributes: { label: title, description: hint, ...(render ? { render } : {}) },
          validations: { required },
        })),
      },
    });
  };
  form('bug', 'Bug', 'Something does not do what it says', 'bug', BUG);
  form('feature', 'Feature', 'Something is missing', 'enhancement', WISH);
  new YamlFile(project, '.github/ISSUE_TEMPLATE/config.yml', {
    obj: {
      blank_issues_enabled: false,
      contact_links: [
        { name: 'Vulnerability', url: SECURITY_POLICY, about: 'Please tell us in private.' },
        { name: 'Question', url: DOCUMENTATION, about: 'The guides may have the answer: delivery, failures, security, operations, scale, cost.' },
      ],
    },
  });
}
