/** Calls `stop` on Ctrl-C and its like, with the exit code that shells expect. Gives the function that ends this. */
export function onStopSignal(stop: (signal: string, code: number) => void): () => void {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  const signals = Object.keys(codes) as (keyof typeof codes)[];
  const listener = (signal: NodeJS.Signals) => stop(signal, codes[signal as keyof typeof codes]);
  for (const signal of signals) process.on(signal, listener);
  return () => signals.forEach((signal) => process.off(signal, listener));
}
