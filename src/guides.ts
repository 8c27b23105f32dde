// Where the guides are: alarms and the dashboard, which people see far from the sources, link to them.

const GUIDES = 'https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler/blob/main/docs';

/** The address of a guide, or of a section in it. */
export function guide(page: 'delivery' | 'failures' | 'monitoring' | 'operations' | 'outcomes' | 'scale', section?: string): string {
  return `${GUIDES}/${page}.md${section ? `#${section}` : ''}`;
}
