// Works out the few functions of metric math that the alarms and the dashboard use, for one data point of each metric.

/** Metrics by their ids; `undefined`: no data point. */
export type DataPoints = Readonly<Record<string, number | undefined>>;

/** The value of an expression; throws where it uses a metric that has no data point and is not filled, or something that is not known here. */
export function evaluate(expression: string, points: DataPoints): number {
  const script = expression
    .replace(/\bFILL\((\w+), (\d+)\)/g, '(points.$1 ?? $2)')
    .replace(/\bPERIOD\(\w+\)/g, '60')
    .replace(/\bAND\b/g, '&&')
    .replace(/(?<![.\w])([a-z]\w*)\b(?=[^.(]|$)/g, (name) => (name === 'points' ? name : `known("${name}")`))
    .replace(/\bIF\(/g, 'choose(');
  const known = (name: string) => {
    const value = points[name];
    if (value === undefined) {
      throw new Error(`${name} has no data point`);
    }
    return value;
  };
  const choose = (condition: boolean, then: number, otherwise: number) => (condition ? then : otherwise);
  return new Function('points', 'known', 'choose', `return ${script.replace(/known\("points"\)/g, 'points')};`)(points, known, choose);
}
