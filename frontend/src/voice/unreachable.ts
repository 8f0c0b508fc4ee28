/** The end of a switch that handles every case: the compiler says when a new one is missing. */

export function unreachable(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
