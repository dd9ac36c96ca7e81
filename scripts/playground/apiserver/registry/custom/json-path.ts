import { isObject } from '../../../storage/json.ts';

type Step = { field: string } | { index: number } | { every: true } | { where: string[]; equals: unknown };

const TOKEN =
  /\.([\w$/-]+)|\['([^']+)'\]|\.?\[(\*)\]|\[(-?\d+)\]|\[\?\(@\.([\w.]+)\s*==\s*(?:'([^']*)'|"([^"]*)"|(\w+))\)\]/gy;

/**
 * What printer columns and subresources point with: `.spec.replicas`,
 * `.status.conditions[?(@.type=="Ready")].status`.
 */
export function jsonPath(path: string): (object: unknown) => unknown[] {
  const steps: Step[] = [];
  const text = path.replace(/^\{|\}$/g, '').replace(/^\$/, '');
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [, field, quoted, star, index, where, single, double, bare] = match;
    if (field !== undefined || quoted !== undefined) steps.push({ field: field ?? quoted ?? '' });
    else if (star !== undefined) steps.push({ every: true });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else steps.push({ where: (where ?? '').split('.'), equals: single ?? double ?? bareValue(bare) });
  }
  return (object) =>
    steps.reduce<unknown[]>((values, step) => values.flatMap((one) => follow(one, step)), [object]);
}

const bareValue = (text: string | undefined): unknown =>
  text === 'true' ? true : text === 'false' ? false : Number(text);

const at = (value: unknown, path: string[]): unknown =>
  path.reduce<unknown>((inner, field) => (isObject(inner) ? inner[field] : undefined), value);

function follow(value: unknown, step: Step): unknown[] {
  if ('field' in step) {
    const inner = isObject(value) ? value[step.field] : undefined;
    return inner === undefined ? [] : [inner];
  }
  const list: unknown[] = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
  if ('every' in step) return list;
  if ('index' in step) return list.slice(step.index, step.index === -1 ? undefined : step.index + 1);
  return list.filter((one) => at(one, step.where) === step.equals);
}
