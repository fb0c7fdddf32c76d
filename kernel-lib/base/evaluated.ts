/**
 * What a JavaScript expression gives, evaluated once. For functions that are made from data: each becomes a function of
 * its own with constants inside, where closures of one literal would share what the compiler learns, and learn nothing.
 *
 * @param text an expression that the library has put together itself, never anything that came from outside
 * @param given the names that it may use
 */
export function evaluated<T>(text: string, given: Readonly<Record<string, unknown>> = {}): T {
  return new Function(...Object.keys(given), `return ${text};`)(...Object.values(given)) as T;
}
