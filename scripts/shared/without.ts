/** The same without this field: not even undefined, for two objects are compared by the fields they have. */
export function without<T extends object, K extends keyof T>(object: T, field: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== field)) as Omit<T, K>;
}
