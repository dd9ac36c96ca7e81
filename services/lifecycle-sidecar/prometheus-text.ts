/**
 * The sum over all label sets of a metric in Prometheus' text format;
 * undefined if the page does not know the metric.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function sumOf(metric: string, text: string): number | undefined {
  const sample = /^([a-zA-Z_:][\w:]*)(?:\{(?:[^"}]|"(?:\\.|[^"\\])*")*\})?[ \t]+(\S+)/;
  let sum: number | undefined;
  for (const line of text.split('\n')) {
    // A metric with labels has no samples before its first event.
    if (line.startsWith('# ') && new RegExp(`^# (TYPE|HELP) ${metric}( |$)`).test(line)) sum ??= 0;
    const [, name, value] = sample.exec(line) ?? [];
    if (name === metric) sum = (sum ?? 0) + Number(value);
  }
  return Number.isFinite(sum) ? sum : undefined;
}
