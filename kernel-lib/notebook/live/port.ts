import type { Order, Report } from './messages.js';

/** What a worker is to itself. The project has no types of browsers among its globals. */
interface Port {
  postMessage(report: Report): void;
  addEventListener(type: 'message', listener: (event: { readonly data: Order }) => void): void;
}

const port = globalThis as unknown as Port;

export function report(message: Report): void {
  port.postMessage(message);
}

export function onOrder(listener: (order: Order) => void): void {
  port.addEventListener('message', ({ data }) => listener(data));
}
