// The documents in CloudWatch's embedded metric format that the handlers of this process print.

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
export interface EmfDocument {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly [{
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }];
  };
  readonly [member: string]: unknown;
}

/** Has metrics printed that are made from now on, and keeps the lines; has to be stopped. */
export class PrintedMetrics {
  public static start(): PrintedMetrics {
    delete process.env.POWERTOOLS_METRICS_DISABLED;
    return new PrintedMetrics();
  }

  private readonly lines: string[] = [];
  private readonly stdout = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    this.lines.push(String(text));
    return true;
  });

  /** Takes what has been printed since the last time. */
  public take(): readonly EmfDocument[] {
    return this.lines.splice(0).join('').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as EmfDocument);
  }

  /** The same, as each metric's values. */
  public takeValues(): Record<string, readonly number[]> {
    const values: Record<string, number[]> = {};
    for (const document of this.take()) {
      for (const { Name } of document._aws.CloudWatchMetrics[0].Metrics) {
        (values[Name] ??= []).push(...[document[Name] as number | number[]].flat());
      }
    }
    return values;
  }

  public stop(): void {
    this.stdout.mockRestore();
    process.env.POWERTOOLS_METRICS_DISABLED = 'true';
  }
}
