import { InputError } from '../../base/error.js';
import { onOrder, report } from './port.js';

interface Waiting {
  readonly resolve: (content: string) => void;
  readonly reject: (err: Error) => void;
}

const loaded = new Map<string, Promise<string>>();
const waiting = new Map<string, Waiting>();

onOrder((order) => {
  if (order.type !== 'loaded') return;
  const { name, content, problem } = order;
  if (content === undefined) waiting.get(name)?.reject(new InputError(`${name}: ${problem}`));
  else waiting.get(name)?.resolve(content);
});

/**
 * Asks the page for one of its data scripts, once: a worker made of text can load nothing itself.
 *
 * @throws InputError when the page cannot load it
 */
export function load(name: string): Promise<string> {
  const known = loaded.get(name);
  if (known) return known;
  const content = new Promise<string>((resolve, reject) => waiting.set(name, { resolve, reject }));
  loaded.set(name, content);
  report({ type: 'load', name });
  return content;
}
